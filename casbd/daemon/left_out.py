"""Sigma files that cannot be used: the daemon works without them, and somebody is told.

Each is an error in the log and a warning of `casbd status`, for as long as it is so. A policy that has worked until then is
more: whoever relies on it is told by an alert, once for each version of its file.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from casbd.alerting import raising
from casbd.errors import Mistake
from casbd.model.alert import Alert
from casbd.policies.rule_file import policy_id


def told(mistakes: Iterable[Mistake]) -> list[str]:
    """Each mistake with what comes of it, for people."""
    return [f"{mistake}; this Sigma file is left out, all other policies work" for mistake in mistakes]


def lost(worked: Collection[str], works: Collection[str], mistakes: Sequence[Mistake], now: int) -> list[Alert]:
    """An alert for every policy that cannot be used any more. worked, works: ids of the policies until then, and now. now: ms."""
    first: dict[str, Mistake] = {}
    for mistake in mistakes:
        first.setdefault(policy_id(Path(mistake.file)), mistake)
    gone = sorted(set(worked) - set(works))
    return [_alert(name, first[of], now) for name in gone if (of := re.sub(r"-\d+$", "", name) if name not in first else name) in first]


def _alert(name: str, mistake: Mistake, now: int) -> Alert:
    return raising.system(
        "policy_unusable",
        f"Policy {name} does not work any more",
        f"Its Sigma file cannot be used as it is now, so nothing is matched and alerted by it: {mistake}",
        subject=name,
        moment=_changed(mistake.file) or now,
        now=now,
    )


def _changed(file: str) -> int | None:
    """When a file was written (ms)."""
    try:
        return Path(file).stat().st_mtime_ns // 1_000_000
    except OSError:
        return None
