"""Which part of a record is which field of the activity, as an input's configuration says it (MDCA's custom log parser).

    mapping:
      user: actor.email                                                   # a path
      timestamp: {path: when, format: "%d/%m/%Y %H:%M:%S", zone: Europe/Oslo}
      result: {path: code, map: {"0": success, "1": failure}, otherwise: unknown}
    patterns:
      - {path: message, regex: 'user (?P<user>\\S+) logged on from (?P<ip_address>\\S+)'}
    constants: {app: Our own app}

A constant fills a field that neither the mapping nor a pattern fills, and a pattern one that the mapping does not.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import re2
from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from casbd import plugins
from casbd.documents import nearest
from casbd.formats._mapping_values import READERS
from casbd.model.activity import FIELDS
from casbd.records import record_path, regular_expressions

OURS = frozenset({"raw", "source", "input", "input_file", "input_offset", "matched_policies", "objects"})
"""Fields that casbd fills in itself."""
MOST_INSTRUCTIONS = 5_000
"""Of all patterns of a mapping, as RE2 compiles them: each record is compared with all of them, and nobody sets a pattern aside."""


def _a_field(name: str) -> str:
    if name not in FIELDS or name in OURS:
        raise ValueError(f"`{name}` is no field that can be mapped; {nearest(name, FIELDS.keys() - OURS)}")
    return name


def _a_path(text: str) -> str:
    try:
        record_path.parse_path(text)
    except ValueError:
        raise ValueError(
            f"`{text}` is no path; write keys with dots between them, as in actor.email or items[0].id, "
            "and a key with dots or brackets of its own in quotation marks"
        ) from None
    return text


def _a_zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"`{text}` is no time zone; write one as Europe/Oslo, America/New_York or UTC") from None
    return text


def _a_time_format(text: str) -> str:
    moment = datetime(2026, 1, 31, 23, 59, 58, tzinfo=UTC)
    try:
        read = datetime.strptime(moment.strftime(text), text)  # noqa: DTZ007  the zone is an option of its own
    except (ValueError, re.error) as error:  # strptime makes an expression of it, where nothing may be there twice
        raise ValueError(f"`{text}` is no time format ({error}); write it as %d/%m/%Y %H:%M:%S") from None
    if (read.year, read.month, read.day) != (2026, 1, 31):
        raise ValueError(f"`{text}` has no year, month and day; write it as %d/%m/%Y %H:%M:%S")
    return text


def _a_regex(text: str) -> str:
    try:
        expression = compiled(text)
    except re2.error as error:
        raise ValueError(f"RE2 refuses this regular expression: {error} (https://github.com/google/re2/wiki/Syntax)") from None
    if refusal := regular_expressions.why_not(expression):
        raise ValueError(f"{refusal}; {regular_expressions.REPEAT_LESS}")
    groups = expression.groupindex
    if not groups:
        raise ValueError("it has no named group; write (?P<user>\\S+) for the part that is the user")
    for name in groups:
        _a_field(name)
    return text


def compiled(text: str) -> Any:
    """A regular expression of RE2. re2.error where it refuses it; the mistake is reported to whoever wrote it, and not logged as well."""
    return regular_expressions.compiled(text, any_case=False)


FieldName = Annotated[str, AfterValidator(_a_field)]

Path = Annotated[str, AfterValidator(_a_path)]


class Part(plugins.Options):
    """path: where the value is. map: what its texts mean, without regard to case; otherwise: what any other means.

    format: how a time is written (strptime's codes). zone: whose time it is where it names no zone; left out: UTC.
    """

    path: Path
    map: dict[str, str] | None = None
    otherwise: str | None = None
    format: Annotated[str, AfterValidator(_a_time_format)] | None = None
    zone: Annotated[str, AfterValidator(_a_zone)] | None = None


def _part(part: Any) -> Any:
    """A path alone is a part that has nothing more to say."""
    return {"path": part} if isinstance(part, str) else part


class Pattern(plugins.Options):
    """A regular expression over the text at a path; its named groups are fields."""

    path: Path
    regex: Annotated[str, AfterValidator(_a_regex)]


class MappingOptions(plugins.Options):
    """Which part of a record is which field of the activity. `casbd inputs try FILE` suggests a mapping."""

    mapping: dict[FieldName, Annotated[Part, BeforeValidator(_part)]]
    """By field: the path in the record (csv: the column), or more about it. Of a time `format` is as of strptime (left out: most forms)
    and `zone` whose it is where it does not tell (left out: UTC); `map` says what texts mean, `otherwise` what any other means."""
    patterns: tuple[Pattern, ...] = ()
    """For what the mapping leaves: groups of a regular expression are fields."""
    constants: dict[FieldName, str | bool | int] = Field(default_factory=dict)
    """For what both leave."""

    @model_validator(mode="after")
    def _makes_sense(self) -> MappingOptions:
        for name, part in self.mapping.items():
            _check_part(name, part)
        for name, value in self.constants.items():
            _allowed(name, as_text(value))
        patterns = [compiled(pattern.regex) for pattern in self.patterns]
        if sum(map(regular_expressions.size, patterns)) > MOST_INSTRUCTIONS:
            problem = f"`patterns` make more than {MOST_INSTRUCTIONS:,} of RE2's instructions in all"
            raise ValueError(f"{problem}; {regular_expressions.REPEAT_LESS}")
        groups = {group for pattern in patterns for group in pattern.groupindex}
        if "timestamp" not in self.mapping.keys() | groups:
            raise ValueError("`timestamp` must be mapped")
        return self

    def words(self) -> plugins.Words:
        """What fields may hold: a constant's value, those of a `map`; what a path or a pattern leads to is anything."""
        words: dict[str, Collection[str] | None] = {name: (as_text(value),) for name, value in self.constants.items()}
        for name, part in self.mapping.items():
            meanings = [*(part.map or {}).values(), part.otherwise]
            words[name] = None if part.map is None else (*(value for value in meanings if value is not None), *(words.get(name) or ()))
        return words | {group: None for pattern in self.patterns for group in compiled(pattern.regex).groupindex}


def _check_part(name: str, part: Part) -> None:
    if name != "timestamp" and (part.format or part.zone):
        raise ValueError(f"`format` and `zone` are for `timestamp`, not for `{name}`")
    if part.otherwise is not None and part.map is None:
        raise ValueError(f"`{name}`: `otherwise` needs a `map`")
    for value in [*(part.map or {}).values(), part.otherwise]:
        if value is not None:
            _allowed(name, value)


def _allowed(name: str, text: str) -> None:
    """A value that is written in the configuration must be one that the field can have."""
    field = FIELDS[name]
    if READERS[field.kind](name, [text]) is None:
        choices = ("true", "false") if field.kind == "flag" else field.values
        hint = nearest(text, choices) if choices else f"it takes a {field.kind}"
        raise ValueError(f"`{text}` is no value of `{name}`; {hint}")


def as_text(value: str | bool | int) -> str:
    """A constant as a record would have it, in JSON."""
    return value if isinstance(value, str) else "true" if value is True else "false" if value is False else str(value)
