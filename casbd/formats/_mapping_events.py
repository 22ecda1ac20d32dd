"""Several events within one record, as a mapping's `each` says where they are."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from casbd.errors import BadRecord
from casbd.formats._mapping_reading import sound
from casbd.model.activity import Activity
from casbd.records import opening, record_path

MOST = 10_000
"""Events of one record."""
MOST_AROUND = 4_096
"""Characters of what stands around an event that are kept with it: the record of each event has them."""


class Event(NamedTuple):
    """values: what paths begin in. raw: its record, empty where that is the whole one. digest: of all that it is, empty as `raw` is."""

    values: dict[str, Any]
    raw: str
    digest: str


class Events:
    """The events at one way into records.

    around: whether what stands around an event is of it (a path of the mapping leads there). Then its record is the whole one with this
    event alone in the list; else it is the event itself, the same as where the vendor delivers each by itself.
    """

    def __init__(self, path: str, *, around: bool) -> None:
        self._keys = [str(step) for step in record_path.parse_path(path)]
        self._around = around

    def within(self, record: dict[str, Any]) -> Sequence[Event]:
        """The events of a record; none where the way leads to none. BadRecord where there are too many."""
        value = self._value(record)
        if isinstance(value, dict) and self._around:
            return [Event(value, "", "")]
        events = [one for one in opening.opened([value]) if isinstance(one, dict)]
        if len(events) > MOST:
            raise BadRecord(f"{len(events):,} events under `{'.'.join(self._keys)}`; at most {MOST:,} of one record are read")
        if not events:
            return ()
        around = _text(_with(record, self._keys, [])) if self._around else ""
        alone, digest = not self._around or len(around) > MOST_AROUND, _digest(around)
        raws = [_text(event if alone else _with(record, self._keys, [event])) for event in events]
        return [Event(event, raw, _digest(digest + raw)) for event, raw in zip(events, raws, strict=True)]

    def first(self, record: dict[str, Any]) -> dict[str, Any] | None:
        """The first event of a record."""
        return next((one for one in opening.opened([self._value(record)]) if isinstance(one, dict)), None)

    def _value(self, record: Any) -> Any:
        for key in self._keys:
            record = opening.inside(record.get(key)) if isinstance(record, dict) else None
        return record


def named(activities: Iterable[tuple[Activity, Event]]) -> Sequence[Activity]:
    """The activities of events, each with its record, and an id that no other of them has: the second of an id has `#1` behind it."""
    seen: dict[str, int] = {}
    found = []
    for activity, event in activities:
        activity.raw = event.raw
        own = activity.activity_id or event.digest
        before = seen.get(own, 0)
        seen[own] = before + 1
        activity.activity_id = f"{own}#{before}" if before else own
        found.append(activity)
    return found


def _with(value: dict[str, Any], keys: Sequence[str], events: list[dict[str, Any]]) -> dict[str, Any]:
    """A record with other events in the place of its own."""
    key, *rest = keys
    return value | {key: _with(opening.inside(value[key]), rest, events) if rest else events}


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _text(value: Any) -> str:
    try:
        return sound(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
    except RecursionError:
        return ""
