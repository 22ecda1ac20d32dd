"""Policies that match far too much: one that met more than 100,000 activities in three hours is switched off, as MDCA does.

Sequences are not looked at: a step of one may be any log on, and it is the whole sequence that is rare.

https://learn.microsoft.com/en-us/defender-cloud-apps/user-activity-policies
"""

from __future__ import annotations

from collections.abc import Mapping

from casbd.alerting import raising
from casbd.model.alert import Alert
from casbd.policies import Policy

HOUR = 3_600_000
TOGETHER = 3
"""Hours of event time by the clock, so that old logs that are read in a minute are no flood."""
MOST_HOURS = 48
"""So many hours of each policy are remembered, those with most activities."""


class FloodGuard:
    """Counts what each policy met, by the hour. hours: as it was left by the last commit, by policy."""

    def __init__(self, hours: Mapping[str, dict[int, int]]) -> None:
        self.hours: dict[str, dict[int, int]] = {policy: dict(own) for policy, own in hours.items()}

    def add(self, policy: str, hour: int, number: int) -> int:
        """So many more activities of one hour; how many there are in the three hours around it that have most."""
        own = self.hours.setdefault(policy, {})
        own[hour] = own.get(hour, 0) + number
        if len(own) > MOST_HOURS:
            del own[min(own.keys() - {hour}, key=lambda other: (own[other], other))]
        return max(sum(own.get(start + offset, 0) for offset in range(TOGETHER)) for start in range(hour - TOGETHER + 1, hour + 1))

    def forget(self, policy: str) -> None:
        """A policy that is switched off counts afresh when it is on again."""
        self.hours[policy] = {}


def told(policy: Policy, matches: int, most: int, now: int) -> Alert:
    """The alert about a policy that is switched off."""
    return raising.system(
        "policy_switched_off",
        f"Policy {policy.name} is switched off",
        f"It matched {matches} activities in three hours, more than {most}. It stays off until its rule file is changed, or"
        f" `casbd policies enable {policy.id}`.",
        subject=policy.id,
        moment=now,
        now=now,
    )
