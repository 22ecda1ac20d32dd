"""Saying that a destination takes nothing, or a person's messages come back: an outage that nobody notices is as bad as a lost alert."""

from __future__ import annotations

from collections.abc import Collection

from casbd.alerting import raising
from casbd.model.alert import Alert
from casbd.records.timestamps import iso
from casbd.store.database import Store
from casbd.store.state import outbox, told
from casbd.store.state.told import Refusals

_DOWN = {"connector": "connector_down", "notify": "recipient_down"}
"""What kind of alert it is, by what the queue's name begins with: an output's has no colon."""


def down_alerts(store: Store, queues: Collection[str], patience: int, now: int) -> dict[str, Alert]:
    """By destination that has been down for `patience` milliseconds, the alert that says so; one an outage.

    queues: of the destinations that are configured.
    """
    down = {name: since for name, since in outbox.down_since(store.connection).items() if name in queues and now - since >= patience}
    if not down:  # else the whole outbox would be counted every ten seconds
        return {}
    deliveries = outbox.deliveries(store.connection)
    return {name: _alert(deliveries[name], since, now) for name, since in down.items()}


def _alert(delivery: outbox.Delivery, since: int, now: int) -> Alert:
    waiting = f"{delivery.pending + delivery.in_doubt} messages wait"
    oldest = f", the oldest since {iso(delivery.oldest)}" if delivery.oldest else ""
    return raising.system(
        _DOWN.get(delivery.name.partition(":")[0], "destination_down"),
        f"Destination {delivery.name} takes no messages",
        f"Destination {delivery.name} has taken nothing since {iso(since)} ({delivery.last_error}). {waiting}{oldest}.",
        subject=delivery.name,
        moment=since,
        now=now,
    )


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
