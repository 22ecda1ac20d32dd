"""Repeated activity: which activities of one subject make a run, in event time and for any order of arrival.

A window is any span of event time no longer than `within`, both ends included, that holds at least `repeated` entries (with
`unique`: entries with so many different values; of a sequence: entries that are its steps, one after the other). All entries
of a window are in one run, and windows that share an entry are in the same run. The runs of a set of entries therefore do
not depend on the order in which they came; only which of two alerts was raised first does, and then the one with the
earlier activities stays.
"""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from casbd.model.activity import Activity
from casbd.model.counted import Entry
from casbd.model.identity import Who, text_of, whose, whose_id
from casbd.policies.policy import Policy, Repeated, Sequenced
from casbd.policies.window_tests import WindowTest, step_entry, window_test
from casbd.wire.record_path import RawReader, parse_path, texts

LONGEST_VALUE = 512
"""Bytes of a value from the record; of a longer one its beginning and a hash are kept for each activity that is counted."""
_Order = tuple[int, int]
"""Timestamp and key: the one order of entries, whenever they came."""


class Change(msgspec.Struct, frozen=True):
    """What one more entry did to a run.

    opened: it is a new alert. joined: the later alerts that turned out to be part of it. members: the entries that came
    into it now, those of joined alerts included, in time order. first, last, count: of the run, in so far as its entries
    have been given to this object; a count that must outlive `prune` and a restart is kept by adding up members.
    """

    alert_id: str
    opened: bool
    joined: tuple[str, ...]
    members: tuple[Entry, ...]
    first: int
    last: int
    count: int


class _Run(msgspec.Struct):
    """Everything from `start` to `end` is in the run: a run has no gaps."""

    start: _Order
    end: _Order
    alert_id: str
    count: int


class Runs:
    """The entries of one policy and one subject, and the runs among them.

    entries: rebuilt from the store; those with the same alert_id are one run.
    """

    __slots__ = ("_entries", "_needed", "_orders", "_runs", "_test", "_within")

    def __init__(self, match: Repeated | Sequenced, entries: Sequence[Entry] = ()) -> None:
        self._within = match.within
        self._needed = match.repeated if isinstance(match, Repeated) else 1
        self._entries: list[Entry] = []
        self._orders: list[_Order] = []
        self._runs: list[_Run] = []
        if entries:
            self._entries = sorted(entries, key=_order)
            self._orders = [_order(entry) for entry in self._entries]
            for entry in self._entries:
                self._restore(entry)
        self._test = window_test(match, self._entries)

    def _restore(self, entry: Entry) -> None:
        if entry.alert_id is None:
            return
        order = _order(entry)
        if self._runs and self._runs[-1].alert_id == entry.alert_id:
            self._runs[-1].end = order
            self._runs[-1].count += 1
        else:
            self._runs.append(_Run(order, order, entry.alert_id, 1))

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, entry: Entry, new_alert_id: Callable[[], str]) -> Change | None:
        """One more entry. None where it is in no run (yet), or was there already; `new_alert_id` is asked for a new run only."""
        order = _order(entry)
        position = len(self._orders)
        if position and order <= self._orders[-1]:
            position = bisect_left(self._orders, order)
            if self._orders[position] == order:
                return None
        self._orders.insert(position, order)
        self._entries.insert(position, entry)
        if self._test is not None:
            self._test.inserted(position)
        if len(self._orders) < self._needed:
            return None
        reach = self._counted_reach(position) if self._test is None else self._tested_reach(position, self._test)
        if reach is None:
            return None
        if self._goes_on(position, reach[0]):
            return self._extend(entry, order)
        return self._cover(position, *reach, new_alert_id)

    def _goes_on(self, position: int, first: int) -> bool:
        """The entry is the newest, and right behind the last run, with which it shares a window: by far the most frequent case."""
        if position == 0 or position != len(self._orders) - 1 or not self._runs:
            return False
        run = self._runs[-1]
        return run.end == self._orders[position - 1] and run.start <= self._orders[first] and first < position

    def _extend(self, entry: Entry, order: _Order) -> Change:
        run = self._runs[-1]
        run.end = order
        run.count += 1
        entry.alert_id = run.alert_id
        return Change(run.alert_id, False, (), (entry,), run.start[0], order[0], run.count)

    def prune(self, before: int) -> None:
        """Forget entries older than a time; a run that goes on keeps its start and its count."""
        gone = bisect_left(self._orders, (before,))
        if not gone:
            return
        del self._orders[:gone], self._entries[:gone]
        if self._runs and self._runs[0].end[0] < before:
            self._runs = [run for run in self._runs if run.end[0] >= before]
        if self._test is not None:
            self._test.removed(gone)

    def _counted_reach(self, position: int) -> tuple[int, int] | None:
        """First and last position of all windows that hold the new entry; None where there is no window.

        Of a window with more entries than needed, every `needed` neighbours are a window too, and these overlap: so only
        windows of exactly that many are looked at. Two at least, as single entries would not overlap.
        """
        orders = self._orders
        if position < len(orders) - 1 and self._deep_inside(position):
            return position, position
        size = max(self._needed, 2)
        first = last = -1
        for start in range(max(0, position - size + 1), min(position, len(orders) - size) + 1):
            if orders[start + size - 1][0] - orders[start][0] <= self._within:
                first = start if first < 0 else first
                last = start + size - 1
        if first >= 0:
            return first, last
        return (position, position) if self._needed == 1 else None

    def _tested_reach(self, position: int, test: WindowTest) -> tuple[int, int] | None:
        """As `_counted_reach`, where something else makes the window."""
        if position == len(self._orders) - 1:  # the newest entry: there is one longest window that ends with it
            left = test.newest()
            return None if left is None else (left, position)
        if self._deep_inside(position):
            return position, position
        return test.reach(position)

    def _deep_inside(self, position: int) -> bool:
        """Within a run, and too far from everything outside it for a window with the new entry to reach that."""
        order = self._orders[position]
        at = bisect_right(self._runs, order, key=_start) - 1
        if at < 0 or self._runs[at].end < order:
            return False
        before = bisect_left(self._orders, self._runs[at].start) - 1
        after = bisect_right(self._orders, self._runs[at].end)
        return (before < 0 or order[0] - self._orders[before][0] > self._within) and (
            after == len(self._orders) or self._orders[after][0] - order[0] > self._within
        )

    def _cover(self, position: int, first: int, last: int, new_alert_id: Callable[[], str]) -> Change:
        """Entries `first` to `last` are in one run, together with all runs that they touch."""
        start, end = self._orders[first], self._orders[last]
        low = bisect_right(self._runs, start, key=_start)
        if low and self._runs[low - 1].end >= start:
            low -= 1
        high = bisect_right(self._runs, end, low, key=_start)
        touched = self._runs[low:high]
        members = self._newcomers(position, first, last, touched)
        count = sum(run.count for run in touched) + sum(entry.alert_id is None for entry in members)
        if touched:
            kept = touched[0].alert_id
            start, end = min(start, touched[0].start), max(end, touched[-1].end)
        else:
            kept = new_alert_id()
        for entry in members:
            entry.alert_id = kept
        self._runs[low:high] = [_Run(start, end, kept, count)]
        return Change(
            alert_id=kept,
            opened=not touched,
            joined=tuple(run.alert_id for run in touched[1:]),
            members=tuple(members),
            first=start[0],
            last=end[0],
            count=count,
        )

    def _newcomers(self, position: int, first: int, last: int, touched: list[_Run]) -> list[Entry]:
        """The entries that are not yet in the first of the touched runs, without looking through that one."""
        members: list[Entry] = []
        at = first
        for index, run in enumerate(touched):
            members += self._entries[at : bisect_left(self._orders, run.start, at)]
            beyond = bisect_right(self._orders, run.end, at)
            if index:
                members += self._entries[bisect_left(self._orders, run.start, at) : beyond]
            elif run.start < self._orders[position] < run.end:
                members.append(self._entries[position])
            at = beyond
        return members + self._entries[at : last + 1]


