"""Searching activities: the same filters, and the same code that decides, as in policies."""

from __future__ import annotations

import heapq
import json
from collections.abc import Callable, Collection, Iterator
from itertools import groupby
from operator import attrgetter
from typing import Any

from casbd.activity_log.cursor import Cursor
from casbd.activity_log.reading import ActivityLog
from casbd.activity_log.wanted import Wanted
from casbd.model.activity import FIELDS, Activity
from casbd.wire.plain_text import single_line


def search(
    log: ActivityLog,
    wanted: Wanted,
    *,
    since: int | None = None,
    until: int | None = None,
    sort: str = "-timestamp",
    limit: int = 0,
    after: Cursor | None = None,
    fields: Collection[str] = FIELDS,
) -> Iterator[Activity]:
    """The activities of a span of event time (milliseconds, both ends included) that are wanted, sorted by a field.

    sort: a field's name, with `-` in front for largest first; unknown values come last. limit: at most so many, 0 is all.
    after: only what comes behind this place, of the newest first alone; ValueError with another order.
    fields: those of interest, the rest may be unknown; without `raw` the search of a large log takes a fraction of the time.
    Memory is flat for the newest first (the default) and for any limit; all of them in another order are sorted in memory.
    """
    name, descending = sort.removeprefix("-"), sort.startswith("-")
    read = {*fields, *wanted.reads, *Cursor._fields, name}
    if sort == "-timestamp":
        newest = log.newest_first(since, _until(until, after), wanted.where, read, few=bool(limit))
        return _newest_first(newest, wanted, limit, after)
    if after is not None:
        raise ValueError("only the newest first have pages")
    matching = (activity for several in log.scan(since, until, wanted.where, read) for activity in several if wanted.meets(activity))
    if limit:
        pick = heapq.nlargest if descending else heapq.nsmallest
        return iter(pick(limit, matching, key=_order(name, last=not descending)))
    return iter(sorted(matching, key=_order(name, last=not descending), reverse=descending))


def _until(until: int | None, after: Cursor | None) -> int | None:
    return until if after is None else after.timestamp if until is None else min(until, after.timestamp)


def _newest_first(newest: Iterator[Activity], wanted: Wanted, limit: int, after: Cursor | None) -> Iterator[Activity]:
    """In one order whatever part of the log they are in: those of one time, few as a rule, by their place."""
    activities = filter(wanted.meets, newest)
    if after is not None:
        activities = filter(after.before, activities)
    left = limit
    for _, run in groupby(activities, key=attrgetter("timestamp")):
        some = _in_order(run, left)
        yield from some
        if limit and not (left := left - len(some)):
            return


def _in_order(run: Iterator[Activity], limit: int) -> list[Activity]:
    return heapq.nsmallest(limit, run, key=Cursor.at) if limit else sorted(run, key=Cursor.at)


def pretty_raw(activity: Activity) -> str:
    """The exported record for a terminal: indented, and without anything that commands it."""
    try:
        text = json.dumps(json.loads(activity.raw), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        text = activity.raw
    return "\n".join(line[: len(line) - len(line.lstrip(" "))] + single_line(line) for line in text.split("\n"))


def _order(name: str, *, last: bool) -> Callable[[Activity], tuple[bool, Any]]:
    """A key for sorting: text without regard to case, unknown values at the end of either direction."""

    def key(activity: Activity) -> tuple[bool, Any]:
        value = getattr(activity, name)
        if value is None:
            return (last, "")
        return (not last, value.casefold() if isinstance(value, str) else str(value) if isinstance(value, tuple) else value)

    return key
