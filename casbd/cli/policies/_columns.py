"""What programs are given of a policy, and how its counting is written for people."""

from __future__ import annotations

from typing import Any

from casbd.documents import durations
from casbd.policies.policy import Policy


def about(policy: Policy) -> dict[str, Any]:
    """What its file says."""
    return {
        "policy_id": policy.id,
        "name": policy.name,
        "severity": policy.severity,
        "category": policy.category,
        "tests": len(policy.tests),
        "tags": policy.tags,
        "template": policy.template or None,
        "file": str(policy.path),
    }


def counting(policy: Policy) -> str:
    """`10 in 5m`; `each` where every activity counts."""
    if policy.match is None:
        return "each"
    if policy.windowed is None:
        return policy.match.kind
    within = durations.written(policy.windowed.within)
    if policy.match.policy_type == "activity":
        return f"each in {within}"
    return f"{policy.windowed.needed}{' steps' if policy.match.steps else ''} in {within}"