def _order(entry: Entry) -> _Order:
    return entry.timestamp, entry.key


def _start(run: _Run) -> _Order:
    return run.start


def subject(policy: Policy, activity: Activity, reader: RawReader, by: Sequence[str] = ()) -> str | None:
    """Whose activities are counted together: the `by` fields, and the app with `single_app`, as one casefolded text.

    None where a `by` field is null: such an activity has no subject and is not counted. An unknown app is an app of its own. A user is
    the person: two tenants' `bob` are two.
    by: other fields than the policy's.
    """
    match = policy.match
    assert match is not None, "only repeated policies count by subject"
    by = by or match.by
    parts = [_who(activity, field, reader) for field in by]
    if None in parts:
        return None
    if len(parts) == 1 and parts[0] is not None and not match.single_app:
        return text_of(parts[0])
    if match.single_app:
        parts.append(folded(activity.app))
    return json.dumps(parts)  # as JSON, since a hostile value may hold any separator, and half a surrogate pair too


def different(unique: str | None, activity: Activity, reader: RawReader) -> str | None:
    """The casefolded value of the field whose different values are counted; None where it is null, or activities are counted."""
    who = _who(activity, unique, reader) if unique else None
    return None if who is None else text_of(who)


def _who(activity: Activity, field: str, reader: RawReader) -> Who | None:
    """A field's value; of a user whose it is."""
    if field == "user" and activity.user:
        return whose(activity.user, activity.app, activity.app_instance)
    if field == "user_id" and activity.user_id:
        return whose_id(activity.user_id, activity.app, activity.app_instance)
    return _value(activity, field, reader)


def _value(activity: Activity, field: str, reader: RawReader) -> str | None:
    """A field's value, or what stands in the record at a path, as `folded` gives it."""
    if not field.startswith("raw."):
        return folded(getattr(activity, field))
    found = tuple(texts(reader.find(activity.raw, parse_path(field[4:]))))
    value = folded(found[0] or None if len(found) == 1 else found)
    return None if value is None else _storable(value)


def _storable(value: str) -> str:
    """A value of a record as text that every store takes and that stays small: no half of a surrogate pair, no megabytes."""
    encoded = value.encode("utf-8", "backslashreplace")
    if len(encoded) <= LONGEST_VALUE:
        return encoded.decode()
    return f"{value[: LONGEST_VALUE // 8]} {hashlib.blake2b(encoded, digest_size=16).hexdigest()}".encode(
        "utf-8", "backslashreplace"
    ).decode()


def entry(policy: Policy, activity: Activity, key: int, value: str | None) -> Entry:
    """What is counted of an activity. value: what the matcher says to count of it."""
    counted = Entry(activity.timestamp, key, activity.activity_id, value)
    return step_entry(counted) if isinstance(policy.match, Sequenced) else counted


def folded(value: Any) -> str | None:
    """A field's value as one casefolded text, for subjects and for the values of `unique`; None where it is null."""
    if isinstance(value, str):
        return value.casefold()
    if value is None or value == ():
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return json.dumps(sorted(element.casefold() for element in value))
    return str(value)
