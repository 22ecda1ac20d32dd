"""Saying that a destination takes nothing, or a person's messages come back: an outage that nobody notices is as bad as a lost alert."""

from __future__ import annotations

from collections.abc import Collection

from casbd.alerting import raising
from casbd.model.alert import Alert
from casbd.records.timestamps import iso
from casbd.store.database import Store
from casbd.store.state import outbox, raised_alerts, told
from casbd.store.state.told import Refusals

_OUTPUT_DOWN = "destination_down"
_DOWN = {"connector": "connector_down", "notify": "recipient_down"}
"""What kind of alert it is, by what the queue's name begins with: an output's has no colon."""


def down_alerts(store: Store, queues: Collection[str], patience: int, now: int, at_once: Collection[str] = ()) -> dict[str, Alert]:
    """By destination that has been down for `patience` milliseconds, the alert that says so; one an outage.

    queues: of the destinations that are configured. at_once: those that wait for somebody to change something.
    """
    down = {
        name: since
        for name, since in outbox.down_since(store.connection).items()
        # either way: of one that went down before the clock was set back by years nobody would hear for years
        if name in queues and (abs(now - since) >= patience or name in at_once)
    }
    if not down:  # else the whole outbox would be counted every ten seconds
        return {}
    deliveries = outbox.deliveries(store.connection)
    return {name: _alert(deliveries[name], since, now) for name, since in down.items()}


def _alert(delivery: outbox.Delivery, since: int, now: int) -> Alert:
    waiting = f"{delivery.pending + delivery.in_doubt} messages wait"
    oldest = f", the oldest since {iso(delivery.oldest)}" if delivery.oldest else ""
    return raising.system(
        _kind(delivery.name),
        f"Destination {delivery.name} takes no messages",
        f"Destination {delivery.name} has taken nothing since {iso(since)} ({delivery.last_error}). {waiting}{oldest}.",
        subject=delivery.name,
        moment=since,
        now=now,
    )


def _kind(name: str) -> str:
    return _DOWN.get(name.partition(":")[0], _OUTPUT_DOWN)


class Outages:
    """The destinations that were down when it was looked last."""

    def __init__(self) -> None:
        self._known: dict[str, int] | None = None

    def over(self, store: Store, queues: Collection[str], now: int) -> dict[str, str]:
        """Which alerts, by id, are of an outage that is over, and the comment that says so. Some may never have been raised.

        That of a destination which is configured no more is over, too: if it comes back and takes nothing, that is another one.
        """
        down = outbox.down_since(store.connection)
        if gone := down.keys() - set(queues):
            with store.transaction() as connection:
                for name in gone:
                    outbox.recovered(connection, name)
        known, self._known = self._known, {name: since for name, since in down.items() if name not in gone}
        if known is None:  # what ended right before a kill is told at the next start
            known = _of_open_alerts(store, {*queues, *gone})
        over = {name: since for name, since in known.items() if self._known.get(name) != since}
        what = {name: "takes messages again" if name in queues else "is not configured any more" for name in over}
        return {
            _alert_id(name, since): f"Destination {name} {what[name]}; it had taken none for {max(now - since, 0) // 60_000} minutes."
            for name, since in over.items()
        }


def _of_open_alerts(store: Store, queues: Collection[str]) -> dict[str, int]:
    found = {}
    for kind in (_OUTPUT_DOWN, *_DOWN.values()):
        for alert in raised_alerts.find(store.connection, status="open", policy_id=f"casbd.{kind}"):
            for name in queues:
                if _alert_id(name, alert.first_activity) == alert.alert_id:
                    found[name] = alert.first_activity
    return found


def _alert_id(name: str, since: int) -> str:
    return raising.system(_kind(name), "", "", subject=name, moment=since, now=since).alert_id


def refused_alerts(store: Store, queues: Collection[str], now: int) -> dict[str, Alert]:
    """By recipient whose messages are refused for good, the alert that says so; one until it takes a message again."""
    return {one.destination: _refused(one, now) for one in told.refusals(store.connection) if one.destination in queues}


def _refused(one: Refusals, now: int) -> Alert:
    alerts = "1 alert was" if one.number == 1 else f"{one.number} alerts were"
    return raising.system(
        "recipient_refused",
        f"Recipient {one.destination} takes no messages",
        f"{alerts} not told to {one.destination} since {iso(one.since)}: {one.reason}. They are stored (`casbd alerts list`).",
        subject=one.destination,
        moment=one.since,
        now=now,
    )
