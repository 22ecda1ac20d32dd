"""JSON of any shape: a mapping in the configuration says which path of the record is which field of the activity.

    - {name: own, path: /var/spool/casbd/own/*.json, format: json,
       mapping: {activity_id: id, timestamp: time, user: actor.email}, constants: {app: Our own app}}

Paths are those of `raw.` in rule files. A field that is not mapped, or whose path leads nowhere, stays null; a record
without a time is a reject. It reads the rows of CSV files as well: their columns are the keys.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field

from casbd import plugins
from casbd.documents import nearest
from casbd.errors import BadRecord
from casbd.model.activity import FIELDS, Activity, ActivityObject
from casbd.registry import plugin
from casbd.wire import addresses, record_path, timestamps

OURS = frozenset({"raw", "source", "input", "input_file", "input_offset", "matched_policies", "objects"})
"""Fields that casbd fills in itself."""
UNKNOWN = frozenset({"", "-", "n/a", "null", "none", "<null>", "unknown", "not available"})


def _a_field(name: str) -> str:
    if name not in FIELDS or name in OURS:
        raise ValueError(f"`{name}` is no field that can be mapped; {nearest(name, FIELDS.keys() - OURS)}")
    return name


def _a_path(text: str) -> str:
    try:
        record_path.parse_path(text)
    except ValueError:
        raise ValueError(f"`{text}` is no path; write keys with dots between them, as in actor.email or items[0].id") from None
    return text


FieldName = Annotated[str, AfterValidator(_a_field)]


def _has_a_time(mapping: dict[str, str]) -> dict[str, str]:
    if "timestamp" not in mapping:
        raise ValueError("`timestamp` must be mapped")
    return mapping


class MappingOptions(plugins.Options):
    """mapping: field of the activity to path in the record. constants: field to a value that every record gets."""

    mapping: Annotated[dict[FieldName, Annotated[str, AfterValidator(_a_path)]], AfterValidator(_has_a_time)]
    constants: dict[FieldName, str] = Field(default_factory=dict)


@plugin
class Json:
    """`format: json`."""

    Options: ClassVar[type[plugins.Options]] = MappingOptions
    example: ClassVar[dict[str, Any]] = {"mapping": {"timestamp": "time", "user": "actor.email"}, "constants": {"app": "Our own app"}}

    def __init__(self, options: MappingOptions) -> None:
        self._paths = [(name, record_path.parse_path(path), READERS[FIELDS[name].kind]) for name, path in options.mapping.items()]
        self._constants = dict(options.constants)

    @classmethod
    def claims(cls, sample: Sequence[bytes]) -> float:  # noqa: ARG003  the protocol's
        """Never: without a mapping nobody can say what a record means."""
        return 0.0

    def parse(self, record: bytes) -> Sequence[Activity]:
        """One activity. BadRecord where it is no JSON object or has no time."""
        data = record_path.decode(record.decode())
        if not isinstance(data, dict):
            raise BadRecord("not a JSON object")
        activity = Activity()
        for name, value in self._constants.items():
            setattr(activity, name, value)
        for name, path, read in self._paths:
            found = [value for value in record_path.find(data, path) if not _is_unknown(value)]
            if found:
                setattr(activity, name, read(name, found))
        if not activity.timestamp:
            raise BadRecord("no time where the mapping's `timestamp` leads")
        _complete(activity)
        return (activity,)


def _is_unknown(value: Any) -> bool:
    return value is None or value == [] or value == {} or (isinstance(value, str) and value.strip().casefold() in UNKNOWN)


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


def _list(_: str, found: list[Any]) -> tuple[str, ...]:
    return tuple(record_path.texts(found))


def _choice(name: str, found: list[Any]) -> str | None:
    """One of the field's values, whatever its case; anything else is unknown."""
    text = (_text(name, found) or "").casefold()
    return next((value for value in FIELDS[name].values if value.casefold() == text), None)


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


def _time(name: str, found: list[Any]) -> int:
    text = (_text(name, found) or "").strip()
    try:
        if text.replace(".", "", 1).isdigit() and text.isascii():
            return timestamps.from_epoch(float(text))
        return timestamps.parse(text)
    except (ValueError, OverflowError):
        raise BadRecord(f"`{text[:40]}` is no time") from None


READERS: Mapping[str, Callable[[str, list[Any]], Any]] = {
    "text": _text,
    "list": _list,
    "choice": _choice,
    "flag": _flag,
    "integer": _integer,
    "number": _number,
    "time": _time,
}
"""How a value of each kind is read, from all that the path leads to."""
