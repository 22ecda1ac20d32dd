"""What a kind of anomaly must be: what it remembers of a subject, and what of that is unusual.

Everything goes by event time. Records come late and in any order, so a memory is the same whatever the order of what is at most LATE
apart, and findings are a pure function of memories: what was raised and is found no longer is withdrawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Literal, Protocol, cast

import msgspec

from casbd.counting.match import Aliased, Match, Step
from casbd.model.alert import PolicyType
from casbd.model.counted import Entry

HOUR = 3_600_000
DAY = 24 * HOUR
LATE = 25 * HOUR
"""Records that are late by as much (a day, and an hour for what lies around them) give the alerts that order would have given."""
MOST_KEPT = 50
"""So many activities of a finding a memory keeps by name; all are counted."""
LONG_AGO, NEVER = -(2**62), 2**62
"""Before and after all times (ms), days and whatever else is counted since 1970."""
Sensitivity = Literal["low", "medium", "high"]
"""How much of what is usual explains something, as Defender for Cloud Apps has it: at low what others do, too; at high next to nothing."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something unusual: one session, or one pair of places; never one a record.

    first, last: in event time (ms). count: activities. members: those that are known, in time order, at most MOST_KEPT; the first one
    begins the finding. usual: the numbers for the sentence, as JSON has them. weight: how unusual, from 0 to 1. shows: the one of the
    members whose address, country and app the alert has; None: the first.
    of, values: where findings of one subject may lie in the same time, what tells them apart (a new country, say), and the values of the
    activities that belong to it; None: those with any.
    """

    first: int
    last: int
    count: int
    members: tuple[Entry, ...]
    usual: Mapping[str, Any] = {}
    weight: float = 1.0
    of: str = ""
    values: frozenset[str] | None = None
    shows: Entry | None = None

    @property
    def shown(self) -> Entry:
        """The activity by which an alert is described."""
        return self.shows or self.members[0]


def in_order(entry: Entry) -> tuple[int, str]:
    """By time; of one moment by id, so that no order of arrival shows."""
    return entry.timestamp, entry.activity_id


class Memory(Protocol):
    """What is remembered of one subject: a few KB at most, whatever it does."""

    @property
    def newest(self) -> int:
        """The time of the newest entry (ms); before there is any, something long ago."""

    def add(self, entry: Entry) -> int | None:
        """One more activity; the order of those that are at most LATE apart does not matter. An older one may only add to the habit.

        Until when (ms, exclusive) more of the same value, no earlier than this one, would change nothing, neither here nor in what is
        remembered of all together, so that they need not be added; None: they are to be.
        """

    def settle(self, before: int) -> None:
        """What is older than this (ms, a whole hour) comes no more: it may become part of the habit, in event time's order.

        It is said once for each hour, so what bounds a memory within one is for `add` to do.
        """

    def packed(self) -> Any:
        """As what msgpack takes; `Anomaly.memory` makes it a memory again."""

    def lighten(self) -> bool:
        """Let go of some of what matters least, as it is too much to be stored: of nothing by which a subject's habit is known while there
        is anything else. False where it is as little as can be, which is less than 2 KB."""


class Organization(Protocol):
    """What is remembered of all subjects together: bounded, however many there are.

    What is asked of it is as of an event time: of whole days that ended at least LATE before, so that nothing of them is still to come; or
    of who was first, where `add` says whom else that concerns.

    daily: what a subject does again on a day with the same value, and no earlier, changes nothing. forgotten: how often something was
    forgotten, as there was too much of it: from then on, what would change nothing may do so again.
    """

    daily: ClassVar[bool] = False

    @property
    def forgotten(self) -> int:
        """See above."""
        return 0

    def add(self, who: str, entry: Entry, memory: Any) -> Iterable[str]:
        """One more activity of a subject; the other subjects that are to be judged again.

        memory: the subject's, which has the activity already. What an outsider does (`entry.belongs`) makes nothing common: it is easy to
        be invited, or to invite oneself.
        """

    def packed(self) -> Any:
        """As what msgpack takes; `Anomaly.organization` makes it one again."""


class Anomaly(Match, Protocol):
    """A match that compares with what is usual.

    Its `value` makes the text that is remembered of an activity (JSON where it is several things). It may have a method
    `past(memory, organization, who, entry)`: with what an activity is compared, as a mapping for people (`casbd policies explain`).
    """

    @property
    def learns(self) -> tuple[Any, ...]:
        """What decides, with the filters, what memories hold: they are kept while it stays the same, whatever thresholds do. As JSON."""

    def memory(self, packed: Any = None) -> Memory:
        """A subject's memory; empty where nothing is packed."""

    def organization(self, packed: Any = None) -> Organization | None:
        """All subjects' memory; None where it does not look at others."""

    def findings(self, memory: Any, organization: Any, who: str) -> Sequence[Finding]:
        """What is unusual of a subject, in time order: at least all that ended at most LATE before its newest activity.

        It depends on its arguments alone, and changes nothing. What is not odd should cost next to nothing.
        """


class PlainAnomaly(msgspec.Struct, frozen=True, kw_only=True):
    """What most kinds are: without filters besides those of the rule, and of nothing that is nobody's."""

    policy_type: ClassVar[PolicyType] = "anomaly"
    nobodys: ClassVar[bool] = False
    steps: ClassVar[tuple[Step, ...]] = ()
    aliased: ClassVar[tuple[Aliased, ...]] = ()


def anomaly(match: Match | None) -> Anomaly | None:
    """The match as one that compares with what is usual; None where it is none."""
    return cast("Anomaly", match) if hasattr(match, "findings") else None
