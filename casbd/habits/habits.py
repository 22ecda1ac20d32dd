"""The memories of all subjects: in memory while they are busy, in the store always.

Activities are added as they come, and judged together at a commit's end; and before, where a subject's time moves on so far that what was
added would be too old to be judged. So it does not matter how records are cut into commits.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

import msgspec

from casbd.filters.tree import Node
from casbd.habits.anomaly import HOUR, LATE, Anomaly, Finding, Memory, Organization
from casbd.habits.raised import Raised, Verdict, settled
from casbd.model.counted import Entry

MOST_SUBJECTS = 20_000
"""So many memories are kept in memory; the others are read back when their subjects act again."""

Name = tuple[str, str]
"""What is remembered, and whose: of all together, nobody's (`""`)."""


class Shelf(Protocol):
    """Where packed memories are kept."""

    def get(self, name: Name) -> bytes | None:
        """A memory; None where there is none."""

    def put(self, kept: Sequence[tuple[Name, int, bytes]]) -> None:
        """Keep some, with the times of their newest activities (ms)."""


class Watching(msgspec.Struct, frozen=True, eq=False):
    """A policy that compares with what is usual. raises: under which its alerts are known: another meaning may raise them anew.

    remembers: under which memories are kept, of all policies that observe the same. alert_id: gives the id of a new alert, by whose it is
    and with which activity it begins.
    """

    policy_id: str
    raises: str
    remembers: str
    anomaly: Anomaly
    alert_id: Callable[[str, Entry], str]


def remembered_as(anomaly: Anomaly, filters: Node) -> str:
    """A name for what is observed, so that memories stay while only thresholds change."""
    observed = anomaly.kind, anomaly.by, anomaly.single_app, anomaly.steps, anomaly.aliased, anomaly.learns, filters
    return f"{anomaly.kind}:{hashlib.sha256(msgspec.json.encode(observed)).hexdigest()[:24]}"


class _Kept(msgspec.Struct, gc=False):
    """One subject's memory. raised: by policy. fresh: activities that are not judged yet. oldest: the time of the first of these."""

    memory: Memory
    raised: dict[str, list[Raised]]
    fresh: list[Entry] = []
    oldest: int = 2**62


class Habits:
    """Remembers and judges; `save` puts what changed onto the shelf.

    Give it anew after a commit that failed: what is in memory is ahead of the store then.
    """

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._kept: OrderedDict[Name, _Kept] = OrderedDict()
        self._organizations: dict[str, Organization | None] = {}
        self._watching: dict[str, dict[str, Watching]] = {}
        self._touched: dict[Name, None] = {}
        self._changed: dict[Name, None] = {}
        self._verdicts: list[tuple[Watching, str, Verdict]] = []

    def add(self, watching: Watching, who: str, entry: Entry) -> None:
        """An activity of a subject that met a policy's filters. Several policies that observe the same count it once."""
        several = self._watching.setdefault(watching.remembers, {})
        name = (watching.remembers, who)
        kept = self._of(watching.anomaly, name)
        if several.setdefault(watching.policy_id, watching) is not watching:
            several[watching.policy_id] = watching
        if kept.fresh and kept.fresh[-1] == entry:
            return  # another policy's
        if entry.timestamp - LATE > kept.oldest:
            self._judge(name, kept)
        kept.memory.add(entry)
        kept.fresh.append(entry)
        kept.oldest = min(kept.oldest, entry.timestamp)
        self._touched[name] = None
        organization = self._organization(watching)
        for other in organization.add(who, entry) if organization is not None else ():
            self._touched[watching.remembers, other] = None
            concerned = self._of(watching.anomaly, (watching.remembers, other))
            concerned.oldest = min(concerned.oldest, entry.timestamp - HOUR)  # judged before its own time leaves that behind

    def verdicts(self) -> Iterator[tuple[Watching, str, Verdict]]:
        """What became of alerts since the last time, by policy and subject, in the order in which it is to be told."""
        for name in self._touched:
            self._judge(name, self._kept[name])
        self._touched = {}
        yield from self._verdicts
        self._verdicts = []

    def save(self) -> None:
        """Put what has changed onto the shelf; what is too much for memory is let go. Only after `verdicts`."""
        changed = [(name, one.memory.newest, _packed(one)) for name in self._changed if (one := self._kept[name])]
        changed += [
            ((remembers, ""), 0, msgspec.msgpack.encode(all_of_them.packed()))
            for remembers in dict.fromkeys(remembers for remembers, _ in self._changed)
            if (all_of_them := self._organizations.get(remembers)) is not None
        ]
        self._shelf.put(changed)
        self._changed = {}
        while len(self._kept) > MOST_SUBJECTS:
            self._kept.popitem(last=False)

    def forget(self) -> None:
        """Read everything anew from the shelf: somebody has changed it."""
        self.__init__(self._shelf)  # type: ignore[misc]

    def _judge(self, name: Name, kept: _Kept) -> None:
        remembers, who = name
        floor = kept.memory.newest - LATE
        organization = self._organizations.get(remembers)
        for watching in self._watching.get(remembers, {}).values():
            findings = watching.anomaly.findings(kept.memory, organization, who)
            before = kept.raised.get(watching.raises, [])
            if not findings and not before:
                continue
            raised, verdicts = settled(before, findings, kept.fresh, floor, partial(_new_id, watching, who))
            kept.raised[watching.raises] = raised
            if not raised:
                del kept.raised[watching.raises]
            self._verdicts += [(watching, who, verdict) for verdict in verdicts]
        kept.memory.settle(floor)
        kept.fresh, kept.oldest = [], 2**62
        self._changed[name] = None

    def _of(self, anomaly: Anomaly, name: Name) -> _Kept:
        kept = self._kept.get(name)
        if kept is not None:
            self._kept.move_to_end(name)
            return kept
        stored = self._shelf.get(name)
        if stored is None:
            kept = _Kept(anomaly.memory(), {})
        else:
            memory, raised = msgspec.msgpack.decode(stored)
            kept = _Kept(anomaly.memory(memory), msgspec.convert(raised, dict[str, list[Raised]]))
        self._kept[name] = kept
        return kept

    def _organization(self, watching: Watching) -> Organization | None:
        remembers = watching.remembers
        if remembers not in self._organizations:
            stored = self._shelf.get((remembers, ""))
            packed = None if stored is None else msgspec.msgpack.decode(stored)
            self._organizations[remembers] = watching.anomaly.organization(packed)
        return self._organizations[remembers]


def _new_id(watching: Watching, who: str, finding: Finding) -> str:
    return watching.alert_id(who, finding.members[0])


def _packed(kept: _Kept) -> bytes:
    return msgspec.msgpack.encode((kept.memory.packed(), kept.raised))


class InMemory:
    """A shelf for a while."""

    def __init__(self, kept: Mapping[Name, bytes] = {}) -> None:
        self._kept: dict[Name, Any] = {**kept}

    def get(self, name: Name) -> bytes | None:
        """See Shelf."""
        return self._kept.get(name)

    def put(self, kept: Sequence[tuple[Name, int, bytes]]) -> None:
        """See Shelf."""
        self._kept |= {name: packed for name, _, packed in kept}
