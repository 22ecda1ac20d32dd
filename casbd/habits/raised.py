"""Which alerts some findings are: those that were raised before, new ones, or none any more.

An alert's id is made of the activity that its finding began with when it was raised. Where a record that comes late moves the beginning,
the id depends on whether the finding was judged before that came, so on how records were cut into commits; what the alert says does not,
and within one store it is one alert all the same. It cannot be otherwise: who hears of an alert at once hears its id before the late
record is there, and no part of a finding is sure to be left as it is: not its day (a late record may move it over midnight), not its
number among those of the day (an earlier one may come), and what it is of is the same for several sessions of a day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b
from zlib import crc32

import msgspec

from casbd.counting.runs import Change
from casbd.habits.anomaly import Finding

_encode = msgspec.json.Encoder(order="deterministic").encode
MOST_RAISED = 12
"""So many alerts of one policy and subject at a time (those of some two days): who does sixty new things is told of often enough by then,
and what is remembered of alerts stays small. What is found besides is raised once there is room, if it is not over by then."""
_SHOWN = 20


class Raised(msgspec.Struct, array_like=True, frozen=True):
    """A finding that an alert was raised for. begun: the mark of the activity that it began with. of: the mark of what it is of.

    numbers: a checksum of the numbers that its sentence has, which a late record may change without another activity; None: unknown.
    """

    alert_id: str
    first: int
    last: int
    count: int
    begun: str
    of: str = ""
    numbers: int | None = None

    def is_in(self, finding: Finding) -> bool:
        """Whether a finding is this one, or holds it."""
        return self.of == mark(finding.of) and finding.first <= self.first and self.last <= finding.last

    def begins(self, finding: Finding) -> bool:
        """Whether both begin with the same activity."""
        return (self.of, self.first, self.begun) == (mark(finding.of), finding.first, mark(finding.members[0].activity_id))


def mark(text: str) -> str:
    """What tells a text apart: itself, or a hash if it is long."""
    return text if len(text) <= _SHOWN else blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


class Verdict(msgspec.Struct, frozen=True):
    """What became of an alert. change: of its run, with the finding that it is of; None: it is withdrawn."""

    alert_id: str
    change: Change | None = None
    finding: Finding | None = None


def settled(
    raised: Sequence[Raised], findings: Iterable[Finding], floor: int, new_id: Callable[[Finding], str]
) -> tuple[list[Raised], list[Verdict]]:
    """What is raised from now on, and what has changed: first what is withdrawn.

    raised: until now. floor: what ended before (ms) changes no more, and is nobody's concern.
    """
    left = [*raised]  # also what is long over: it may go on after a pause of days
    now, verdicts = [], []
    room = MOST_RAISED - len(raised)
    for finding in findings:
        own = [one for one in left if one.is_in(finding) or one.begins(finding)]
        left = [one for one in left if one not in own]
        if finding.last < floor and not any(one.last >= floor for one in own):
            # Should it go on, its id is made again; but not where a late record has moved its beginning since, which made two of it.
            now += [one for one in own if one.alert_id != new_id(finding)]
            continue
        if not own and room <= 0:
            continue
        room -= not own
        alert_id = own[0].alert_id if own else new_id(finding)
        begun, numbers = mark(finding.members[0].activity_id), crc32(_encode(finding.usual))
        now.append(Raised(alert_id, finding.first, finding.last, finding.count, begun, mark(finding.of), numbers))
        if own not in (now[-1:], [msgspec.structs.replace(now[-1], numbers=None)]):
            verdicts.append(Verdict(alert_id, _change(finding, own, alert_id), finding))
    return now, [*(Verdict(one.alert_id) for one in left if one.last >= floor), *verdicts]


def _change(finding: Finding, own: Sequence[Raised], alert_id: str) -> Change:
    """An alert's run as it is now. own: what it was before, if it was raised."""
    number = finding.count - sum(one.count for one in own)
    joined = tuple(one.alert_id for one in own[1:])
    return Change(alert_id, not own, joined, finding.members, number, finding.first, finding.last, finding.count)
