"""What of the activities that meet a filter makes an alert, where it takes several: the `match` of a policy, of any kind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar, Protocol, cast

import msgspec

from casbd.counting.window_tests import WindowTest
from casbd.filters.sql import Sql
from casbd.filters.tree import Node
from casbd.model.activity import Activity
from casbd.model.alert import PolicyType
from casbd.model.counted import Entry
from casbd.records.record_path import RawReader


class Aliased(msgspec.Struct, frozen=True, kw_only=True):
    """Whose those activities are that meet a filter, where other fields say so than for the rest.

    by: these fields, as many as the whole match has. unique: the field whose different values are counted of them.
    """

    filters: Node
    by: tuple[str, ...]
    unique: str | None = None


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a match that has filters of its own. repeated: so many activities that meet them."""

    filters: Node
    repeated: int = 1


class Match(Protocol):
    """What a subject's activities must be to make an alert. One kind of it is a frozen msgspec Struct with all that it asks for, as a hash
    of that decides whether a policy goes on counting.

    kind: its key in `match:` of a rule file, and its detection in `casbd/detections/`. policy_type: of its alerts. It is either
    Windowed or an Anomaly (`casbd/habits/anomaly.py`).
    nobodys: an activity that has no `by` is counted, too: by its address, and without one by its app.
    """

    kind: ClassVar[str]
    policy_type: ClassVar[PolicyType]
    nobodys: ClassVar[bool]

    @property
    def by(self) -> tuple[str, ...]:
        """The fields that make the subject."""

    @property
    def single_app(self) -> bool:
        """Whether each app is counted apart."""

    @property
    def aliased(self) -> tuple[Aliased, ...]:
        """All activities by what they meet, where `by` is only of the first of these; one that meets several may have several subjects."""

    @property
    def steps(self) -> tuple[Step, ...]:
        """Parts with filters of their own, of which it matters which an activity meets."""

    @property
    def looks_at(self) -> tuple[str, ...]:
        """The fields besides `by` that decide."""

    def value(self, activity: Activity, reader: RawReader, met: Sequence[int]) -> str | None:
        """What is counted of an activity. met: the numbers of the `aliased`, or else of the `steps`, whose filters it meets."""

    @property
    def counts(self) -> str:
        """What is counted, for people: `activities`, `steps` or a field."""


class Windowed(Match, Protocol):
    """One whose alerts are runs of windows: so many activities within a length of time."""

    @property
    def within(self) -> int:
        """Milliseconds of event time that a window may span."""

    @property
    def fewest(self) -> int:
        """With fewer activities of a subject there is no window, whatever they are."""

    @property
    def held_in_order(self) -> int:
        """So many activities must come one after the other, and what lies between them may matter; 0: the order does not matter."""

    def placed(self, entry: Entry) -> Entry:
        """The entry as it is counted, with a key that puts it in its place among others of its moment."""

    def window_test(self, entries: list[Entry]) -> WindowTest:
        """What makes a span of these entries, which come and go, a window."""

    def enough(self) -> Sql | None:
        """What all activities of a subject must be, taken together, for any alert; None: any may be enough."""

    @property
    def needed(self) -> int:
        """So many of these make an alert."""

    def counted(self, entries: Sequence[Entry]) -> int:
        """How many of these some entries are."""


class Apart(Match, Protocol):
    """One that says itself whose an activity is: of who acted, and of others."""

    def counted_apart(self, activity: Activity, reader: RawReader, met: Sequence[int]) -> Iterable[tuple[str, str | None]]:
        """Whose an activity is, and what is counted of it. met: the numbers of the steps that it meets."""


def apart(match: Match) -> Apart | None:
    """The match as one that says itself whose an activity is; None where its `by` says so."""
    return cast("Apart", match) if hasattr(match, "counted_apart") else None


def by_role(match: Match) -> bool:
    """Whether a role's sessions that programs named are the role's: each would be somebody new, of whom nothing is usual."""
    return getattr(match, "by_role", False)


def windowed(match: Match | None) -> Windowed | None:
    """The match as one of windows; None where it is none."""
    return cast("Windowed", match) if hasattr(match, "window_test") else None


class Counting(msgspec.Struct, frozen=True, gc=False):
    """A policy that counts. key: its `window_key`, under which its windows are stored."""

    policy_id: str
    key: str
    match: Windowed
