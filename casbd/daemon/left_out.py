"""Sigma files, and links out of the rule directories, that cannot be used: the daemon works without them, and somebody is told.

Each is an error in the log and a warning of `casbd status`, for as long as it is so. A policy that has worked until then is
more: whoever relies on it is told by an alert, once for each version of its file.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from casbd.alerting import raising
from casbd.errors import Mistake
from casbd.model.alert import Alert
from casbd.policies.rule_file import policy_id

MOST_TOLD = 20
"""Files: somebody may have all of SigmaHQ's rules in the directory, most of which are about other logs."""
MOST_ALERTS = 5
"""Policies: of more there is one alert for all, as one thing has happened to all, such as an update."""


def warnings(mistakes: Sequence[Mistake]) -> list[str]:
    """The first mistake of each file, and what comes of it, for people."""
    first = _first(mistakes)
    shown = [f"{mistake}; this file is left out, all other policies work" for mistake in [*first.values()][:MOST_TOLD]]
    more = len(first) - len(shown)
    return [*shown, *([f"{more} more files are left out (`casbd check` tells all)"] if more else [])]


def lost(worked: Collection[str], works: Collection[str], mistakes: Sequence[Mistake], now: int) -> list[Alert]:
    """Alerts for the policies that cannot be used any more. worked, works: ids of the policies until then, and now. now: ms."""
    wrong = {policy_id(Path(file)): mistake for file, mistake in _first(mistakes).items()}
    gone = {name: wrong[of] for name in sorted(set(worked) - set(works)) if (of := _of_file(name, wrong)) in wrong}
    if len(gone) <= MOST_ALERTS:
        return [_alert(f"Policy {name} does not work any more", name, [mistake], now) for name, mistake in gone.items()]
    return [_alert(f"{len(gone)} policies do not work any more", ", ".join(gone), [*gone.values()], now)]


def _first(mistakes: Iterable[Mistake]) -> dict[str, Mistake]:
    """By file."""
    first: dict[str, Mistake] = {}
    for mistake in mistakes:
        first.setdefault(mistake.file, mistake)
    return first


def _of_file(name: str, wrong: Mapping[str, Mistake]) -> str:
    """The name of a policy's file: a Sigma file may have several, with numbers."""
    return name if name in wrong else re.sub(r"-\d+$", "", name)


def _alert(title: str, subject: str, mistakes: Sequence[Mistake], now: int) -> Alert:
    why = "\n".join(map(str, mistakes[:MOST_TOLD]))
    return raising.system(
        "policy_unusable",
        title,
        f"Nothing is matched and alerted by {subject}, as its file cannot be used as it is now: {why}",
        subject=subject,
        moment=max(_changed(mistake.file, now) for mistake in mistakes),
        now=now,
    )


def _changed(file: str, now: int) -> int:
    """When a file was written (ms)."""
    try:
        return Path(file).stat().st_mtime_ns // 1_000_000
    except OSError:
        return now
