"""A name that imitates another one: a well-known one, one that the organization has used before, or one of a list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from casbd.counting.subjects import different
from casbd.habits.anomaly import HOUR, MOST_KEPT, Finding, PlainAnomaly
from casbd.habits.first_users import FirstUsers
from casbd.habits.had_by import PARTED, value_of
from casbd.habits.imitations import imitated, imitated_of_all, is_disguised
from casbd.habits.values_seen import FIRST_DAY, LONG_AGO, SURE, Use, ValuesSeen
from casbd.model.activity import Activity
from casbd.records.long_texts import shortened_bytes
from casbd.records.record_path import RawReader

ACCEPTED = 3
"""A name that so many others had a week before is one that the organization uses, whatever it looks like."""
_LONGEST = 128
_AROUND = " \t[]{}\"'"


class Lookalike(PlainAnomaly, frozen=True, kw_only=True):
    """A name of a field that imitates another one. of: names; empty: the organization's and those that everybody knows.

    lookalike: where there are several fields, the first that is known.
    """

    kind: ClassVar[str] = "lookalike"

    lookalike: tuple[str, ...]
    of: tuple[str, ...] = ()
    by: tuple[str, ...] = ("user",)
    single_app: bool = False

    @property
    def looks_at(self) -> tuple[str, ...]:
        """See Match."""
        return self.lookalike

    @property
    def counts(self) -> str:
        """See Match."""
        return self.lookalike[0]

    @property
    def learns(self) -> tuple[Any, ...]:
        """See Anomaly."""
        return (self.lookalike,)

    def value(self, activity: Activity, reader: RawReader, met: Sequence[int]) -> str | None:  # noqa: ARG002  it has no steps
        """See Match. The name, without what stands around it where it is JSON."""
        name = next((known for field in self.lookalike if (known := different(field, activity, reader)) is not None), "")
        return shortened_bytes(name.strip(_AROUND), _LONGEST).replace(PARTED, " ") or None

    def memory(self, packed: Any = None) -> ValuesSeen:
        """See Anomaly."""
        return ValuesSeen(packed)

    def organization(self, packed: Any = None) -> FirstUsers:
        """See Anomaly."""
        return FirstUsers(packed)

    def findings(self, memory: ValuesSeen, organization: FirstUsers, who: str) -> Sequence[Finding]:
        """See Anomaly. One a name: its first day."""
        found = []
        for name in sorted(memory.news):
            uses = [use for use in memory.uses() if value_of(use.text) == name]
            last = memory.last_before(name)
            for at, use in enumerate(uses):
                if use.hour - last > SURE or last == LONG_AGO:
                    found += self._imitation(name, uses[at:], organization, who)
                last = use.hour
        return sorted(found, key=lambda one: (one.first, one.of))

    def _imitation(self, name: str, uses: Sequence[Use], organization: FirstUsers, who: str) -> list[Finding]:
        cells = [use.cell for use in uses if use.cell is not None and use.hour < uses[0].hour + FIRST_DAY]
        if not cells:
            return []
        first = cells[0].first.timestamp
        other = imitated(name, self.of or [known for known in organization.known_before(first) if known != name])
        if other is None and not self.of:
            other = imitated_of_all(name)
        if (other is None and not is_disguised(name)) or organization.others(name, who, first, SURE * HOUR).known >= ACCEPTED:
            return []
        members = [one for cell in cells for one in cell.members][:MOST_KEPT]
        last, count = max(cell.last for cell in cells), sum(cell.count for cell in cells)
        usual = {"name": name, "of": other, "disguised": is_disguised(name)}
        return [Finding(first=first, last=last, count=count, members=tuple(members), of=name, values=frozenset((name,)), usual=usual)]
