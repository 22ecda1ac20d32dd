"""Which alerts are stored and not sent, so that nobody is flooded. How many they were is an alert too: nothing is held back in silence.

Counted by the clock, not in event time: it is people who are spared, and they live by the clock.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping

from casbd.alerting import raising
from casbd.model import identity
from casbd.model.alert import Alert
from casbd.policies.policy import Policy
from casbd.records.timestamps import iso
from casbd.store.state import held_back, raised_alerts
from casbd.store.state.held_back import HeldBack

DAY = 86_400_000


class Decision:
    """Whether a new alert is held back. notice: the alert that says how many were, which goes before it."""

    def __init__(self, held: bool, notice: Alert | None = None) -> None:
        self.held = held
        self.notice = notice


def decide(connection: sqlite3.Connection, policy: Policy, subject: str, now: int) -> Decision:
    """Decide about an alert that a policy is about to raise, and remember it, inside the transaction that stores the alert."""
    notice = None
    before = held_back.get(connection, policy.id, "suppress", subject)
    if before is not None and not _is_over(before, policy, now):
        held_back.put(connection, before._replace(number=before.number + 1))
        return Decision(True)
    if before is not None:
        notice = _notice(before, policy.name, now)
        held_back.forget(connection, before)
    limit = policy.alert.daily_limit
    if limit is not None and raised_alerts.raised_since(connection, policy.id, now - now % DAY, limit) >= limit:
        today = held_back.get(connection, policy.id, "daily_limit", "") or HeldBack(policy.id, "daily_limit", "", now, 0)
        held_back.put(connection, today._replace(number=today.number + 1))
        return Decision(True, notice)
    if policy.alert.suppress is not None:
        held_back.put(connection, HeldBack(policy.id, "suppress", subject, now, 0))
    return Decision(False, notice)


def over(connection: sqlite3.Connection, policies: Mapping[str, Policy], now: int) -> Iterator[Alert]:
    """The alerts about times that have come to their end, which are forgotten, inside the caller's transaction."""
    for held in held_back.every(connection):
        policy = policies.get(held.policy)
        if policy is not None and not _is_over(held, policy, now):
            continue
        held_back.forget(connection, held)
        notice = _notice(held, policy.name if policy else held.policy, now)
        if notice is not None:
            yield notice


def _is_over(held: HeldBack, policy: Policy, now: int) -> bool:
    """By what the policy says now: a length that was changed counts from the same beginning; what began in the future did not."""
    if held.why == "daily_limit":
        return not now - now % DAY <= held.since <= now
    return not 0 <= now - held.since < (policy.alert.suppress or 0)


def _notice(held: HeldBack, name: str, now: int) -> Alert | None:
    """`17 more of ...`; None where there were none."""
    if not held.number:
        return None
    alerts_are = "alert of this policy was" if held.number == 1 else "alerts of this policy were"
    whose = f" for {identity.for_people(held.subject)}" if held.subject else ""
    return raising.system(
        "alerts_held_back",
        f"{held.number} more of {name}",
        f"{held.number} more {alerts_are} raised{whose} since {iso(held.since)}, and stored without being sent ({held.why}).",
        subject=f"{held.policy}\0{held.why}\0{held.subject}",
        moment=held.since,
        now=now,
    )
