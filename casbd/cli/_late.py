"""What is told of activities that came too late to be judged."""

from __future__ import annotations

from casbd.daemon.gathered_status import LateStatus


def late_line(late: LateStatus) -> str:
    """When it will be judged, too."""
    when = f"at {_second(late.judged_at)} or later" if late.judged_at else "as soon as the inputs are read"
    number = f"{late.policies} policies, up to {late.activities:,} activities each, back to {_second(late.oldest)}"
    return f"Too late to be judged by what was usual then: {number}; judged from the log {when}"


def _second(time: str) -> str:
    return time[:19].replace("T", " ")
