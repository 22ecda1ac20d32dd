"""A policy: one rule file, checked, with its filters as a tree."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from casbd.counting.match import Match, Windowed, windowed
from casbd.errors import Mistake
from casbd.filters.fields import FieldRef
from casbd.filters.tree import AllOf, Condition, Node, NoneOf, fields
from casbd.model.activity import Activity
from casbd.model.alert import Category, Severity
from casbd.policies.evidence_text import EvidenceText

Mode = Literal["enforce", "simulate"]


class AlertOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of a policy's alerts.

    daily_limit: more than this in a day are stored, not sent; None: no limit. suppress: after one of a subject was sent, no
    other of this policy and subject is for so many milliseconds. title, evidence: what the rule file says in the place of the policy's
    name, and of the sentence that its kind of `match:` makes; None: nothing.
    """

    daily_limit: int | None = None
    suppress: int | None = None
    email: tuple[str, ...] = ()
    sms: tuple[str, ...] = ()
    title: EvidenceText | None = None
    evidence: EvidenceText | None = None

    def fields(self) -> frozenset[FieldRef]:
        """What these name."""
        return frozenset(field for text in (self.title, self.evidence) if text is not None for field in text.fields())

    @property
    def tells_of_records(self) -> bool:
        """Whether they name what stands in the record alone."""
        return any(field.path for field in self.fields())

    @property
    def recipients(self) -> tuple[str, ...]:
        """Whom to tell: addresses, numbers, and names of the configuration's recipients."""
        return (*self.email, *self.sms)


class Notice(msgspec.Struct, frozen=True):
    """What a governance step tells users: its own words, and who else is told."""

    message: str = ""
    recipients: tuple[str, ...] = ()


class ExampleActivity(msgspec.Struct, frozen=True, kw_only=True):
    """An activity of an inline test: by its fields, or by a raw record and the format that reads it.

    repeat: so many of them, `every` milliseconds apart; `{n}` in a text field is then 1, 2, 3 ...
    at: milliseconds after the test's beginning, or since 1970; None: when the one before it ended.
    """

    activity: Activity | None = None
    raw: str | None = None
    format: str | None = None
    repeat: int = 1
    every: int = 0
    at: int | None = None


class UsualDays(msgspec.Struct, frozen=True, kw_only=True):
    """What happened on each of so many days before an inline test. working_days: Saturdays and Sundays are left out, and not counted."""

    activities: tuple[ExampleActivity, ...]
    days: int = 30
    working_days: bool = False


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """An inline test of a rule file. fields: what the alerts must hold, as far as the test says so."""

    name: str
    activities: tuple[ExampleActivity, ...]
    alerts: int
    usual: UsualDays | None = None
    fields: tuple[dict[str, str | int | float | bool | None], ...] = ()


class Exemption(msgspec.Struct, frozen=True, kw_only=True):
    """Activities that policies leave alone. expires: those from this moment on (ms) are not exempt; None: never.

    place: file and line, for people.
    """

    policies: tuple[str, ...]
    filters: Node
    reason: str
    expires: int | None
    place: str = ""

    def node(self) -> Node:
        """What an activity meets that is exempt."""
        if self.expires is None:
            return self.filters
        return AllOf((self.filters, Condition("timestamp", "lt", (self.expires,))))

    def note(self, what: str) -> Mistake:
        """Something about it, at its place."""
        file, _, line = self.place.rpartition(":")
        return Mistake(file, int(line or 0), 1, f"{what}: {self.reason}")


class Policy(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One policy as the rest of casbd knows it; each loading makes its own, so they compare and hash as objects.

    filters: what an activity must meet to be looked at; with a sequence, one of its steps too.
    match: None raises an alert for every single activity.

    governance: pairs of action and connector. notices: what those of them say that tell somebody. template: the id of the shipped
    policy that it was made from. line: where its document begins in the file. digest: a hash of what it asks for (filters and match); a
    policy whose digest changed starts afresh, one that got another name, severity or exception goes on counting.
    """

    id: str
    name: str
    description: str = ""
    severity: Severity = "medium"
    category: Category | None = None
    enabled: bool = True
    mode: Mode = "enforce"
    filters: Node
    match: Match | None = None
    alert: AlertOptions = AlertOptions()
    governance: tuple[tuple[str, str], ...] = ()
    notices: Mapping[tuple[str, str], Notice] = {}
    tags: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    path: Path = Path()
    digest: str = ""
    tests: Sequence[Example] = ()
    exemptions: tuple[Exemption, ...] = ()
    template: str = ""
    line: int = 1

    def reads(self) -> frozenset[str]:
        """The fields that it looks at, and those that its alerts show."""
        helped_by = getattr(self.match, "helped_by", ())  # it takes them where they are there
        observed = _OBSERVED if hasattr(self.match, "findings") else frozenset[str]()
        return _ALERTED | self.looks_at() | {field.name for field in self.alert.fields()} | frozenset(helped_by) | observed

    def looks_at(self) -> frozenset[str]:
        """The fields that decide: of its filters, and those that it counts by."""
        counted: tuple[str, ...] = ()
        if self.match is not None:
            counted = (*self.match.by, *self.match.looks_at)
            counted += tuple(field for one in self.match.aliased for field in (*one.by, one.unique or "app"))
        return frozenset(field.partition(".")[0] for field in counted) | fields(self.whole_filter())

    @property
    def window_key(self) -> str:
        """The policy as it means now: when its meaning changes it starts to count afresh, and when it is simulated no longer."""
        return f"{self.id}:{self.digest}" + (":simulated" if self.mode == "simulate" else "")

    @property
    def is_of_each(self) -> bool:
        """Whether each activity that meets it is part of an alert."""
        return self.match is None or (self.windowed is not None and self.windowed.fewest == 1)

    @property
    def windowed(self) -> Windowed | None:
        """What it counts in windows; None where it counts otherwise, or looks at every single activity."""
        return windowed(self.match)

    def whole_filter(self) -> Node:
        """What an activity must meet, exceptions included."""
        if not self.exemptions:
            return self.filters
        return AllOf((self.filters, NoneOf(tuple(exemption.node() for exemption in self.exemptions))))


_OBSERVED = frozenset({"is_external_user", "user_type", "user_groups"})
"""By these an anomaly tells who belongs where (`habits/observed.py`): unread, everybody is a member, and of no group."""
_ALERTED = frozenset(
    {
        *("timestamp", "activity_id", "activity_type", "action_type", "app", "app_instance"),
        *("user", "ip_address", "country", "object_id", "object_name", "object_type", "objects", "result", "result_detail"),
    }
)


def is_of_one_user(match: Match | None) -> bool:
    """Whether a policy's alert is about one user: its only activity's, or the one by whom activities are counted.

    What stands elsewhere in records may be alike in anybody's, whatever it is called: `raw.userAgent`.
    """
    if match is None:
        return True
    sides = [one.by for one in match.aliased] or [match.by]
    return any(set(fields) in ({"user"}, {"user_id"}) for fields in zip(*sides, strict=False))


def digest(filters: Node, match: Match | None) -> str:
    """32 hex digits that change when, and only when, the filters or the counting change."""
    return hashlib.sha256(msgspec.json.encode((filters, match))).hexdigest()[:32]
