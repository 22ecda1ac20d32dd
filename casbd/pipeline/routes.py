"""Who hears of alerts: the outputs, of all that becomes of them; and people, when one is raised and when it turns out to be worse."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from msgspec.structs import replace

from casbd.alerting import telling, wishes, withdrawn
from casbd.config.settings import Settings
from casbd.governance import withdrawing
from casbd.model.alert import Alert
from casbd.notifications.recipients import Recipients
from casbd.policies.policy import Policy
from casbd.store.state import outbox


class Routes:
    """By the configuration and the policies of today. activities: the outputs that get every activity."""

    def __init__(self, settings: Settings, policies: Iterable[Policy]) -> None:
        self.activities = [*settings.sending("activities")]
        self._outputs = wishes.of(settings)
        self._recipients = Recipients(settings, policies)

    def raised(self, connection: sqlite3.Connection, alert: Alert, now: int, *, besides: str | None = None) -> None:
        """Store a new alert, and tell it. now: milliseconds since 1970. besides: the destination that does not get it."""
        telling.add(connection, alert, {name: wish for name, wish in self._outputs.items() if name != besides}, now)
        for queue in self._recipients.queues(alert, now):
            if queue != besides:
                outbox.add(connection, queue, alert, now)

    def withdrawn(self, connection: sqlite3.Connection, alert: Alert, now: int) -> None:
        """Close an alert that is none any more, tell it to those who heard of it, and take back its commands that wait."""
        if withdrawn.withdraw(connection, alert, self._outputs, now):
            withdrawing.of_withdrawn(connection, alert.alert_id, now)

    def grown(self, connection: sqlite3.Connection, alert: Alert, before: Alert, now: int) -> None:
        """Store an alert that has grown, and tell it to whom that is due."""
        if alert.status != before.status:
            telling.change(connection, alert, "reopened", self._outputs, now)
        else:
            telling.grow(connection, alert, self._outputs, now)
        for queue in self._recipients.queues(alert, now, before):
            outbox.add(connection, queue, replace(alert, event="updated"), now)
