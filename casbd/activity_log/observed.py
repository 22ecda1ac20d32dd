"""What the activities of a span of event time show, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import Struct

from casbd.activity_log.counting import most_first
from casbd.activity_log.reading import ActivityLog
from casbd.activity_log.tally import HOUR, count, tables
from casbd.activity_log.wanted import Wanted
from casbd.records.timestamps import iso

if TYPE_CHECKING:
    import pyarrow as pa

DAY = 86_400_000
_HOURS = 24


class Span(NamedTuple):
    """A span of event time, both ends included."""

    since: int
    until: int

    @classmethod
    def before(cls, as_of: int, days: int) -> Span:
        """The days before a moment: `(as_of - days, as_of]`."""
        return cls(max(as_of - days * DAY + 1, 0), as_of)

    def meets(self, first: int, last: int) -> bool:
        """Whether what lasted from `first` to `last` reaches into it."""
        return last >= self.since and first <= self.until


class Frequency(Struct):
    """How many activities have a value."""

    value: str
    activities: int


class UserFrequency(Struct):
    """How many activities are a user's. app, app_instance: where a name that is no address is this user's."""

    value: str
    activities: int
    app: str | None = None
    app_instance: str | None = None


class DeviceFrequency(Struct):
    """How many activities come from a kind of device."""

    device_type: str | None
    os: str | None
    browser: str | None
    activities: int


class OperationFrequency(Struct):
    """How many activities are of a type."""

    activity_type: str
    action_type: str | None
    activities: int


class DayFrequency(Struct):
    """A day, `2026-01-31` (UTC)."""

    day: str
    activities: int


class HourFrequency(Struct):
    """An hour of the day, 0 to 23 (UTC), over all days."""

    hour: int
    activities: int


class Observed:
    """What some activities show: the latest values of some fields (`about`), and how often combinations of fields occur in a span."""

    def __init__(self, about: Sequence[str], kinds: Sequence[tuple[str, ...]]) -> None:
        self._about = about
        self.kinds: dict[tuple[str, ...], Counter[tuple[Any, ...]]] = {kind: Counter() for kind in (*kinds, (HOUR,))}
        self.first_seen: int | None = None
        self.last_seen: int | None = None
        self.latest: Mapping[str, Any] = {}

    def read(self, log: ActivityLog, wanted: Wanted, span: Span) -> None:
        """Count the activities of the span; of those before and after it their times are read, and of the latest what it is about."""
        fields = dict.fromkeys(["timestamp", *(field for kind in self.kinds for field in kind if field != HOUR)])
        for outside in ((None, span.since - 1), (span.until + 1, None)):
            for table in tables(log.arrow(wanted, ["timestamp"], *outside, ordered=False)):
                self._see(table)
        for table in tables(log.arrow(wanted, [*fields], *span, ordered=False)):
            self._see(table)
            for kind, numbers in self.kinds.items():
                numbers.update(count(table, kind))
        if self.last_seen is not None:
            for table in tables(log.arrow(wanted, ["timestamp", *self._about], self.last_seen, self.last_seen)):
                self.latest = self.latest or table.select(self._about).slice(0, 1).to_pylist()[0]

    def _see(self, table: pa.Table) -> None:
        import pyarrow.compute as pc

        ends = pc.min_max(table["timestamp"])
        first, last = ends["min"].as_py(), ends["max"].as_py()
        self.first_seen = first if self.first_seen is None else min(self.first_seen, first)
        self.last_seen = last if self.last_seen is None else max(self.last_seen, last)

    @property
    def activities(self) -> int:
        """How many there are in the span."""
        return self.kinds[HOUR,].total()

    def frequencies(self, field: str) -> list[Frequency]:
        """How often each value of a field occurs."""
        return [Frequency(value, n) for (value,), n in most_first(self.kinds[field,]) if value is not None]

    def devices(self) -> list[DeviceFrequency]:
        """How often each kind of device occurs of which something is known."""
        counts = most_first(self.kinds["device_type", "os", "browser"])
        return [DeviceFrequency(kind, os, browser, n) for (kind, os, browser), n in counts if kind or os or browser]

    def operations(self) -> list[OperationFrequency]:
        """How often each activity type and action type occur."""
        counts = most_first(self.kinds["activity_type", "action_type"])
        return [OperationFrequency(kind, action, n) for (kind, action), n in counts]

    def failed_log_ons(self) -> int:
        """How many activities are failed log ons."""
        return sum(n for (kind, _), n in self.kinds["activity_type", "action_type"].items() if kind == "Failed log on")

    def per_day(self, span: Span) -> list[DayFrequency]:
        """Every day of the span, those without an activity too."""
        numbers: Counter[int] = Counter()
        for (hour,), n in self.kinds[HOUR,].items():
            numbers[hour // _HOURS] += n
        return [DayFrequency(iso(day * DAY)[:10], numbers[day]) for day in range(span.since // DAY, span.until // DAY + 1)]

    def per_hour(self) -> list[HourFrequency]:
        """Every hour of the day."""
        numbers: Counter[int] = Counter()
        for (hour,), n in self.kinds[HOUR,].items():
            numbers[hour % _HOURS] += n
        return [HourFrequency(hour, numbers[hour]) for hour in range(_HOURS)]
