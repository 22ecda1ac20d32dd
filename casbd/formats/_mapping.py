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
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Annotated, Any, ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import re2
from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from casbd import plugins
from casbd.documents import nearest
from casbd.errors import BadRecord
from casbd.model.activity import FIELDS, Activity, ActivityObject
from casbd.records import addresses, record_path, regular_expressions, timestamps

OURS = frozenset({"raw", "source", "input", "input_file", "input_offset", "matched_policies", "objects"})
"""Fields that casbd fills in itself."""
MOST_INSTRUCTIONS = 5_000
"""Of all patterns of a mapping, as RE2 compiles them: each record is compared with all of them, and nobody sets a pattern aside."""
UNKNOWN = frozenset({"", "-", "n/a", "null", "none", "<null>", "unknown", "not available"})

Steps = tuple[record_path.Step, ...]


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
        read = datetime.strptime(moment.strftime(text), text)  # noqa: DTZ007  the zone is told beside it
    except (ValueError, re.error) as error:  # strptime makes an expression of it, where nothing may be there twice
        raise ValueError(f"`{text}` is no time format ({error}); write it as %d/%m/%Y %H:%M:%S") from None
    if (read.year, read.month, read.day) != (2026, 1, 31):
        raise ValueError(f"`{text}` does not tell year, month and day; write it as %d/%m/%Y %H:%M:%S")
    return text


def _a_regex(text: str) -> str:
    try:
        expression = _compiled(text)
    except re2.error as error:
        raise ValueError(f"RE2 refuses this regular expression: {error} (https://github.com/google/re2/wiki/Syntax)") from None
    if told := regular_expressions.why_not(expression):
        raise ValueError(f"{told}; {regular_expressions.REPEAT_LESS}")
    groups = expression.groupindex
    if not groups:
        raise ValueError("it has no named group; write (?P<user>\\S+) for the part that is the user")
    for name in groups:
        _a_field(name)
    return text


def _compiled(text: str) -> Any:
    return regular_expressions.compiled(text, any_case=False)


FieldName = Annotated[str, AfterValidator(_a_field)]
Path = Annotated[str, AfterValidator(_a_path)]


class Part(plugins.Options):
    """path: where the value is. map: what its texts mean, without regard to case; otherwise: what any other means.

    format: how a time is written (strptime's codes). zone: whose time it is where it does not tell; left out: UTC.
    """

    path: Path
    map: dict[str, str] | None = None
    otherwise: str | None = None
    format: Annotated[str, AfterValidator(_a_time_format)] | None = None
    zone: Annotated[str, AfterValidator(_a_zone)] | None = None


def _part(given: Any) -> Any:
    """A path alone is a part that has nothing more to say."""
    return {"path": given} if isinstance(given, str) else given


class Pattern(plugins.Options):
    """A regular expression over the text at a path; its named groups are fields."""

    path: Path
    regex: Annotated[str, AfterValidator(_a_regex)]


class MappingOptions(plugins.Options):
    """mapping: field of the activity to path in the record, or to more about it. constants: field to a value."""

    mapping: dict[FieldName, Annotated[Part, BeforeValidator(_part)]]
    patterns: tuple[Pattern, ...] = ()
    constants: dict[FieldName, str | bool | int] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _makes_sense(self) -> MappingOptions:
        for name, part in self.mapping.items():
            _check_part(name, part)
        for name, value in self.constants.items():
            _allowed(name, _json(value))
        patterns = [_compiled(pattern.regex) for pattern in self.patterns]
        if sum(map(regular_expressions.size, patterns)) > MOST_INSTRUCTIONS:
            told = f"`patterns` make more than {MOST_INSTRUCTIONS:,} of RE2's instructions in all"
            raise ValueError(f"{told}; {regular_expressions.REPEAT_LESS}")
        groups = {group for pattern in patterns for group in pattern.groupindex}
        if "timestamp" not in self.mapping.keys() | groups:
            raise ValueError("`timestamp` must be mapped")
        return self

    def words(self) -> plugins.Words:
        """What fields may hold: a constant's value, those of a `map`; what a path or a pattern leads to is anything."""
        told: dict[str, Collection[str] | None] = {name: (_json(value),) for name, value in self.constants.items()}
        for name, part in self.mapping.items():
            meanings = [*(part.map or {}).values(), part.otherwise]
            told[name] = None if part.map is None else (*(value for value in meanings if value is not None), *(told.get(name) or ()))
        return told | {group: None for pattern in self.patterns for group in _compiled(pattern.regex).groupindex}


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
        known = ("true", "false") if field.kind == "flag" else field.values
        hint = nearest(text, known) if known else f"it takes a {field.kind}"
        raise ValueError(f"`{text}` is no value of `{name}`; {hint}")


