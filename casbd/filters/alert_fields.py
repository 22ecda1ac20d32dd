"""The fields of alerts that filters may ask for. Those that activities have too are of the same kind, and a condition means the same."""

from __future__ import annotations

from typing import get_args

from casbd.model.activity import Field, Kind
from casbd.model.alert import SEVERITIES, SYSTEM, Category, PolicyType

_KINDS: dict[str, Kind] = {
    "policy_id": "text",
    "policy_name": "text",
    "policy_type": "choice",
    "severity": "choice",
    "category": "choice",
    "title": "text",
    "description": "text",
    "user": "text",
    "app": "text",
    "app_instance": "text",
    "ip_address": "text",
    "country": "text",
    "first_activity": "time",
    "last_activity": "time",
    "created": "time",
    "activity_count": "integer",
    "risk_score": "integer",
    "tags": "list",
    "evidence": "text",
    "detection": "text",
    "unusual": "number",
}
_VALUES: dict[str, tuple[str, ...]] = {
    "policy_type": get_args(PolicyType),
    "severity": SEVERITIES,
    "category": (*get_args(Category), SYSTEM),
}
ALERT_FIELDS = {name: Field(name, kind, "", "", "", _VALUES.get(name, ())) for name, kind in _KINDS.items()}
"""What people decide about an alert later is not among them: whoever has heard of one hears of that."""
