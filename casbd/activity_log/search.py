"""Searching activities: the same filters, and the same code that decides, as in policies."""

from __future__ import annotations

import heapq
import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

from casbd.clock import Clock
from casbd.model.activity import Activity
from casbd.policies import compile_filter, parse_condition
from casbd.store import activities
from casbd.wire.plain_text import single_line as plain

Predicate = Callable[[Activity], bool]


def predicate(filters: Sequence[str], clock: Clock) -> Predicate:
    """Whether an activity meets all of some filters (`FIELD OP VALUE[,VALUE]`). ValueError tells what is allowed."""
    tests = [compile_filter(parse_condition(text), now=clock) for text in filters]
    return lambda activity: all(test(activity) for test in tests)


def search(
    connection: sqlite3.Connection,
    wanted: Predicate,
    *,
    since: int | None = None,
    until: int | None = None,
    sort: str = "-timestamp",
    limit: int = 0,
) -> Iterator[Activity]:
    """The activities of a span of event time (milliseconds, both ends included) that are wanted, sorted by a field.

    sort: a field's name, with `-` in front for largest first; unknown values come last. limit: at most so many, 0 is all.
    Memory is flat for the newest first (the default) and for any limit; all of them in another order are sorted in memory.
    """
    low, high = activities.span(since, until)
    if sort == "-timestamp":
        found = (a for a in _newest_first(connection, low, high) if wanted(a))
        return islice(found, limit) if limit else found
    matching = (a for block in activities.scan(connection, low, high) for a in block if low <= a.timestamp <= high and wanted(a))
    name, descending = sort.removeprefix("-"), sort.startswith("-")
    if limit:
        pick = heapq.nlargest if descending else heapq.nsmallest
        return iter(pick(limit, matching, key=_order(name, last=not descending)))
    return iter(sorted(matching, key=_order(name, last=not descending), reverse=descending))


def get(connection: sqlite3.Connection, activity_id: str) -> Activity | None:
    """One activity by its id; the newest where several instances have it."""
    for block in activities.scan_containing(connection, activity_id.encode("utf-8", "surrogatepass")):
        for activity in block:
            if activity.activity_id == activity_id:
                return activity
    return None


def pretty_raw(activity: Activity) -> str:
    """The exported record for a terminal: indented, and without anything that commands it."""
    try:
        text = json.dumps(json.loads(activity.raw), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        text = activity.raw
    return "\n".join(line[: len(line) - len(line.lstrip(" "))] + plain(line) for line in text.split("\n"))


def _newest_first(connection: sqlite3.Connection, low: int, high: int) -> Iterator[Activity]:
    """Blocks come by their newest activity, so what is newer than the next block's newest is complete."""
    waiting: list[tuple[int, int, Activity]] = []
    number = 0
    for block in activities.scan(connection, low, high):
        newest = max(activity.timestamp for activity in block)
        while waiting and -waiting[0][0] > newest:
            yield heapq.heappop(waiting)[2]
        for activity in block:
            if low <= activity.timestamp <= high:
                number += 1
                heapq.heappush(waiting, (-activity.timestamp, number, activity))
    while waiting:
        yield heapq.heappop(waiting)[2]


def _order(name: str, *, last: bool) -> Callable[[Activity], tuple[bool, Any]]:
    """A key for sorting: text without regard to case, unknown values at the end of either direction."""

    def key(activity: Activity) -> tuple[bool, Any]:
        value = getattr(activity, name)
        if value is None:
            return (last, "")
        return (not last, value.casefold() if isinstance(value, str) else str(value) if isinstance(value, tuple) else value)

    return key
