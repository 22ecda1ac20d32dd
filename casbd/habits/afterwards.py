"""Activity of a subject after something happened to it, or after it did something."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Literal

import msgspec

from casbd.counting.match import Aliased, Step
from casbd.counting.subjects import subject
from casbd.habits.anomaly import MOST_KEPT, Finding
from casbd.habits.what_followed import ACTIVE, ENDED, HAPPENED, Followed, WhatFollowed
from casbd.model.activity import Activity
from casbd.model.alert import PolicyType
from casbd.model.identity import person
from casbd.records.long_texts import shortened_bytes
from casbd.records.record_path import RawReader

Role = Literal["object", "actor"]
_DELETED = re.compile(r"[0-9a-f]{32}(?=[^@]+@)", re.IGNORECASE)
"""What Entra ID puts before the name of a user that it deletes: the object id without hyphens."""
_LONGEST = 128


class Afterwards(msgspec.Struct, frozen=True, kw_only=True):
    """What a subject does after something.

    steps: what must have happened, what ends it (where `ends`), and what the subject does then. role: whether it happened to the
    subject, or was done by it. within, grace: ms, no longer and no sooner after it.
    """

    kind: ClassVar[str] = "after"
    nobodys: ClassVar[bool] = False
    policy_type: ClassVar[PolicyType] = "anomaly"
    aliased: ClassVar[tuple[Aliased, ...]] = ()

    steps: tuple[Step, ...]
    role: Role
    within: int
    ends: bool = False
    grace: int = 0
    by: tuple[str, ...] = ("user",)
    single_app: bool = False

    @property
    def looks_at(self) -> tuple[str, ...]:
        """See Match."""
        return ("objects", "app")

    @property
    def counts(self) -> str:
        """See Match."""
        return "activities"

    @property
    def learns(self) -> tuple[Any, ...]:
        """See Anomaly."""
        return self.role, self.ends, self.grace, self.within

    def value(self, activity: Activity, reader: RawReader, met: Sequence[int]) -> str | None:  # noqa: ARG002  `met` says it all
        """See Match. What happened, with what it is told by; or that it ended, or that the subject was active."""
        if 0 in met:
            name = activity.activity_type if activity.activity_type != "Unspecified" else (activity.action_type or "").rstrip(". ")
            told = [name, activity.app, activity.user if self.role == "object" else None]
            return HAPPENED + msgspec.json.encode([one and shortened_bytes(one, _LONGEST) for one in told]).decode()
        return ENDED if self.ends and 1 in met else ACTIVE

    def counted_apart(self, activity: Activity, reader: RawReader, met: Sequence[int]) -> Iterable[tuple[str, str | None]]:
        """See Apart: an activity is of who is acted on where it is what happens or ends that, else of who acts."""
        acts = len(self.steps) - 1
        happened = [step for step in met if step < acts]
        if happened:
            value = self.value(activity, reader, happened)
            whom = [subject(self, activity, reader)] if self.role == "actor" else acted_on(activity)
            yield from ((who, value) for who in dict.fromkeys(whom) if who is not None)
        if acts in met and not (happened and self.role == "actor") and (who := subject(self, activity, reader)) is not None:
            yield who, ACTIVE

    def memory(self, packed: Any = None) -> WhatFollowed:
        """See Anomaly."""
        return WhatFollowed(self.grace, self.within, packed)

    def organization(self, packed: Any = None) -> None:
        """See Anomaly."""

    def findings(self, memory: WhatFollowed, organization: None, who: str) -> Sequence[Finding]:  # noqa: ARG002  see Anomaly
        """See Anomaly."""
        return [_finding(followed) for followed in memory.runs()]


def _finding(followed: Followed) -> Finding:
    run = followed.run
    name, app, by = msgspec.json.decode((followed.since.value or "")[1:])
    return Finding(
        first=run.first.timestamp,
        last=run.last,
        count=run.count,
        members=followed.members[:MOST_KEPT],
        values=frozenset((ACTIVE,)),
        usual={"what": name, "app": app, "by": by, "at": followed.since.timestamp},
    )


def acted_on(activity: Activity) -> list[str]:
    """The users that are acted on, each as the subject that it is when it acts."""
    users = [thing for thing in activity.objects if thing.type is not None and thing.type.casefold() == "user"]
    return [person(_DELETED.sub("", name), activity.app, activity.app_instance) for thing in users if (name := thing.name or thing.id)]
