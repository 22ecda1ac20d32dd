"""What an anomaly policy knows of an activity's subject: that with which it is compared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from casbd.alerting.watching import watching
from casbd.habits.anomaly import LATE, Anomaly, Finding
from casbd.habits.habits import Habits
from casbd.model.activity import Activity
from casbd.model.counted import Entry
from casbd.policies.matcher import Matcher
from casbd.policies.policy import Policy
from casbd.store.database import Store
from casbd.store.state.habits import StoredHabits


class History(msgspec.Struct, frozen=True):
    """Of one subject. known: False while the policy is still to learn, is off, or has another meaning by now.

    newest: the time of its newest activity (ms); None where there is none. unusual: what is unusual of it around the activity, with the
    numbers. remembered: the past, as the kind tells it (`past` of its match); empty where it does not.
    """

    subject: str
    known: bool
    newest: int | None = None
    unusual: tuple[Finding, ...] = ()
    remembered: Mapping[str, Any] = {}


def looked_at(store: Store, policy: Policy, activity: Activity) -> list[History]:
    """What is known by now of whose the activity is, which meets the policy's filters; nothing where the policy compares with nothing."""
    watched = watching([policy]).get(policy.id)
    if watched is None:
        return []
    stored = StoredHabits(store.connection)
    known = not stored.unknown([watched.remembers])
    habits = Habits(stored, [watched])
    histories = []
    for who, value in Matcher([msgspec.structs.replace(policy, enabled=True)], now=lambda: activity.timestamp).counted(policy, activity):
        if not known:
            histories.append(History(who, known=False))
            continue
        memory, organization = habits.memory(watched, who)
        entry = Entry(activity.timestamp, 0, activity.activity_id, value)
        findings = watched.anomaly.findings(memory, organization, who)
        near = tuple(one for one in findings if one.first - LATE <= activity.timestamp <= one.last + LATE)
        newest = memory.newest if memory.newest > 0 else None
        histories.append(History(who, True, newest, near, _told(watched.anomaly, memory, organization, who, entry)))
    return histories


def _told(anomaly: Anomaly, memory: Any, organization: Any, who: str, entry: Entry) -> Mapping[str, Any]:
    """A kind may tell more: `past(memory, organization, who, entry)`, a mapping of words to numbers and texts."""
    tell = getattr(anomaly, "past", None)
    return tell(memory, organization, who, entry) if tell is not None else {}
