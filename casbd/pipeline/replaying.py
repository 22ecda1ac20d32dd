"""What is stored goes to an output once more: to a new one, or because somebody asked for it.

A page at a time, and the next one when the queue is nearly empty: what is repeated neither fills the outbox nor holds up reading. Where
a page begins is stored in the transaction that queues it: killed at any moment, it goes on there, and nothing is left out. Messages
have the ids that they had; what casbd learns of meanwhile is sent beside it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, MutableMapping
from itertools import chain, islice
from typing import NamedTuple

from msgspec.structs import replace

from casbd.activity_log import ActivityLog, Wanted
from casbd.activity_log.cursor import Cursor
from casbd.activity_log.opened import ALL
from casbd.alerting import wishes
from casbd.clock import Clock
from casbd.config.settings import PluginSettings, Settings
from casbd.filters import bounded
from casbd.filters.bounded import Answer
from casbd.filters.limits import weight
from casbd.filters.sql import may
from casbd.model.activity import Activity
from casbd.model.alert import Alert
from casbd.store.database import Store
from casbd.store.state import outbox, raised_alerts, replays
from casbd.store.state.replays import Replay

PAGE = 1000
"""Alerts or activities that are queued in one transaction, about."""
ROOM = 5000
"""No page is queued for an output for which so many messages wait."""
MOST_WEIGHT = 500
"""Filters with more values and instructions of regular expressions than this are not asked in SQL, which nobody would stop."""
_WIDTH = 60_000
"""Of the first span of event time that is looked at for a page of activities (ms)."""
_MOST_LOOKED_AT = 50_000
"""Of so many activities a page is made at most, about: where filters choose few of them a page has few."""


class Found(NamedTuple):
    """How many of each there are to be sent."""

    alerts: int
    activities: int


def begin_new(store: Store, settings: Settings, now: int) -> None:
    """Ask for what new outputs get of what is stored (`from`), once for each; before anything is raised."""
    new = [output for output in settings.outputs if output.name not in replays.begun(store.connection)]
    if not new:
        return
    with store.transaction() as connection:
        replays.begin(connection, [output.name for output in new])
        for output in new:
            since = max(0, now - min(output.begin, now if output.max_activity_age is None else output.max_activity_age))
            if output.begin:
                replays.ask(connection, output.name, since, now - 1)


def count(store: Store, output: PluginSettings, since: int, until: int, clock: Clock) -> Found:
    """What a replay of a span (ms, both ends included) would send."""
    return left(store, output, replays.of_span(output.name, since, until), clock)


def left(store: Store, output: PluginSettings, replay: Replay, clock: Clock) -> Found:
    """What a replay has still to queue, with the activities that were stored since it was asked for."""
    alerts: list[tuple[Alert, Collection[str]]] = []
    if replay.alerts_left:
        alerts += raised_alerts.told_between(store.connection, replay.since, replay.until, (replay.created, replay.alert_id))
    activities = 0
    if "activities" in output.send and replay.place <= replay.until:
        wanted = Wanted([] if output.filters is None else [output.filters], clock)
        activities = sum(ActivityLog(store).counts(wanted, ["app"], replay.place, replay.until).values())
    return Found(sum(1 for _ in _chosen(output, alerts)), activities)


def go_on(store: Store, settings: Settings, clock: Clock, widths: MutableMapping[int, int]) -> bool:
    """Queue one page for each output that has room; whether there was any.

    widths: how long a span of event time (ms) makes a page, by replay; kept for the next call, or it would be found out anew each time.
    """
    outputs = {output.name: output for output in settings.outputs}
    first = {one.destination: one for one in reversed(replays.waiting(store.connection)) if one.destination in outputs}
    waiting = outbox.pending(store.connection) if first else {}
    having_room = [replay for name, replay in first.items() if waiting.get(name, (0, 0))[0] < ROOM]
    for replay in having_room:
        _page(store, outputs[replay.destination], replay, clock, widths)
    return bool(having_room)


def _page(store: Store, output: PluginSettings, replay: Replay, clock: Clock, widths: MutableMapping[int, int]) -> None:
    """Queue one, and store what is left."""
    sends_activities = "activities" in output.send
    if replay.alerts_left:
        with store.transaction() as connection:
            behind = _queue_alerts(connection, output, replay, clock())
            _note(connection, replay, behind if behind.alerts_left or sends_activities else None)
        return
    activities: list[_Chosen] = []
    left: Replay | None = None
    if sends_activities:
        width = widths.get(replay.number, _WIDTH)
        activities, left, widths[replay.number] = _slice(ActivityLog(store), _Choosing(output, clock), replay, width)
    with store.transaction() as connection:
        for activity, answer in activities:
            outbox.add_activity(connection, output.name, activity, clock(), undecided=answer is Answer.UNDECIDED)
        _note(connection, replay, left)


def _note(connection: sqlite3.Connection, replay: Replay, left: Replay | None) -> None:
    if left is None:
        replays.end(connection, replay)
    else:
        replays.went_on(connection, left)


def _queue_alerts(connection: sqlite3.Connection, output: PluginSettings, replay: Replay, now: int) -> Replay:
    """Each as it is, an open one as if it were new. From now on the output hears what becomes of it."""
    page = raised_alerts.told_between(connection, replay.since, replay.until, (replay.created, replay.alert_id), PAGE)
    for alert, answer in _chosen(output, page):
        outbox.add(connection, output.name, alert, now, undecided=answer is Answer.UNDECIDED)
        if answer is Answer.YES:
            raised_alerts.note_heard(connection, alert.alert_id, output.name)
    if len(page) < PAGE:
        return replay._replace(alerts_left=False)
    last, _ = page[-1]
    return replay._replace(created=last.created, alert_id=last.alert_id)


def _chosen(output: PluginSettings, alerts: Iterable[tuple[Alert, Collection[str]]]) -> Iterator[tuple[Alert, Answer]]:
    """Those that it has heard of, or wants, however old they are: somebody asked for them."""
    wish = wishes.of_output(output)._replace(oldest=None)
    for alert, heard in alerts:
        if wish.takes(alert) and (answer := Answer.YES if output.name in heard else wish.wants(alert)):
            yield replace(alert, event="raised" if alert.status == "open" else "closed"), answer


class _Chosen(NamedTuple):
    """An activity that the output is sent, or that it may be sent."""

    activity: Activity
    answer: Answer


class _Choosing:
    """Which activities an output is sent. where: what SQL can say of it, where that is little: nothing bounds its time."""

    def __init__(self, output: PluginSettings, clock: Clock) -> None:
        asked = output.filters
        self.answer: Callable[[Activity], Answer] = lambda _: Answer.YES
        self.where = ALL
        if asked is not None:
            self.answer = bounded.of_activities(asked, clock).answer
            self.where = may(asked, clock) if weight(asked) <= MOST_WEIGHT else ALL

    def chosen(self, activities: Iterable[Activity]) -> Iterator[_Chosen]:
        """Those of some."""
        return (_Chosen(one, answer) for one in activities if (answer := self.answer(one)))


def _slice(log: ActivityLog, choosing: _Choosing, replay: Replay, width: int) -> tuple[list[_Chosen], Replay | None, int]:
    """The next activities in the order of their times; what is left behind them; how long a span the next page is made of (ms)."""
    first, last = log.span()
    place, until = max(replay.place, first), min(replay.until, last)
    while place <= until:
        end, before = min(place + width - 1, until), log.looked_at
        some = _some(log, choosing, place, end, replay.newest_block, PAGE + 1 if width > 1 else None)
        if len(some) <= PAGE or width == 1:
            in_order = sorted(some, key=lambda one: Cursor.at(one.activity))
            left = replay._replace(place=end + 1) if end < until else None
            return in_order, left, _next_width(width, len(some), log.looked_at - before)
        width = max(width // 2, 1)
    return [], None, width


def _next_width(width: int, found: int, looked_at: int) -> int:
    if looked_at > _MOST_LOOKED_AT:
        return max(width // 2, 1)
    return 2 * width if 2 * found <= PAGE and 2 * looked_at <= _MOST_LOOKED_AT else width


def _some(log: ActivityLog, choosing: _Choosing, since: int, until: int, newest_block: int, most: int | None) -> list[_Chosen]:
    several = log.scan(since, until, choosing.where, newest_block=newest_block)
    return [*islice(choosing.chosen(chain.from_iterable(several)), most)]
