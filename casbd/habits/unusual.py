"""More of something in a session than what a subject did before, and what others do, explain."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import msgspec

from casbd.counting.subjects import different
from casbd.habits.anomaly import DAY, MOST_KEPT, Finding, PlainAnomaly, Sensitivity, in_order
from casbd.habits.elsewhere import Elsewhere, Successes, observed
from casbd.habits.peers import Peers
from casbd.habits.placed import Placed
from casbd.habits.sessions import Session, Sessions, habit
from casbd.habits.together import Colleagues, Working
from casbd.model.activity import Activity
from casbd.model.counted import Entry
from casbd.records.record_path import RawReader

_MARGINS: Mapping[str, tuple[float, float]] = {"low": (2.0, 3.0), "medium": (1.5, 2.0), "high": (1.25, 1.0)}
"""So many times what is explained, and so many times its root besides, as small numbers differ by chance (of a Poisson process by their
root)."""
_RHYTHM = 1
"""Days by which a weekly task may shift: a holiday, or midnight in UTC."""
_MONTHS = ((26, 36), (56, 66), (87, 97))
"""Days after which a month's end, or its second Tuesday, is there again."""
_FEW_WEEKS = 5
"""For so long it may have shifted; before only the same day of a week is it."""
FEW = 2
"""Days on which who has nothing to do with it may have done it all the same."""
AS_MANY = 3
"""Times as many failures it takes where others succeed: a telephone with an old password tries a dozen times an hour."""


class Usual(msgspec.Struct, frozen=True):
    """What was compared with. explained: up to so many. own: the busiest windows of the days before, as far as they count; days: how many.

    most: the busiest of all. others: what others do; None where it is not known. learned: there was time enough to know what is usual.
    """

    explained: int
    own: int
    most: int
    days: int
    others: int | None
    learned: bool