def _json(value: str | bool | int) -> str:
    return value if isinstance(value, str) else "true" if value is True else "false" if value is False else str(value)


class Mapper:
    """Makes activities of plain values, as a mapping says."""

    def __init__(self, options: MappingOptions) -> None:
        self._parts = [(name, *_reader(name, part)) for name, part in options.mapping.items()]
        self._patterns = [(record_path.parse_path(one.path), _compiled(one.regex)) for one in options.patterns]
        self._constants = {name: READERS[FIELDS[name].kind](name, [_json(value)]) for name, value in options.constants.items()}

    def activity(self, record: Mapping[str, Any]) -> Activity:
        """One activity; BadRecord where the record has no time."""
        found: dict[str, Any] = {}
        for path, regex in self._patterns:
            for text in _shown(regex, record_path.texts(record_path.find(record, path))):
                if match := regex.search(_sound(text)):
                    found |= {name: READERS[FIELDS[name].kind](name, [value]) for name, value in match.groupdict().items() if value}
                    break
        for name, path, read in self._parts:
            values = [value for value in record_path.find(record, path) if not _is_unknown(value)]
            if values:
                found[name] = read(name, values)
        activity = Activity()
        for name, value in (self._constants | {name: value for name, value in found.items() if value not in (None, ())}).items():
            setattr(activity, name, value)
        if not activity.timestamp:
            raise BadRecord("no time where the mapping's `timestamp` leads")
        _complete(activity)
        return activity


Read = Callable[[str, list[Any]], Any]


def _reader(name: str, part: Part) -> tuple[Steps, Read]:
    """The path of a field, and how what is there is read."""
    read = _address if name == "ip_address" else READERS[FIELDS[name].kind]
    path = record_path.parse_path(part.path)
    if part.map is not None:
        means, otherwise = {text.casefold(): value for text, value in part.map.items()}, part.otherwise

        def translated(name: str, found: list[Any]) -> Any:
            texts = [means.get(text.strip().casefold(), otherwise) for text in record_path.texts(found)]
            known = [text for text in texts if text is not None]
            return read(name, known) if known else None

        return path, translated
    if part.format or part.zone:
        return path, _clock(part.format, ZoneInfo(part.zone) if part.zone else UTC)
    return path, read


def _clock(form: str | None, zone: tzinfo) -> Read:
    """Reads times of a zone."""

    def read(name: str, found: list[Any]) -> int:
        if form is None:
            return _moment(found, zone)
        text = (_text(name, found) or "").strip()
        try:
            moment = datetime.strptime(text, form)  # noqa: DTZ007  the zone follows
            moment = moment if moment.tzinfo else moment.replace(tzinfo=zone)
            return timestamps.parse(moment.astimezone(UTC).isoformat())
        except (ValueError, OverflowError):
            raise BadRecord(f"`{text[:40]}` is no time of the format {form}") from None

    return read


def _shown(regex: Any, texts: Sequence[str]) -> Iterator[str]:
    """What a regular expression looks at of some texts: so much of all of them together as of one."""
    left = regular_expressions.looks_at(regex)
    for text in texts:
        if left > 0:
            yield text[:left]
        left -= len(text)


