"""Activities made of plain values, as an input's mapping says (`_mapping_options.py`): which part of a record is which field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from casbd.errors import BadRecord
from casbd.formats._mapping_options import MappingOptions, Part, as_text, compiled
from casbd.formats._mapping_values import READERS, Read, is_unknown, joined_addresses, time_reader
from casbd.model.activity import FIELDS, Activity, ActivityObject
from casbd.records import addresses, opening, record_path, regular_expressions

Steps = tuple[record_path.Step, ...]


class Mapper:
    """Makes activities of plain values, as a mapping says."""

    def __init__(self, options: MappingOptions) -> None:
        self._parts = [(name, *_reader(name, part)) for name, part in options.mapping.items()]
        self._patterns = [(record_path.parse_path(one.path), compiled(one.regex)) for one in options.patterns]
        self._constants = {name: READERS[FIELDS[name].kind](name, [as_text(value)]) for name, value in options.constants.items()}

    def activity(self, record: Mapping[str, Any]) -> Activity:
        """One activity; BadRecord where the record has no time."""
        fields: dict[str, Any] = {}
        for path, regex in self._patterns:
            for text in _shown(regex, record_path.texts(record_path.find(record, path))):
                if match := regex.search(_sound(text)):
                    fields |= {name: READERS[FIELDS[name].kind](name, [value]) for name, value in match.groupdict().items() if value}
                    break
        for name, path, read in self._parts:
            values = [value for value in record_path.find(record, path) if not is_unknown(value)]
            if values:
                fields[name] = read(name, values)
        activity = Activity()
        for name, value in (self._constants | {name: value for name, value in fields.items() if value not in (None, ())}).items():
            setattr(activity, name, value)
        if not activity.timestamp:
            raise BadRecord("no time where the mapping's `timestamp` leads")
        _complete(activity)
        return activity


def _reader(name: str, part: Part) -> tuple[Steps, Read]:
    """The path of a field, and how what is there is read."""
    read = joined_addresses if name == "ip_address" else READERS[FIELDS[name].kind]
    path = record_path.parse_path(part.path)
    if part.map is not None:
        means, otherwise = {text.casefold(): value for text, value in part.map.items()}, part.otherwise

        def translated(name: str, values: list[Any]) -> Any:
            texts = [means.get(text.strip().casefold(), otherwise) for text in record_path.texts(values)]
            meanings = [text for text in texts if text is not None]
            return read(name, meanings) if meanings else None

        return path, translated
    if part.format or part.zone:
        return path, time_reader(part.format, ZoneInfo(part.zone) if part.zone else UTC)
    return path, read


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


def _complete(activity: Activity) -> None:
    """What follows from the mapped fields."""
    if activity.user and "@" in activity.user:
        activity.user = activity.user.lower()
    if activity.ip_address:
        address = addresses.parse(activity.ip_address)
        activity.ip_address, activity.ip_port = address.ip, activity.ip_port or address.port
    if activity.object_id or activity.object_name:
        activity.objects = (ActivityObject(activity.object_id, activity.object_name, activity.object_type, "target"),)


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
        data = opening.decode(record.decode())
        if not isinstance(data, dict):
            raise BadRecord(f"not a {self.what}")
        return (self._activity(data),)