class Unusual(PlainAnomaly, frozen=True, kw_only=True):
    """Whose sessions are unusual.

    unique: the field whose different values are counted; None counts activities. session: milliseconds. at_least: fewer are never
    unusual. first_time: fewer of who did it on FEW days at most; None: it is everybody's work. learning: so long (ms) nobody's habits are
    known. while_learning: then so many are unusual; None: none are.
    unknown: a field that says where something failed; only failures at places without a success before are counted then; of those where
    `unless_common` others had some, AS_MANY times as many are unusual. Without `unknown` what so many others do in the same folder at about
    the same time is explained. then_succeeded: only where something succeeded after what failed.
    """

    kind: ClassVar[str] = "unusual"
    by_role: ClassVar[bool] = True

    unique: str | None
    session: int
    at_least: int
    learning: int
    first_time: int | None = None
    while_learning: int | None = None
    sensitivity: Sensitivity = "medium"
    unknown: str | None = None
    unless_common: int | None = None
    then_succeeded: bool = False
    by: tuple[str, ...] = ("user",)
    single_app: bool = False

    @property
    def looks_at(self) -> tuple[str, ...]:
        """See Match."""
        return (self.unique or "app",)

    @property
    def counts(self) -> str:
        """See Match."""
        return f"{self.unique or 'activities'}{f' where {self.unknown} is unknown' if self.unknown else ''}"

    @property
    def learns(self) -> tuple[Any, ...]:
        """See Anomaly."""
        return self.session, self.unique, self.unknown, self.unknown is None and self.unless_common is not None, "places"

    def value(self, activity: Activity, reader: RawReader, met: Sequence[int]) -> str | None:  # noqa: ARG002  it has no steps
        """See Match. Casefolded text where different values are counted."""
        value = different(self.unique, activity, reader)
        return value if self.unknown is None else observed(activity, different(self.unknown, activity, reader), value)

    def memory(self, packed: Any = None) -> Sessions:
        """See Anomaly."""
        if self.unknown is not None:
            return Elsewhere(self.session, packed, different=self.unique is not None)
        return (Sessions if self.unless_common is None else Working)(self.session, packed, different=self.unique is not None)

    def organization(self, packed: Any = None) -> Peers | Successes:
        """See Anomaly."""
        if self.unknown is not None:
            return Successes(packed)
        return (Peers if self.unless_common is None else Colleagues)(self.session, packed, different=self.unique is not None)

    def findings(self, memory: Sessions, organization: Peers | Successes, who: str) -> Sequence[Finding]:
        """See Anomaly: one of each session that has unusual windows, from the first to the last of these."""
        fewest = min(self.at_least, self.while_learning or self.at_least, self.first_time or self.at_least)
        if memory.busy < fewest:
            return ()
        found = []
        for session in memory.sessions():
            amounts = {number: memory.amount(number, session) for number in session.slices}
            if max(amounts.values()) < fewest:
                continue
            usual = self._usual(memory, organization, who, session)
            strange = self._strange(memory, organization, who, session, amounts)
            enough = usual.explained + 1
            odd = [
                number
                for number, amount in amounts.items()
                if strange[number] >= enough or (self.unknown is not None and amount >= AS_MANY * enough)
            ]
            if odd and not self.then_succeeded:
                found.append(_finding(memory, session, odd, usual))
            elif odd and isinstance(memory, Elsewhere):
                entered = next((entry for number in odd if (entry := memory.got_in(session, number)) is not None), None)
                found += [_with(entered, _finding(memory, session, odd, usual))] if entered is not None else []
        return found

    def _strange(
        self, memory: Sessions, organization: Peers | Successes, who: str, session: Session, amounts: Mapping[int, int]
    ) -> Mapping[int, int]:
        """How much of each window there is that others at the same places do not explain."""
        if self.unless_common is None or not isinstance(memory, Placed):
            return amounts
        explained = {place: self._explained(organization, place, session, who) for place in memory.been_at(session)}
        return {
            number: amount - sum(min(most, memory.share(number, session, place, amount)) for place, most in explained.items() if most)
            for number, amount in amounts.items()
        }

    def _explained(self, organization: Peers | Successes, place: int, session: Session, who: str) -> int:
        """How much at a place is nothing strange, as others are there."""
        assert self.unless_common is not None
        if isinstance(organization, Successes):
            return 2**62 if organization.succeeded(place, session.slices[0] * self.session // 2, who) >= self.unless_common else 0
        return self._bound(organization.together(place, session, who, self.unless_common)) if isinstance(organization, Colleagues) else 0

    def _usual(self, memory: Sessions, organization: Peers | Successes, who: str, session: Session) -> Usual:
        day = session.day
        learning = -(-self.learning // DAY)
        began = organization.began(day)
        learned = began <= day - learning
        before = habit(memory, day)
        own = self._own(before, day)
        enough = self._enough(before) if learned else self.while_learning
        if enough is None:
            return Usual(2**62, own, 0, len(before), None, learned)
        if self.then_succeeded and isinstance(memory, Elsewhere) and not memory.is_somewhere(day):
            enough = max(enough, self.while_learning or enough)  # whoever mistypes a first password is nowhere known
        newcomer = began > day - 2 * learning or self._is_newcomer(before, day, learning)
        begun = began <= day - 2 * learning and bool(before)
        if newcomer and begun and self.first_time is None:
            enough = int(enough * _MARGINS[self.sensitivity][0])  # who joins collects files for the new work
        others = self._others(organization.amounts(day, who), newcomer=newcomer, begun=begun) if learned else None
        explained = max(enough - 1, self._bound(own), self._bound(others or 0), self._bound(session.after))
        return Usual(explained, own, max(before.values(), default=0), len(before), others, learned)

    def _is_newcomer(self, before: Mapping[int, int], day: int, learning: int) -> bool:
        """Whether the subject may have begun to work a short while ago. Where it is not everybody's work, few begin with a lot."""
        if self.first_time is None:
            return min(before, default=day) > day - 2 * learning
        return len(before) > FEW and min(before) > day - learning

    def _enough(self, before: Mapping[int, int]) -> int:
        return self.first_time if self.first_time is not None and len(before) <= FEW else self.at_least

    def _own(self, before: Mapping[int, int], day: int) -> int:
        """How much its own history explains."""
        ordered = sorted(before.values(), reverse=True)
        if self.sensitivity == "high":
            return ordered[len(ordered) // 4] if ordered else 0
        if self.sensitivity == "low":
            return ordered[0] if ordered else 0
        again = ordered[1] if len(ordered) > 1 else 0  # what happened once may have been an attack
        if self.unknown is not None:
            return again  # nobody fails by the week
        return max([again, *(most for earlier, most in before.items() if _is_due(day - earlier))])

    def _others(self, amounts: Sequence[int], *, newcomer: bool, begun: bool) -> int | None:
        """How much of what others do explains it. Nobody knows whose work a newcomer has, so it may be anybody's; of one who has begun with
        it, but for the tenth who do the most: a nightly backup, or what was an attack, would explain all that a joiner takes."""
        if not amounts:
            return None
        if self.sensitivity == "low" or (newcomer and not begun):
            return amounts[-1]
        return amounts[(len(amounts) - 1) * 9 // 10] if newcomer else amounts[len(amounts) // 2]

    def _bound(self, level: int) -> int:
        factor, roots = _MARGINS[self.sensitivity]
        return int(level * factor + math.sqrt(level) * roots)


def _is_due(days: int) -> bool:
    """Whether what was done so many days ago may be due again: after some weeks, or at the same time of the month."""
    weeks, shifted = divmod(days + _RHYTHM, 7)
    is_weekly = weeks >= 1 and (shifted <= 2 * _RHYTHM if weeks <= _FEW_WEEKS else shifted == _RHYTHM)
    return is_weekly or any(first <= days <= last for first, last in _MONTHS)


def _with(entered: Entry, finding: Finding) -> Finding:
    """A finding with the success that came of it."""
    return msgspec.structs.replace(
        finding,
        last=max(finding.last, entered.timestamp),
        count=finding.count + 1,
        members=tuple(sorted((*finding.members, entered), key=in_order))[:MOST_KEPT],
        usual={**finding.usual, "entered": entered.timestamp},
        values=None if finding.values is None else finding.values | {entered.value or ""},
        shows=entered,
    )


def _finding(memory: Sessions, session: Session, odd: Sequence[int], usual: Usual) -> Finding:
    """The part of a session from its first unusual window to the last. odd: the slices that these end with."""
    first = odd[0] - 1 if odd[0] - 1 in session.slices else odd[0]
    slices = [memory.slices[number] for number in session.slices if first <= number <= odd[-1]]
    named = [slice_ for slice_ in slices if slice_.begun] or slices[:1]
    amounts = [memory.amount(number, session) for number in odd]
    total = slices[0]
    for slice_ in slices[1:]:
        total = msgspec.structs.replace(total, number=total.number + slice_.number, values=total.values | slice_.values)
    return Finding(
        first=slices[0].first,
        last=slices[-1].last,
        count=total.number,
        members=tuple(slice_.entry() for slice_ in named[:MOST_KEPT]),
        usual={
            "most": max(amounts),
            "all": total.amount(None, different=memory.different),
            "from": slices[0].first,
            "to": slices[-1].last,
            "own": usual.own,
            "before": usual.most,
            "days": usual.days,
            "others": usual.others,
            "learned": usual.learned,
        },
        weight=max(0.1, 1 - usual.explained / max(amounts)),
        values=memory.values if isinstance(memory, Elsewhere) and not memory.different else None,
    )
