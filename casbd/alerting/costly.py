"""The alerts about policies that cost too much."""

from __future__ import annotations

from msgspec.structs import replace

from casbd.alerting import raising
from casbd.model.alert import Alert
from casbd.model.costly import Costly
from casbd.policies.policy import Policy
from casbd.records.timestamps import iso

HOUR = 3_600_000


def set_aside(policy: Policy, meaning: str, cost: Costly, now: int) -> Alert:
    """The alert about a policy that is asked no more from now on (ms)."""
    text = (
        f"The policies together took so long that nothing else would have been read, and this one took {cost.took()}, far more than"
        " any policy needs. It is set aside: it is not asked any more until its filters or what it counts are changed. Ask for less:"
        " shorter regular expressions without large repeats, fewer values, no `raw.**`. What it would have raised since the first of"
        f" these activities is shown by `casbd policies backtest {policy.id} --from {iso(cost.since)}`."
    )
    title = f"{policy.name} costs too much and is set aside"
    alert = raising.system("policy_set_aside", title, text, subject=f"{policy.id}\0{meaning}", moment=now, now=now)
    return replace(alert, severity="high")


def unasked(name: str, number: int, now: int) -> Alert:
    """The alert about activities of an input about which no policy was asked; the same one for an hour."""
    text = (
        f"Policies that cost too much left no time to ask any policy about some activities of input {name}. The activities are stored."
        " Other alerts say which policies were set aside. What all others would have raised is shown by `casbd policies backtest`."
    )
    title = f"Input {name}: no policy was asked about some activities"
    alert = raising.system("activities_not_asked_about", title, text, subject=name, moment=now - now % HOUR, now=now)
    return replace(alert, severity="high", activity_count=number)
