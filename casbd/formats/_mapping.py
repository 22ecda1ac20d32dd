"""Activities made of plain values, as a mapping says (`_mapping_options.py`): which part of a record is which field."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from casbd.errors import BadRecord
from casbd.formats._mapping_activities import Activities
from casbd.formats._mapping_events import Events, named
from casbd.formats._mapping_objects import object_reader
from casbd.formats._mapping_options import MappingOptions
from casbd.formats._mapping_parts import as_text, compiled
from casbd.formats._mapping_places import Place, finder
from casbd.formats._mapping_reading import field_reader, shown, sound
from casbd.formats._mapping_values import READERS
from casbd.formats._objects import put_objects
from casbd.model.activity import FIELDS, Activity, ActivityObject
from casbd.records import addresses, opening, record_path


class Mapper:
    """Makes activities of plain values, as a mapping says."""

    def __init__(self, options: MappingOptions) -> None:
        self._parts = [(name, field_reader(name, value)) for name, value in options.mapping.items()]
        self._patterns = [(finder(one.path), compiled(one.regex)) for one in options.patterns]
        self._constants = [(name, READERS[FIELDS[name].kind](name, [as_text(value)])) for name, value in options.constants.items()]
        self._activities = Activities(options)
        self._objects = object_reader(options.objects)
        self._events = [Events(path, around=options.reaches_around()) for path in options.each]

    def activities(self, record: dict[str, Any]) -> Sequence[Activity]:
        """The activities of a record: one, or one of each event in it. BadRecord where one has no time."""
        for events in self._events:
            if found := events.within(record):
                whole = Place(record)
                return named([(self._activity(Place(event.values), whole), event) for event in found])
        return (self.activity(record),)

    def activity(self, record: dict[str, Any]) -> Activity:
        """One activity, of a record as a whole."""
        place = Place(record)
        return self._activity(place, place)

    def _activity(self, here: Place, record: Place) -> Activity:
        mapped: dict[str, Any] = {}
        for find, regex in self._patterns:
            for text in shown(regex, record_path.texts(find(here, record))):
                if match := regex.search(sound(text)):
                    mapped |= {name: READERS[FIELDS[name].kind](name, [value]) for name, value in match.groupdict().items() if value}
                    break
        for name, read in self._parts:
            value = read(here, record)
            if value is not None:
                mapped[name] = value
        activity = Activity()
        for name, value in self._constants:
            setattr(activity, name, value)
        for name, value in mapped.items():
            if value is not None and value != ():
                setattr(activity, name, value)
        if not activity.timestamp:
            raise BadRecord("no time where the mapping's `timestamp` leads")
        _complete(activity)
        if self._activities:
            self._activities.complete(activity, here, record, mapped)
        if self._objects is not None and (objects := self._objects(here, record)):
            put_objects(activity, objects)
        return activity


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
        self._activities = Mapper(options).activities

    @classmethod
    def claims(cls, sample: Sequence[bytes]) -> float:  # noqa: ARG003  the protocol's
        """Never: without a mapping nobody can say what a record means."""
        return 0.0

    def parse(self, record: bytes) -> Sequence[Activity]:
        """One activity, or one of each event within. BadRecord where it is no such record or has no time."""
        data = opening.decode(record.decode())
        if not isinstance(data, dict):
            raise BadRecord(f"not a {self.what}")
        return self._activities(data)
