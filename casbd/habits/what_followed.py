"""The memory of a subject of kind `after`: what happened to it, what ended that, and what it did afterwards.

Of the last day it is kept by hour, as it may come late and in any order; what is older has become one state.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from casbd.habits.anomaly import HOUR, in_order
from casbd.habits.brief import brief, whole
from casbd.habits.cells import Cell, brief_cell, by_name, whole_cell
from casbd.habits.values_seen import LONG_AGO
from casbd.model.counted import Entry

HAPPENED, ENDED, ACTIVE = "!", ".", "+"
"""What an entry is; behind HAPPENED it says what happened."""

MOST_BY_NAME = 12
"""So many activities are kept besides the first of each hour: of everybody, as what happened may become known later."""


class State(msgspec.Struct, frozen=True):
    """As of some hour. since: what happened first, and latest: last; None: nothing, or it has ended. ended: when that was last.

    run: what the subject did afterwards, as one cell.
    """

    since: Entry | None = None
    latest: int = LONG_AGO
    ended: int = LONG_AGO
    run: Cell | None = None


class Hour(msgspec.Struct):
    """What of an hour matters. happened, ended: the latest of each. active: what the subject did."""

    happened: Entry | None = None
    ended: int = LONG_AGO
    active: Cell | None = None


class Kept(msgspec.Struct):
    """All of it. floor: what is before this hour has become the state."""

    newest: int = LONG_AGO
    floor: int = LONG_AGO
    state: State = State()
    hours: dict[int, Hour] = {}


class Followed(NamedTuple):
    """What a subject did after something: one run. members: the first activities that are known. ended: nothing more belongs to it."""

    since: Entry
    run: Cell
    members: tuple[Entry, ...]


class WhatFollowed:
    """See Memory. grace, within: ms after what happened in which the subject may still be active, and in which it follows that."""

    _anything: bool
    _by_name: int

    def __init__(self, grace: int, within: int, packed: Any = None) -> None:
        self._grace = grace
        self._within = within
        self._kept = Kept() if packed is None else _whole(*packed)
        self._look()

    @property
    def newest(self) -> int:
        """See Memory."""
        return self._kept.newest

    def add(self, entry: Entry) -> None:
        """See Memory."""
        value, moment, kept = entry.value or ACTIVE, entry.timestamp, self._kept
        if moment // HOUR < kept.floor:
            self._add_late(entry, value)
            return
        kept.newest = max(moment, kept.newest)
        hour = kept.hours.get(moment // HOUR)
        if hour is None:
            hour = kept.hours[moment // HOUR] = Hour()
        if value == ACTIVE:
            if hour.active is None:
                hour.active = Cell.of(entry)
            else:
                self._by_name += hour.active.add(entry, MOST_BY_NAME - self._by_name)
        elif value == ENDED:
            hour.ended = max(moment, hour.ended)
        else:
            self._anything = True
            if hour.happened is None or in_order(entry) > in_order(hour.happened):
                hour.happened = entry

    def settle(self, before: int) -> None:
        """See Memory."""
        kept, floor = self._kept, before // HOUR
        if floor <= kept.floor:
            return
        kept.floor = floor
        old = sorted(number for number in kept.hours if number < floor)
        for number in old:
            kept.state = self._next(kept.state, number, kept.hours.pop(number))
        if old:
            self._look()

    def lighten(self) -> bool:
        """See Memory: names of activities go; then what happened between the first and the last time, which two say when and why all the
        same; then the newest of what was done."""
        hours = [hour for _, hour in sorted(self._kept.hours.items())]
        named = [hour.active for hour in hours if hour.active is not None and len(hour.active.members) > 1]
        for cell in named:
            del cell.members[len(cell.members) // 2 :]
        happened = [hour for hour in hours if hour.happened is not None]
        if not named:
            for hour in happened[1:-1]:
                hour.happened = None
        left = named or happened[1:-1]
        if not left:
            left = [hour for hour in hours if hour.active is not None][1:]
            for hour in left[len(left) // 2 :]:
                hour.active = None
        self._look()
        return bool(left)

    def packed(self) -> Any:
        """See Memory."""
        kept, state = self._kept, self._kept.state
        hours = [
            (number - kept.floor, _briefly(hour.happened), hour.ended, brief_cell(hour.active))
            for number, hour in sorted(kept.hours.items())
        ]
        return kept.newest, kept.floor, (_briefly(state.since), state.latest, state.ended, brief_cell(state.run)), hours

    def runs(self) -> Iterator[Followed]:
        """What the subject did after what happened, and no longer after it than `within`."""
        if not self._anything:
            return
        state = self._kept.state
        members = [state.run.first] if state.run is not None else []
        for number in sorted(self._kept.hours):
            hour = self._kept.hours[number]
            before, state = state, self._next(state, number, hour)
            if before.run is not None and before.since is not None and state.run is None:
                yield Followed(before.since, before.run, tuple(members))
                members = []
            if state.run is not None and state.run is not before.run and hour.active is not None:
                members += hour.active.members
        if state.run is not None and state.since is not None:
            yield Followed(state.since, state.run, tuple(members))

    def _next(self, state: State, number: int, hour: Hour) -> State:
        """The state after an hour. What is done in the same hour in which something happened or ended is not after it."""
        since, latest, ended, run = state.since, state.latest, max(state.ended, hour.ended), state.run
        begin = number * HOUR
        follows = since is not None and hour.ended == LONG_AGO and latest + self._grace <= begin <= latest + self._within
        if hour.active is not None and follows:
            first, count = (run.members[:1], run.count) if run is not None else (hour.active.members[:1], 0)
            run = Cell(first, hour.active.last, count + hour.active.count)
        if hour.ended > LONG_AGO:
            since, run = None, None
        if hour.happened is not None and hour.happened.timestamp > hour.ended:
            since, latest = since or hour.happened, hour.happened.timestamp
        return State(since, latest, ended, run)

    def _look(self) -> None:
        hours = self._kept.hours.values()
        self._anything = self._kept.state.since is not None or any(hour.happened for hour in hours)
        self._by_name = by_name(hour.active for hour in hours)

    def _add_late(self, entry: Entry, value: str) -> None:
        """What comes too late for any order: it only says what happened."""
        state, moment = self._kept.state, entry.timestamp
        if value == ENDED and moment > state.latest:
            self._kept.state = State(None, state.latest, max(moment, state.ended), None)
        elif value.startswith(HAPPENED) and moment > state.ended:
            self._anything = True
            self._kept.state = State(state.since or entry, max(moment, state.latest), state.ended, state.run)


def _briefly(entry: Entry | None) -> Any:
    return None if entry is None else (brief(entry), entry.value)


def _whole(newest: int, floor: int, state: Sequence[Any], hours: Sequence[Sequence[Any]]) -> Kept:
    since, latest, ended, run = state
    whole_hours = {number + floor: Hour(_entry(happened), hour_ended, whole_cell(active)) for number, happened, hour_ended, active in hours}
    return Kept(newest, floor, State(_entry(since), latest, ended, whole_cell(run)), whole_hours)


def _entry(given: Any) -> Entry | None:
    return None if given is None else whole(*given)
