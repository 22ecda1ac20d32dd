"""A user's investigation priority that rises past that of nearly all others: what is looked at are the alerts of other policies.

All is as of event time. A user's sum is of the alerts that began in the seven days before; it is compared with the sums of the others, and
their number, as they were when the last whole day ended that is complete: at least LATE before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar, NamedTuple

from casbd.habits.anomaly import DAY, LATE, MOST_KEPT, Finding, PlainAnomaly
from casbd.model.activity import Activity
from casbd.model.counted import Entry
from casbd.records.record_path import RawReader

SPAN = 7 * DAY
MOST = 8
"""Of a policy's parts at one time so many add something: each half of what the one before adds, and none is worth more than 100."""
MOST_NAMED = 5


class Begun(NamedTuple):
    """What an alert adds. first: when it began (event time, ms). activity_id: its first activity."""

    first: int
    alert_id: str
    policy_id: str
    worth: int
    activity_id: str = ""


class Others(NamedTuple):
    """The sums of all who have one, and how many users there are."""

    scores: dict[str, int]
    users: int

    def bar(self, who: str, percentile: float, people: int) -> int | None:
        """Less than what so many have that more would be too many for the percentile; None where there are too few to say."""
        if self.users < max(people, 1):
            return None
        allowed = self.users * (100 - percentile) / 100
        others = sorted((score for other, score in self.scores.items() if other != who), reverse=True)
        place = int(allowed) if allowed == int(allowed) else int(allowed) + 1  # as many as this with no less are too many
        return others[place - 1] if 0 < place <= len(others) else 0


class Rise(PlainAnomaly, frozen=True, kw_only=True):
    """A priority past a percentile of all users, with at least so many points, where there are so many people.

    No activity meets it by itself: `findings` has nothing, and what `rises` finds is judged when alerts are stored.
    """

    kind: ClassVar[str] = "priority"
    looks_at: ClassVar[tuple[str, ...]] = ()
    counts: ClassVar[str] = "points"
    learns: ClassVar[tuple[Any, ...]] = ()

    priority: float
    at_least: int
    people: int
    by: tuple[str, ...] = ("user",)
    single_app: bool = False

    def value(self, activity: Activity, reader: RawReader, met: Sequence[int]) -> str | None:  # noqa: ARG002  nothing of any
        """See Match."""
        return None

    def memory(self, packed: Any = None) -> Any:
        """See Anomaly; it is never asked for."""
        raise NotImplementedError

    def organization(self, packed: Any = None) -> None:  # noqa: ARG002
        """See Anomaly."""
        return

    def findings(self, memory: Any, organization: Any, who: str) -> Sequence[Finding]:  # noqa: ARG002
        """See Anomaly."""
        return ()

    def rises(self, who: str, parts: Sequence[Begun], since: int, others: Callable[[int], Others]) -> Iterator[Finding]:
        """The rises of one user from a moment on, each from the alert with which it is past the others until it is no longer.

        parts: in time order, with those of the seven days before. others: as of a time, asked only where there are points enough.
        """
        rise: list[Begun] = []
        highest: dict[str, Any] = {}
        for number, part in enumerate(parts):
            if part.first < since:
                continue
            until = [one for one in parts[: number + 1] if one.first > part.first - SPAN]
            score = sum(adds for _, adds in added(until))
            if rise and not self._is_past(who, sum(adds for _, adds in added(until[:-1])), part.first, others):
                yield _finding(rise, highest)
                rise = []
            if rise or self._is_past(who, score, part.first, others):
                if not rise or score > highest["score"]:
                    highest = self._usual(who, score, until, others(complete(part.first)))
                rise.append(part)
        if rise:
            yield _finding(rise, highest)

    def _is_past(self, who: str, score: int, at: int, others: Callable[[int], Others]) -> bool:
        if score < self.at_least:
            return False
        bar = others(complete(at)).bar(who, self.priority, self.people)
        return bar is not None and score > bar

    def _usual(self, who: str, score: int, parts: Sequence[Begun], others: Others) -> dict[str, Any]:
        most = sorted(added(parts), key=lambda one: -one[1])
        no_less = sum(one >= score for other, one in others.scores.items() if other != who)
        return {
            "score": score,
            "users": others.users,
            "no_less": no_less,
            "alerts": len(parts),
            "parts": [[part.policy_id, adds] for part, adds in most[:MOST_NAMED]],
        }


def complete(at: int) -> int:
    """When the last day ended of which nothing is still to come."""
    return (at - LATE) // DAY * DAY


def added(parts: Sequence[Begun]) -> list[tuple[Begun, int]]:
    """What each adds beside the others of its policy, as `store/state/priority.py` has it."""
    by_policy = defaultdict[str, list[Begun]](list)
    for part in parts:
        by_policy[part.policy_id].append(part)
    several = (sorted(own, key=lambda one: (-one.worth, one.first, one.alert_id)) for own in by_policy.values())
    return [(part, part.worth >> min(place, 62)) for own in several for place, part in enumerate(own)]


def _finding(rise: Sequence[Begun], usual: dict[str, Any]) -> Finding:
    members = tuple(Entry(part.first, 0, part.activity_id, part.alert_id) for part in rise)
    return Finding(first=rise[0].first, last=rise[-1].first, count=len(rise), members=members[:MOST_KEPT], usual=usual, shows=members[0])
