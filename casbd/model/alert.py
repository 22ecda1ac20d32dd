"""The alert: what a policy, a detection or casbd itself raises."""

from __future__ import annotations

from typing import Literal

import msgspec

Severity = Literal["informational", "low", "medium", "high"]
SEVERITIES: tuple[Severity, ...] = ("informational", "low", "medium", "high")
Resolution = Literal["true_positive", "benign", "false_positive"]
RESOLUTIONS: tuple[Resolution, ...] = ("true_positive", "benign", "false_positive")
"""What an alert turned out to be, as who closes it says."""
Category = Literal[
    "access_control",
    "cloud_discovery",
    "compliance",
    "configuration_control",
    "dlp",
    "privileged_accounts",
    "sharing_control",
    "threat_detection",
]
"""Of a policy, and so of its alerts."""
SYSTEM = "system"
"""The category of alerts about casbd itself; the others' are their policies'."""
Event = Literal["raised", "updated", "closed", "reopened"]
"""What a message about an alert says: its count doubled, its severity rose, or an hour passed and it grew; or a person decided."""
PolicyType = Literal["activity", "repeated_activity", "sequence", "anomaly", "system"]


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """One alert, as `casbd alerts list --json` prints it. Times are milliseconds since 1970-01-01 UTC.

    alert_id: 32 hex digits, the same whenever the same activities are read: a hash of the policy, the subject and the
    activity that completed the match.
    activity_ids: at most the first 1,000; `activity_count` counts them all.
    merged_into: the earlier alert that this one turned out to be a part of, when a late record joined two runs.
    evidence: one sentence with the numbers that decide. closed, closed_by: when and by whom; both stay None while it is open.
    read, assigned_to: whether somebody has looked at it, and who is to. event: what the latest message about it said.
    changed: when what `event` says happened, unless it is that it was raised.
    named: who, besides the user, is named in the evidence by what does not look like an address.
    detection: the kind of `match:` of its policy, and what it looks at: `repeated activities`, `new country`; "" of a single activity's.
    unusual: how unusual it is, from 0 to 1; None where its policy does not compare with what is usual.
    """

    alert_id: str
    policy_id: str
    policy_name: str
    policy_type: PolicyType
    severity: Severity
    category: str | None = None
    title: str = ""
    description: str = ""
    user: str | None = None
    app: str | None = None
    app_instance: str | None = None
    ip_address: str | None = None
    country: str | None = None
    first_activity: int = 0
    last_activity: int = 0
    activity_count: int = 1
    activity_ids: tuple[str, ...] = ()
    status: Literal["open", "closed"] = "open"
    resolution: Resolution | None = None
    comment: str | None = None
    risk_score: int | None = None
    created: int = 0
    tags: tuple[str, ...] = ()
    merged_into: str | None = None
    suppressed: bool = False
    """Stored but not sent: past the policy's daily limit."""
    evidence: str = ""
    incident_id: str | None = None
    read: bool = False
    assigned_to: str | None = None
    closed: int | None = None
    closed_by: str | None = None
    event: Event = "raised"
    named: tuple[str, ...] = ()
    detection: str = ""
    unusual: float | None = None
    changed: int | None = None
