"""Which alerts some findings are: those that were raised before, new ones, or none any more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from casbd.counting.runs import MOST_MEMBERS, Change
from casbd.habits.anomaly import Finding
from casbd.model.counted import Entry


class Raised(msgspec.Struct, array_like=True, frozen=True):
    """A finding that an alert was raised for. begun: the id of the activity that it began with. of: see Finding."""

    alert_id: str
    first: int
    last: int
    count: int
    begun: str
    of: str = ""

    def is_in(self, finding: Finding) -> bool:
        """Whether a finding is this one, or holds it."""
        return self.of == finding.of and finding.first <= self.first and self.last <= finding.last

    def begins(self, finding: Finding) -> bool:
        """Whether both begin with the same activity."""
        return (self.of, self.first, self.begun) == (finding.of, finding.first, finding.members[0].activity_id)


class Verdict(msgspec.Struct, frozen=True):
    """What became of an alert. change: of its run, with the finding that it is of; None: it is withdrawn."""

    alert_id: str
    change: Change | None = None
    finding: Finding | None = None


def settled(
    raised: Sequence[Raised], findings: Iterable[Finding], fresh: Sequence[Entry], floor: int, new_id: Callable[[Finding], str]
) -> tuple[list[Raised], list[Verdict]]:
    """What is raised from now on, and what has changed.

    raised: until now. fresh: the subject's activities since. floor: what ended before (ms) changes no more, and is nobody's concern.
    """
    left = [one for one in raised if one.last >= floor]
    now, verdicts = [], []
    for finding in findings:
        if finding.last < floor:
            continue
        own = [one for one in left if one.is_in(finding) or one.begins(finding)]
        left = [one for one in left if one not in own]
        alert_id = own[0].alert_id if own else new_id(finding)
        now.append(Raised(alert_id, finding.first, finding.last, finding.count, finding.members[0].activity_id, finding.of))
        if own != now[-1:]:
            verdicts.append(Verdict(alert_id, _change(finding, own, fresh, alert_id), finding))
    return now, [*(Verdict(one.alert_id) for one in left), *verdicts]


def _change(finding: Finding, own: Sequence[Raised], fresh: Sequence[Entry], alert_id: str) -> Change:
    """What came into an alert: of activities that are known those that it did not have."""
    members = {} if own else {_place(entry): entry for entry in finding.members}
    members |= {_place(entry): entry for entry in _inside(fresh, finding)}
    in_order = [members[place] for place in sorted(members)] or [*finding.members[-1:]]
    number = finding.count - sum(one.count for one in own)
    joined = tuple(one.alert_id for one in own[1:])
    return Change(alert_id, not own, joined, tuple(in_order[:MOST_MEMBERS]), number, finding.first, finding.last, finding.count)


def _inside(fresh: Iterable[Entry], finding: Finding) -> Iterator[Entry]:
    own = (entry for entry in fresh if finding.first <= entry.timestamp <= finding.last)
    return own if finding.values is None else (entry for entry in own if entry.value in finding.values)


def _place(entry: Entry) -> tuple[int, str]:
    return entry.timestamp, entry.activity_id
