"""What of its queue an output is sent: `filters` and `max_activity_age` of activities, and of alerts what nobody had time to ask before."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from msgspec.structs import replace

from casbd.clock import Clock
from casbd.errors import Retry
from casbd.filters import bounded
from casbd.filters.effort import TooCostly
from casbd.filters.tree import Node
from casbd.model.activity import Activity
from casbd.model.alert import Alert
from casbd.plugins import Item
from casbd.store.database import Store
from casbd.store.state import raised_alerts
from casbd.store.state.outbox import Row

COSTLY_SECONDS = 60.0
TOGETHER = 16
"""So many activities are asked about at a time."""


class WhatIsSent:
    """oldest: how old an activity may have been when it was stored (ms); None: as old as it likes. filters: None: everything meets them.

    Retry where the filters cost so much that everybody else would wait for them.
    """

    def __init__(self, oldest: int | None, filters: Node | None, clock: Clock) -> None:
        self._oldest = oldest
        self._activities = None if filters is None else bounded.of_activities(filters, clock)
        self._alerts = None if filters is None else bounded.of_alerts(filters, clock)

    def places(self, activities: Sequence[Activity], start: int, stored: int, most: int) -> list[int]:
        """The places of the next activities, from one on, of a block that was stored then (ms)."""
        oldest = -math.inf if self._oldest is None else stored - self._oldest
        young = (place for place in range(start, len(activities)) if activities[place].timestamp >= oldest)
        if self._activities is None:
            return [*itertools.islice(young, most)]
        places: list[int] = []
        while len(places) < most and (some := [*itertools.islice(young, TOGETHER)]):
            with _in_bounds():
                met = self._activities.of([activities[place] for place in some])
            places += itertools.compress(some, met)
        return places[:most]

    def item(self, store: Store, row: Row) -> Item | None:
        """What a row is about; None where it was undecided, and is not sent. An alert is then as it is by now: the output was not told
        what has become of it."""
        item = row.item()
        if not row.undecided:
            return item
        if isinstance(item, Alert):
            present = raised_alerts.get(store.connection, item.alert_id) or item
            item = replace(present, event="raised" if present.status == "open" else "closed")
        return item if self._meets(item) else None

    def _meets(self, item: Item) -> bool:
        with _in_bounds():
            match item:
                case Alert():
                    return self._alerts is None or self._alerts(item)
                case Activity():
                    return self._activities is None or self._activities(item)
        return True


@contextmanager
def _in_bounds() -> Iterator[None]:
    try:
        yield
    except TooCostly:
        raise Retry(
            "its `filters` cost so much that reading and the other outputs would wait for them. Ask for less: shorter regular expressions"
            " without large repeats, fewer values, no `raw.**`",
            after=COSTLY_SECONDS,
            stands=True,
            lasting=True,
        ) from None
