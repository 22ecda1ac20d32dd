"""An hour of the day (UTC) at which a subject never was at a door."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from casbd.counting.match import Match, Step
from casbd.documents import durations
from casbd.habits.anomaly import HOUR, LONG_AGO, Finding, PlainAnomaly, in_order
from casbd.habits.brief import brief, whole
from casbd.model.activity import Activity
from casbd.model.counted import Entry
from casbd.model.facts import Facts
from casbd.policies.counted_fields import Length, MatchKeys
from casbd.policies.kinds import Plain, detection
from casbd.records.record_path import RawReader


class Hours:
    """By hour of the day the first activity; which one it was is known as long as it may be news."""

    def __init__(self, packed: Any = None) -> None:
        self.newest, first = packed or (LONG_AGO, {})
        self.first = {hour: whole(one) for hour, one in first.items()}

    def add(self, entry: Entry) -> None:
        """See Memory."""
        self.newest = max(self.newest, entry.timestamp)
        hour = entry.timestamp // HOUR % 24
        self.first[hour] = min(self.first.get(hour, entry), entry, key=in_order)

    def settle(self, before: int) -> None:
        """See Memory."""
        self.first = {hour: one if one.timestamp >= before else Entry(one.timestamp, 0, "") for hour, one in self.first.items()}

    def packed(self) -> Any:
        """See Memory."""
        return self.newest, {hour: brief(one) for hour, one in sorted(self.first.items())}

    def lighten(self) -> bool:
        """See Memory: so few hours are as little as can be."""
        return False


class OddHour(PlainAnomaly, frozen=True, kw_only=True):
    """An hour that is new of who is known for so long (ms)."""

    kind: ClassVar[str] = "trial_hour"
    looks_at: ClassVar[tuple[str, ...]] = ("app",)
    counts: ClassVar[str] = "activities"
    learns: ClassVar[tuple[Any, ...]] = ()

    learning: int
    by: tuple[str, ...] = ("user",)
    single_app: bool = False

    def value(self, activity: Activity, reader: RawReader, met: Sequence[int]) -> str | None:
        """Nothing: its time is all."""
        return None

    def memory(self, packed: Any = None) -> Hours:
        """See Anomaly."""
        return Hours(packed)

    def organization(self, packed: Any = None) -> None:
        """See Anomaly."""

    def findings(self, memory: Hours, organization: None, who: str) -> Sequence[Finding]:
        """See Anomaly."""
        begun = min((one.timestamp for one in memory.first.values()), default=0)
        new = (one for one in memory.first.values() if one.activity_id and one.timestamp - begun >= self.learning)
        return [Finding(first=one.timestamp, last=one.timestamp, count=1, members=(one,)) for one in sorted(new, key=in_order)]


class TrialHourKeys(MatchKeys):
    """`match: {trial_hour: 7d}`."""

    trial_hour: Length
    """No alert in the first days of a subject."""


@detection
class TrialHour(Plain):
    """Hours."""

    Options: ClassVar[type[MatchKeys]] = TrialHourKeys
    example: ClassVar[str] = "trial_hour: 7d"

    @classmethod
    def match(cls, keys: TrialHourKeys, steps: tuple[Step, ...], by: tuple[str, ...]) -> Match:
        """Once it is known for how long."""
        return OddHour(learning=keys.trial_hour, by=by, single_app=keys.single_app)

    @classmethod
    def meaning(cls, match: OddHour, subject: str) -> str:
        """`activities at an hour at which a user that is known for 7d never had any`."""
        return f"activities at an hour at which a {subject} that is known for {durations.written(match.learning)} never had any"

    @classmethod
    def evidence(cls, match: OddHour, facts: Facts, span: int) -> str:
        """When."""
        return "Never at this hour before"
