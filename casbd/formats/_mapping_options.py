"""Which part of a record is which field of the activity, as an input's configuration says it (MDCA's custom log parser).

    mapping:
      user: [actor.email, actor.login]                                    # paths, of which the first that leads to something counts
      timestamp: {path: when, format: "%d/%m/%Y %H:%M:%S", zone: Europe/Oslo}
      result: {path: code, map: {"0": success, "1": failure}, otherwise: unknown}
    patterns:
      - {path: message, regex: 'user (?P<user>\\S+) logged on from (?P<ip_address>\\S+)'}
    constants: {app: Our own app}
    activities: {Log on: [login, sso_*], Delete file: [{operation: delete, when: {target.type: file}}]}
    objects: [{each: targets, id: id, name: [name, email], type: type}]

A constant fills a field that neither the mapping nor a pattern fills, and a pattern one that the mapping does not. What a value may
be is in `_mapping_parts.py`. A file of a service (`services/*.yaml`) says all this of one vendor's records, in the same words.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import chain
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from casbd import plugins
from casbd.documents import nearest
from casbd.formats._mapping_parts import (
    AROUND,
    Part,
    Path,
    Text,
    Texts,
    Value,
    When,
    a_regex,
    as_text,
    compiled,
    expressions,
    paths,
    words_of,
)
from casbd.formats._mapping_values import READERS
from casbd.model.activity import FIELDS
from casbd.records import record_path, regular_expressions

OURS = frozenset({"raw", "source", "input", "input_file", "input_offset", "matched_policies", "objects"})
"""Fields that casbd fills in itself."""
MOST_INSTRUCTIONS = 5_000
"""Of all expressions of a mapping, as RE2 compiles them: each record is compared with all of them, and nobody sets one aside."""


def _a_field(name: str) -> str:
    if name not in FIELDS or name in OURS:
        raise ValueError(f"`{name}` is no field that can be mapped; {nearest(name, FIELDS.keys() - OURS)}")
    return name


def _of_fields(text: str) -> str:
    groups = compiled(a_regex(text)).groupindex
    if not groups:
        raise ValueError("it has no named group; write (?P<user>\\S+) for the part that is the user")
    for name in groups:
        _a_field(name)
    return text


def _of_keys(text: str) -> str:
    if text.startswith(AROUND) or not all(isinstance(step, str) for step in record_path.parse_path(text)):
        raise ValueError(f"`{text}` is no way to a list; write the keys that lead to it with dots between them")
    return text


def _one_or_more(value: Any) -> Any:
    return [value] if isinstance(value, str | dict) else value


FieldName = Annotated[str, AfterValidator(_a_field)]


class Pattern(plugins.Options):
    """A regular expression over the text at a path; its named groups are fields."""

    path: Path
    regex: Annotated[str, AfterValidator(_of_fields)]


class Object(plugins.Options):
    """Something that was acted on. each: a list, every element of which is one; else there is one. when: its condition.

    In an element paths begin there, and with `^.` in the record; of a list of texts each is the element's `value`.
    """

    each: Path | None = None
    when: When = Field(default_factory=dict)
    id: Value | None = None
    name: Value | None = None
    type: Value | None = None
    role: Value = (Part(value="target"),)

    @model_validator(mode="after")
    def _has_a_name(self) -> Object:
        if self.id is None and self.name is None:
            raise ValueError("an object has an `id` or a `name`")
        return self


class Operation(plugins.Options):
    """Operations, with `*` for any characters, that are of a type where a condition holds."""

    operation: Texts
    when: When = Field(default_factory=dict)


def _operation(value: Any) -> Any:
    return value if isinstance(value, dict) else {"operation": value}


Operations = Annotated[tuple[Annotated[Operation, BeforeValidator(_operation)], ...], BeforeValidator(_one_or_more)]


class MappingOptions(plugins.Options):
    """Which part of a record is which field of the activity. `casbd inputs try FILE` suggests a mapping."""

    mapping: dict[FieldName, Value]
    """By field: the path in the record (csv: the column), or more about it; of a list the first that leads to a value. `value` is a
    constant, `join` puts parts together, `with` this between them; `when` is its condition, `regex` takes a part of the text, `case`
    (lower, upper) its letters. `map` says what texts mean (`*` for any characters), `otherwise` what any other means. Of a time `format`
    is as of strptime (left out: most forms) and `zone` whose it is where it does not tell (left out: UTC)."""
    patterns: tuple[Pattern, ...] = ()
    """For what the mapping leaves: groups of a regular expression are fields."""
    constants: dict[FieldName, str | bool | int] = Field(default_factory=dict)
    """For what both leave."""
    each: Annotated[tuple[Annotated[Path, AfterValidator(_of_keys)], ...], BeforeValidator(_one_or_more)] = ()
    """A list of events within the record, of which each is an activity; of several ways to one the first that leads to it. Paths begin in
    the element, and with `^.` in the record around it. A record without it is one activity. The raw record of an activity is its element,
    or, where a path has `^.`, the whole with this element alone."""
    objects: tuple[Object, ...] = ()
    """What was acted on, each with `id`, `name`, `type`, `role` as of the mapping; `each` is a list in the record, every element of
    which is one, `when` a condition."""
    activities: dict[str, Operations] = Field(default_factory=dict)
    """Which operations (`action_type`) are of which type, where the mapping does not say it; one that depends on more has a condition. A
    log on whose result is a failure is a failed one."""
    admin: tuple[Text, ...] = ()
    """Operations, or how they begin, that are administrative; with `*`, which is any characters, as a whole."""
    not_admin: tuple[Text, ...] = ()
    """Those of them that are not."""

    @model_validator(mode="after")
    def _makes_sense(self) -> MappingOptions:
        for name, value in self.mapping.items():
            for part in value:
                _check_part(name, part)
        for name, constant in self.constants.items():
            _allowed(name, as_text(constant))
        if sum(regular_expressions.size(compiled(text)) for text in self._expressions()) > MOST_INSTRUCTIONS:
            problem = f"regular expressions make more than {MOST_INSTRUCTIONS:,} of RE2's instructions in all"
            raise ValueError(f"{problem}; {regular_expressions.REPEAT_LESS}")
        groups = {group for pattern in self.patterns for group in compiled(pattern.regex).groupindex}
        if "timestamp" not in self.mapping.keys() | groups:
            raise ValueError("`timestamp` must be mapped")
        return self

    def _expressions(self) -> Iterator[str]:
        yield from (pattern.regex for pattern in self.patterns)
        for value in self._values():
            yield from expressions(value)

    def _values(self) -> Iterator[tuple[Part, ...]]:
        yield from self.mapping.values()
        yield from (value for one in self.objects for value in (one.id, one.name, one.type, one.role) if value is not None)

    def reaches_around(self) -> bool:
        """Whether a path leads from an event of `each` into the record around it."""
        found = [path for value in self._values() for path in paths(value)]
        found += [pattern.path for pattern in self.patterns] + [one.each for one in self.objects if one.each is not None]
        conditions = [*(one.when for one in self.objects), *(one.when for one in chain.from_iterable(self.activities.values()))]
        found += chain.from_iterable(conditions)
        return any(path.startswith(AROUND) for path in found)

    def words(self) -> plugins.Words:
        """What fields may hold: a constant's value, those of a `map`; what a path or a pattern leads to is anything."""
        words: dict[str, Collection[str] | None] = {name: (as_text(value),) for name, value in self.constants.items()}
        if self.activities:
            words["activity_type"] = (*self.activities, "Failed log on", *(words.get("activity_type") or ()))
        for name, value in self.mapping.items():
            own = words_of(value)
            words[name] = None if own is None else (*own, *(words.get(name) or ()))
        return words | {group: None for pattern in self.patterns for group in compiled(pattern.regex).groupindex}


def _check_part(name: str, part: Part) -> None:
    if name != "timestamp" and (part.format or part.zone):
        raise ValueError(f"`format` and `zone` are for `timestamp`, not for `{name}`")
    for value in part.words() or ():
        _allowed(name, value)


def _allowed(name: str, text: str) -> None:
    """A value that is written in the configuration must be one that the field can have."""
    field = FIELDS[name]
    if READERS[field.kind](name, [text]) is None:
        choices = ("true", "false") if field.kind == "flag" else field.values
        hint = nearest(text, choices) if choices else f"it takes a {field.kind}"
        raise ValueError(f"`{text}` is no value of `{name}`; {hint}")
