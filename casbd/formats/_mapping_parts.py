"""The parts of a mapping: where a value stands in a record, under which condition, and how it is read (`_mapping_options.py`).

    user: [actor.email, {path: actor.login, when: {actor.type: user}}, {value: system}]    # the first that leads to a value
    timestamp: {join: [Date, Time], with: " ", format: "%d/%m/%Y %H:%M:%S", zone: Europe/Oslo}
    result: {path: code, map: {"2*": success, "4*": failure}, otherwise: unknown}
    ip_address: {path: message, regex: 'from (\\S+)$'}

A condition is of paths, all of which must hold: `{actor.type: user}`, `{code: ["401", "403"]}`, `{name: delete*}`, `{id: {isset: true}}`,
`{status: {neq: ok}}`. Texts compare as a whole, without regard to case; numbers, true and false by their JSON text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import re2
from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, TypeAdapter, model_validator

from casbd import plugins
from casbd.records import record_path, regular_expressions

AROUND = "^."
"""Before a path: it begins in the whole record, where others begin in the element of `each`."""


def _a_path(text: str) -> str:
    try:
        record_path.parse_path(text.removeprefix(AROUND))
    except ValueError:
        raise ValueError(
            f"`{text}` is no path; write keys with dots between them, as in actor.email, items[0].id or changes[field=email].to, "
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


def a_regex(text: str) -> str:
    """An expression that RE2 takes, of bounded size; ValueError for any other."""
    try:
        expression = compiled(text)
    except re2.error as error:
        raise ValueError(f"RE2 refuses this regular expression: {error} (https://github.com/google/re2/wiki/Syntax)") from None
    if refusal := regular_expressions.why_not(expression):
        raise ValueError(f"{refusal}; {regular_expressions.REPEAT_LESS}")
    return text


def _of_one_group(text: str) -> str:
    if compiled(a_regex(text)).groups != 1:
        raise ValueError("it must have one group, which is the value: write from (\\S+)$, and (?:...) for what only belongs together")
    return text


def compiled(text: str) -> Any:
    """A regular expression of RE2. re2.error where it refuses it; the mistake is reported to whoever wrote it, and not logged as well."""
    return regular_expressions.compiled(text, any_case=False)


def as_text(value: str | bool | int) -> str:
    """A constant as a record would have it, in JSON."""
    return value if isinstance(value, str) else "true" if value is True else "false" if value is False else str(value)


def _as_text(value: Any) -> Any:
    return as_text(value) if isinstance(value, bool | int) else value


def _as_texts(value: Any) -> Any:
    return [value] if isinstance(value, str | bool | int) else value


def _a_test(value: Any) -> Any:
    """A text, or a list of them, alone is what the value must be."""
    return value if isinstance(value, dict) else {"eq": value}


Path = Annotated[str, AfterValidator(_a_path)]
Text = Annotated[str, BeforeValidator(_as_text)]
"""Text, which may be written as a number, true or false."""
Texts = Annotated[tuple[Text, ...], BeforeValidator(_as_texts), Field(min_length=1)]
"""One text or a list of them, in which `*` is any characters."""


class Test(plugins.Options):
    """What the value at a path must be. eq: one of these; neq: none of these (as nothing is); isset: whether there is any."""

    eq: Texts | None = None
    neq: Texts | None = None
    isset: bool | None = None


When = dict[Path, Annotated[Test, BeforeValidator(_a_test)]]


class Part(plugins.Options):
    """Where a value stands: at a `path`, or it is this `value`, or those of `join` put together, `with` this between them.

    when: a condition without which it is not. regex: the group of an expression is the value. map: what its texts mean, without regard to
    case, `*` for any characters; otherwise: what any other means. case: in which letters it is kept. format: how a time is written
    (strptime's codes). zone: whose time it is where it names no zone; left out: UTC.
    """

    path: Path | None = None
    value: Text | None = None
    join: tuple[Value, ...] = ()
    between: str = Field(" ", alias="with")
    when: When = Field(default_factory=dict)
    regex: Annotated[str, AfterValidator(_of_one_group)] | None = None
    map: dict[str, Text] | None = None
    otherwise: str | None = None
    case: Literal["lower", "upper"] | None = None
    format: Annotated[str, AfterValidator(_a_time_format)] | None = None
    zone: Annotated[str, AfterValidator(_a_zone)] | None = None

    @model_validator(mode="after")
    def _is_one_thing(self) -> Part:
        given = [key for key in ("path", "value", "join") if getattr(self, key) not in (None, ())]
        if len(given) != 1:
            raise ValueError(f"one of `path`, `value` and `join` says where the value is, not {' and '.join(given) or 'none'}")
        if self.otherwise is not None and self.map is None:
            raise ValueError("`otherwise` needs a `map`")
        return self

    def words(self) -> tuple[str, ...] | None:
        """What it can be: a constant, the values of a `map`; None where it is anything that a record has."""
        if self.map is not None:
            return (*self.map.values(), *([] if self.otherwise is None else [self.otherwise]))
        return None if self.value is None or self.regex else (self.value,)


def _value(value: Any) -> tuple[Part, ...]:
    """A path alone is a part that has nothing more to say; of a list the first that leads to a value counts."""
    if isinstance(value, list | tuple):
        return _PARTS.validate_python([_written(one) for one in value])
    return (Part.model_validate(_written(value)),)


def _written(part: Any) -> Any:
    return {"path": part} if isinstance(part, str) else part


Value = Annotated[tuple[Part, ...], PlainValidator(_value)]
Part.model_rebuild()
_PARTS = TypeAdapter(Annotated[tuple[Part, ...], Field(min_length=1)])


def expressions(value: tuple[Part, ...]) -> Iterator[str]:
    """All regular expressions of a value."""
    for part in value:
        if part.regex:
            yield part.regex
        for one in part.join:
            yield from expressions(one)


def paths(value: tuple[Part, ...]) -> Iterator[str]:
    """All paths of a value, those of its conditions too."""
    for part in value:
        yield from part.when if part.path is None else (part.path, *part.when)
        for one in part.join:
            yield from paths(one)


def words_of(value: tuple[Part, ...]) -> tuple[str, ...] | None:
    """What a value can be; None where it is anything that a record has."""
    words: tuple[str, ...] = ()
    for part in value:
        if (own := part.words()) is None:
            return None
        words += own
    return words
