"""The clock, and the times in records: two bytes are one step, what happens and how far it goes.

The clock may stand, jump ahead and go back, records may be of any time, in any order, and repeated; casbd may be restarted at any
moment, and clean up. Nothing is raised, the numbers add up, what was stored once is not stored again.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from builders import HOUR, MINUTE, NOON, Core, record, settings

from casbd.config.settings import Retention
from casbd.daemon import retention
from targets import FaultError

TOKENS = [bytes([kind, far]) for kind in range(8) for far in (0, 3, 7, 11, 15)]
DAY = 24 * HOUR
FAR = (
    0,
    1,
    1000,
    MINUTE,
    10 * MINUTE,
    HOUR,
    HOUR + 1,
    6 * HOUR,
    DAY,
    7 * DAY,
    30 * DAY,
    181 * DAY,
    366 * DAY,
    3 * 366 * DAY,
    50 * 366 * DAY,
    500 * 366 * DAY,
)
MOST_STEPS = 60
RULES = {
    "repeated": {"match": {"repeated": 3, "within": "10m", "by": "user"}, "alert": {"suppress": "1h", "daily_limit": 2}},
    "unique": {"match": {"repeated": 2, "within": "1h", "by": "user", "unique": "ip_address"}},
    "single": {"governance": [{"action": "suspend_user", "connector": "entra"}]},
    "sequence": {
        "filters": {"app": {"isset": True}},
        "match": {"sequence": [{"activity_type": {"eq": name}} for name in ("Failed log on", "Log on")], "within": "1h", "by": "user"},
    },
}


def seeds() -> list[bytes]:
    """Ordinary hours; a clock that is set; a restart between."""
    return [bytes(steps) for steps in (
        [0, 2, 0, 3, 0, 3, 4, 3, 7, 0, 0, 3],
        [0, 0, 4, 13, 0, 3, 6, 0, 5, 13, 0, 3, 0, 3, 6, 0],
        [1, 5, 2, 5, 0, 3, 7, 0, 3, 0, 3, 0, 5, 5, 6, 0, 0, 3, 7, 0],
        [0, 15, 1, 15, 2, 12, 4, 12, 6, 0, 7, 0, 3, 2, 0, 2],
    )]  # fmt: skip


class _Run:
    """casbd with its clock, and what has been given to it."""

    def __init__(self, directory: Path) -> None:
        self.core = Core(directory, rules=RULES, settings=settings(max_per_hour=5, mode="enforce"))
        self.given = 0
        self.kept: list[bytes] = []
        self.event_time = 0
        self.cleaned = False

    def step(self, kind: int, far: int) -> None:
        """One thing that happens; 0 to 3 records, 4 and 5 the clock, 6 cleaning up, 7 a restart."""
        distance = FAR[far % len(FAR)]
        if kind == 3:
            if self.kept:
                self._feed(self.kept[far % len(self.kept)])
        elif kind < 3:
            self.event_time += -distance if kind == 1 else distance
            operation = "UserLoggedIn" if kind == 2 else "UserLoginFailed"
            self._feed(
                record(at=max(-50 * 366 * DAY, min(self.event_time, 500 * 366 * DAY)), Operation=operation, ClientIP=f"203.0.113.{far}")
            )
        elif kind in (4, 5):
            self.core.now = max(0, min(self.core.now + (distance if kind == 4 else -distance), NOON + 1000 * 366 * DAY))
        elif kind == 6:
            self.cleaned = True
            retention.remove_some(self.core.store, Retention(), self.core.now, ["siem"], {})
            self.core.pipeline.tell_held_back()
        else:
            self.core.reopen()

    def _feed(self, one: bytes) -> None:
        self.core.feed_records(one)
        self.kept.append(one)
        self.given += 1

    def check(self) -> None:
        """The numbers add up, and no alert is there twice."""
        for received, records, activities, duplicates, rejects in self.core.counts().values():
            if received != records + duplicates + rejects or received != self.given or activities > records:
                raise FaultError(f"{self.given} given, {received} = {records} + {duplicates} + {rejects}?")
            if records > len(set(self.kept)) and not self.cleaned:  # what was removed as too old may be stored again
                raise FaultError(f"{records} stored of {len(set(self.kept))}")
        ids = [alert.alert_id for alert in self.core.alerts()]
        if len(ids) != len(set(ids)):
            raise FaultError("an alert is there twice")
        self.core.activities()


def attempt(data: bytes) -> None:
    """Take the steps."""
    with tempfile.TemporaryDirectory() as directory:
        run = _Run(Path(directory))
        try:
            for kind, far in zip(data[: 2 * MOST_STEPS : 2], data[1 : 2 * MOST_STEPS : 2], strict=False):
                run.step(kind % 8, far)
            run.check()
        finally:
            run.core.close()
