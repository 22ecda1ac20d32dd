"""What the activity log and the alerts say of policies: which records arrive, and since when each policy has found something."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from casbd.activity_log import ActivityLog
from casbd.activity_log.observed import Span
from casbd.activity_log.wanted import Wanted
from casbd.cli.policies._columns import about
from casbd.cli.policies._loaded import Loaded
from casbd.clock import now
from casbd.errors import StoreError
from casbd.model.costly import SetAside
from casbd.policies.coverage import Standing, standing
from casbd.policies.policy import Policy
from casbd.records.timestamps import iso
from casbd.reports import from_log
from casbd.store.database import Store
from casbd.store.state import reported

DAYS = 30
"""Of which records are there at all."""


class Listed(NamedTuple):
    """What is known of a policy. first, last: the days (`2026-10-31`) of its first and last match, of what is kept."""

    policy: Policy
    aside: SetAside | None
    matches: int
    alerts: int
    first: str | None
    last: str | None
    needs: Sequence[str]

    def fields(self) -> dict[str, Any]:
        """As JSON has it."""
        policy = self.policy
        state = {"enabled": policy.enabled, "mode": policy.mode, "set_aside": iso(self.aside.at) if self.aside else None}
        numbers = {"matches": self.matches, "alerts": self.alerts, "first_match": self.first, "last_match": self.last}
        return about(policy) | state | numbers | {"needs": self.needs}


def listed(loaded: Loaded, policies: Sequence[Policy]) -> list[Listed]:
    """Policies with what the store knows of them; without one, what their files say."""
    counts, days, aside = loaded.counts(), _days(loaded), loaded.set_aside(policies)
    rows = []
    for one in standings(loaded, policies, Span.before(now(), DAYS)):
        name = one.policy.id
        matches, alerts = counts.get(name, (0, 0))
        first, last = days.get(name, (None, None))
        rows.append(Listed(one.policy, aside.get(name), matches, alerts, first, last, one.needs))
    return rows


def standings(loaded: Loaded, policies: Sequence[Policy], span: Span) -> list[Standing]:
    """How policies stand, by the records that arrived in a span."""
    there, aside, lacks = _seen(loaded, span), loaded.set_aside(policies), loaded.lacks(policies)
    return [standing(policy, there, lacks.get(policy.id, ()), aside=policy.id in aside) for policy in policies]


def _seen(loaded: Loaded, span: Span) -> Collection[str]:
    """The formats of which activities are in the log; `counts` reports where it cannot be read."""
    try:
        with Store(loaded.settings.state_dir, readonly=True) as store:
            counts = ActivityLog(store).counts(Wanted([], lambda: 0), ["source"], span.since, span.until)
    except StoreError:
        return ()
    return {source for (source,) in counts if source is not None}


def _days(loaded: Loaded) -> Mapping[str, tuple[str, str]]:
    """By policy that found anything: an activity that meets it, or, where it compares with what is usual, an alert."""
    try:
        with Store(loaded.settings.state_dir, readonly=True) as store:
            days = {policy: (iso(first)[:10], iso(last)[:10]) for policy, (first, last) in reported.spans(store.connection).items()}
            return days | {policy: (met.first, met.last) for policy, met in from_log.matches(store).items()}
    except StoreError:  # `counts` has reported it
        return {}