def _sound(text: str) -> str:
    """RE2 takes no halves of surrogate pairs."""
    return text if text.isascii() else text.encode(errors="replace").decode()


def _is_unknown(value: Any) -> bool:
    if isinstance(value, str):
        return value.strip().casefold() in UNKNOWN
    return value is None or value == [] or value == {}


def _complete(activity: Activity) -> None:
    """What follows from the mapped fields."""
    if activity.user and "@" in activity.user:
        activity.user = activity.user.lower()
    if activity.ip_address:
        address = addresses.parse(activity.ip_address)
        activity.ip_address, activity.ip_port = address.ip, activity.ip_port or address.port
    if activity.object_id or activity.object_name:
        activity.objects = (ActivityObject(activity.object_id, activity.object_name, activity.object_type, "target"),)


def _text(_: str, found: list[Any]) -> str | None:
    texts = record_path.texts(found)
    return texts[0] if texts else None


def _address(_: str, found: list[Any]) -> str | None:
    """A list of addresses is one text, as X-Forwarded-For is."""
    return ", ".join(record_path.texts(found)) or None


def _list(_: str, found: list[Any]) -> tuple[str, ...]:
    return tuple(text for text in record_path.texts(found) if not _is_unknown(text))


def _choice(name: str, found: list[Any]) -> str | None:
    """One of the field's values, whatever its case, or a usual word for one; anything else is unknown."""
    text = (_text(name, found) or "").strip().casefold()
    if name == "result":
        text = _WORDS.get(text, text)
    return next((value for value in FIELDS[name].values if value.casefold() == text), None)


_WORDS = dict.fromkeys(("succeeded", "successful", "ok", "allow", "allowed", "permitted", "granted", "passed", "completed"), "success")
_WORDS |= dict.fromkeys(
    ("fail", "failed", "error", "deny", "denied", "block", "blocked", "rejected", "unauthorized", "forbidden"), "failure"
)


def _flag(name: str, found: list[Any]) -> bool | None:
    return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}.get((_text(name, found) or "").casefold())


def _integer(name: str, found: list[Any]) -> int | None:
    text = _text(name, found) or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


def _number(name: str, found: list[Any]) -> float | None:
    try:
        number = float(_text(name, found) or "")
    except ValueError:
        return None
    return number if abs(number) < 1e6 else None


def _time(_: str, found: list[Any]) -> int:
    return _moment(found, UTC)


def _moment(found: list[Any], zone: tzinfo) -> int:
    """The first that is a time; zone: whose, where it does not tell."""
    why = ""
    for value in (inner for one in found for inner in (one if isinstance(one, list) else [one])):
        try:
            return timestamps.read(value, zone)
        except ValueError as error:
            why = why or f"`{str(value)[:40]}` is no time: {str(error)[:60]}"
    raise BadRecord(why or "no time where the mapping's `timestamp` leads")


READERS: Mapping[str, Read] = {
    "text": _text,
    "list": _list,
    "choice": _choice,
    "flag": _flag,
    "integer": _integer,
    "number": _number,
    "time": _time,
}
"""How a value of each kind is read, from all that the path leads to."""


class OfMapping:
    """A format of records that are JSON objects, which its options give their meaning. what: how a person calls such a record."""

    what: ClassVar[str] = "JSON object"

    def __init__(self, options: MappingOptions) -> None:
        self._activity = Mapper(options).activity

    @classmethod
    def claims(cls, sample: Sequence[bytes]) -> float:  # noqa: ARG003  the protocol's
        """Never: without a mapping nobody can say what a record means."""
        return 0.0

    def parse(self, record: bytes) -> Sequence[Activity]:
        """One activity. BadRecord where it is no such record or has no time."""
        data = record_path.decode(record.decode())
        if not isinstance(data, dict):
            raise BadRecord(f"not a {self.what}")
        return (self._activity(data),)
