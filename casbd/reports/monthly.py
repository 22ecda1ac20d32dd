"""The monthly report: its types, under the names that `casbd report monthly --json` prints. Times are ISO 8601, in UTC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from casbd.reports.document import Step


class Compared(msgspec.Struct, frozen=True):
    """A number of the month, and of the month before."""

    month: int
    before: int


class OfType(msgspec.Struct, frozen=True):
    """Incidents of one category of policies (or of one severity)."""

    type: str
    incidents: int
    before: int


class Handling(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the month's alerts. median_hours, slowest_hours: from raising to closing; None where none was closed.

    before_hours: the median of the month before. open_high: those still open whose severity is high.
    """

    open: int
    open_high: int
    true_positive: int
    benign: int
    false_positive: int
    unexplained: int
    median_hours: float | None
    slowest_hours: float | None
    before_hours: float | None

    @property
    def closed(self) -> int:
        """All that are."""
        return self.true_positive + self.benign + self.false_positive + self.unexplained


class Period(msgspec.Struct, frozen=True):
    """A month (`2026-10`) or a week (by its first day). by_severity: its incidents."""

    period: str
    incidents: int
    alerts: int
    by_severity: Mapping[str, int]


class WorstIncident(msgspec.Struct, frozen=True, kw_only=True):
    """One of the most severe incidents. incident_id: None for an alert that is of none. severity, state: as of `counted.Incident`.

    what: the names of its policies; evidence, user: of its most severe alert.
    """

    at: str
    incident_id: str | None
    severity: str
    what: str
    evidence: str
    user: str | None
    alerts: int
    state: str


class Tuning(msgspec.Struct, frozen=True):
    """What would have made a policy quieter. removed: alerts of the month that would not have been; lost: true ones among them.

    exception: what to put into `exceptions.yaml`; empty where it is something else.
    """

    advice: str
    removed: int
    lost: int
    exception: str = ""


class NoisyPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """A policy that raised many of the month's alerts."""

    policy_id: str
    name: str
    alerts: int
    before: int
    true_positive: int
    benign: int
    false_positive: int
    open: int
    tuning: Tuning | None


class TopUser(msgspec.Struct, frozen=True):
    """high: alerts of high severity. priority: the investigation priority at the month's end, or now."""

    user: str
    alerts: int
    high: int
    open: int
    activities: int
    priority: int = 0


class TopCountry(msgspec.Struct, frozen=True):
    """country: ISO 3166."""

    country: str
    alerts: int
    activities: int
    before: int


class Commands(msgspec.Struct, frozen=True):
    """Governance commands of one action and one status."""

    action: str
    status: str
    commands: int


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A change of rules or configuration. kind: `policy`, `exceptions`, `configuration` or `list`. by: as far as it is known.

    diff: of its text, cut where it is long; empty where none is kept (configuration and lists may hold secrets and names).
    """

    at: str
    kind: str
    name: str
    what: str
    by: str
    while_stopped: bool = False
    diff: str = ""


class LastChange(msgspec.Struct, frozen=True):
    """When a policy's file was last changed, as far as casbd has seen."""

    policy_id: str
    at: str
    what: str


class Trouble(msgspec.Struct, frozen=True):
    """What casbd said of itself: a destination that took nothing, an input that was silent. last: when it was so."""

    what: str
    times: int
    last: str
    goes_on: bool


class RejectedRecords(msgspec.Struct, frozen=True):
    """Records of one input that could not be read, for one reason."""

    input: str
    reason: str
    records: int


class MonthlyReport(msgspec.Struct, frozen=True, kw_only=True):
    """All of it. month: `2026-10`; is_over: false where the month still goes on.

    types: incidents by the policies' category. never_matched: policies that met nothing since casbd began, with their names.
    """

    month: str
    is_over: bool
    since: str
    until: str
    made: str
    version: str
    activities: Compared
    active_users: Compared
    incidents: Compared
    alerts: Compared
    types: Sequence[OfType]
    severities: Sequence[OfType]
    handling: Handling
    months: Sequence[Period]
    weeks: Sequence[Period]
    days: Mapping[str, int]
    worst: Sequence[WorstIncident]
    noisy: Sequence[NoisyPolicy]
    users: Sequence[TopUser]
    countries: Sequence[TopCountry]
    governance: Sequence[Commands]
    governance_mode: str
    policies: int
    never_matched: Mapping[str, str]
    troubles: Sequence[Trouble]
    rejects: Sequence[RejectedRecords]
    last_configuration_change: str | None = None
    changes: Sequence[Change] = ()
    last_changes: Sequence[LastChange] = ()
    recommendations: Sequence[Step] = ()
