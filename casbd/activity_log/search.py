"""Searching activities: the same filters, and the same code that decides, as in policies."""

from __future__ import annotations

import heapq
import json
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from casbd.activity_log.reading import ActivityLog
from casbd.activity_log.wanted import Wanted
from casbd.model.activity import Activity
from casbd.wire.plain_text import single_line as plain


def search(
    log: ActivityLog,
    wanted: Wanted,
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
    if sort == "-timestamp":
        found = filter(wanted.meets, log.newest_first(since, until, wanted.where))
        return islice(found, limit) if limit else found
    matching = (activity for several in log.scan(since, until, wanted.where) for activity in several if wanted.meets(activity))
    name, descending = sort.removeprefix("-"), sort.startswith("-")
    if limit:
        pick = heapq.nlargest if descending else heapq.nsmallest
        return iter(pick(limit, matching, key=_order(name, last=not descending)))
    return iter(sorted(matching, key=_order(name, last=not descending), reverse=descending))


def pretty_raw(activity: Activity) -> str:
    """The exported record for a terminal: indented, and without anything that commands it."""
    try:
        text = json.dumps(json.loads(activity.raw), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        text = activity.raw
    return "\n".join(line[: len(line) - len(line.lstrip(" "))] + plain(line) for line in text.split("\n"))


def _order(name: str, *, last: bool) -> Callable[[Activity], tuple[bool, Any]]:
    """A key for sorting: text without regard to case, unknown values at the end of either direction."""

    def key(activity: Activity) -> tuple[bool, Any]:
        value = getattr(activity, name)
        if value is None:
            return (last, "")
        return (not last, value.casefold() if isinstance(value, str) else str(value) if isinstance(value, tuple) else value)

    return key
