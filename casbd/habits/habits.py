"""The memories of all subjects: in memory while they are busy, in the store always.

Activities are added and judged at a commit's end, one policy's after another's: of each record several policies remember something, and in
turns their memories push each other out of the processor's caches, which makes all of it a fifth dearer. A subject is judged before, where
its time moves on so far that what was added would be too old to be judged. So it does not matter how records are cut into commits. What is
known to change nothing, as most of what people do again within an hour, is not added.

A commit appends what it observed to a journal, as one row. A memory is packed when an alert comes of it, when it is let go, and when the
journal is long; a new process reads the journal and adds what a packed memory does not have, as it was added then.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from itertools import islice

from casbd.habits.anomaly import HOUR, LATE, NEVER, Finding, Memory, Organization
from casbd.habits.brief import Found, pack
from casbd.habits.journal import Journal
from casbd.habits.known import LEAST_BYTES, Known, organization_of, restored
from casbd.habits.late import Lateness
from casbd.habits.raised import Raised, Verdict, settled
from casbd.habits.shelf import InMemory, Shelf
from casbd.habits.watched import Watching, remembered_as
from casbd.model.counted import Entry
from casbd.store.state.habits import Kept, Name, Observed

__all__ = ["Habits", "InMemory", "Watching", "remembered_as"]

MOST_BYTES = 8_000_000
"""So much of packed memories is kept in memory (some ten times as much, as objects); the others are read back when their subjects act."""
MOST_IN_JOURNAL = 50_000
"""Activities; so many are read back at a start in some 250 ms."""


class Habits:
    """Remembers and judges; `save` puts what changed onto the shelf.

    Give it anew after a commit that failed: what is in memory is ahead of the store then.
    """

    def __init__(self, shelf: Shelf, watching: Sequence[Watching] = ()) -> None:
        self._shelf = shelf
        self._known: OrderedDict[Name, Known] = OrderedDict()
        self._size = 0
        self._organizations: dict[str, Organization | None] = {}
        self._forgotten: dict[str, int] = {}
        """See Organization."""
        self._learned = frozenset[str]()
        self._begun = False
        self._lateness = Lateness(shelf)
        self._arrived: defaultdict[str, list[tuple[str, Entry]]] = defaultdict(list)
        self._touched: defaultdict[str, dict[str, None]] = defaultdict(dict)
        self._verdicts: list[tuple[Watching, str, Verdict]] = []
        self._noted: list[Observed] = []
        self._unsaved: dict[Name, None] = {}
        """What the journal has and the shelf has not."""
        self._at_once: dict[Name, None] = {}
        """What alerts came of."""
        self.use(watching)

    @cached_property
    def _journal(self) -> Journal:
        return Journal(self._shelf)

    def use(self, watching: Sequence[Watching]) -> None:
        """The policies from the next commit on. What is observed no more is let go: it will be learned anew."""
        self._watching: dict[str, list[Watching]] = {}
        for one in watching:
            self._watching.setdefault(one.remembers, []).append(one)
        self._begun = False

    def begin(self, now: int = NEVER) -> None:
        """A commit begins, inside its transaction: of what is observed it is looked up what is known from before. now: milliseconds."""
        self._lateness.begin(now)
        if not self._begun or len(self._learned) < len(self._watching):
            self._begun = True
            before, self._learned = self._learned, self._shelf.in_use(self._watching)
            if before != self._learned:
                self._read_anew(before ^ self._learned)
            for remembers, who in self._shelf.again():
                self._touched[remembers][who] = None

    def add(self, watching: Watching, who: str, entry: Entry) -> None:
        """An activity of a subject that met a policy's filters. Several policies that observe the same count it once; and nothing is
        observed of what is still to be learned from the log.
        """
        remembers = watching.remembers
        if remembers in self._learned or self._learns(watching):
            self._arrived[remembers].append((who, entry))
        else:
            self._lateness.look(remembers, [entry.timestamp])  # the look back that learns it may be killed, and begins again

    def _add_arrived(self, remembers: str) -> None:
        """Add what waits, in the order in which it came."""
        organization = self._organization(remembers)
        daily = organization is not None and organization.daily
        known_of, note, times = self._known.get, self._noted.append, list[int]()
        for who, entry in self._arrived.pop(remembers, ()):
            name = (remembers, who)
            known = known_of(name) or self._of(name)
            told = False
            if entry.value in known.seen:
                ordinary, told = known.again(entry, self._forgotten.get(remembers, 0))
                if ordinary:
                    continue
            if not known.fresh:
                self._touched[remembers][who] = self._unsaved[name] = None
            elif known.latest == entry:
                continue  # another policy's
            if known.is_ahead(entry):
                self._judge(name, known)
            known.add(entry, tells=daily and not told)
            note((remembers, who, entry))
            times.append(entry.timestamp)
            if organization is not None and not (daily and told):
                self._tell(organization, name, entry, known.memory)
        self._lateness.look(remembers, times)

    def _tell(self, organization: Organization, name: Name, entry: Entry, memory: Memory) -> None:
        """All together learn of an activity."""
        remembers, who = name
        for other in organization.add(who, entry, memory):
            self._touched[remembers][other] = None
            concerned = self._of((remembers, other))
            concerned.oldest = min(concerned.oldest, entry.timestamp - HOUR)  # judged before its own time leaves that behind
        self._forgotten[remembers] = organization.forgotten

    def _learns(self, watching: Watching) -> bool:
        """Whether it is observed. Who gives what was in no use until now begins to."""
        if watching.remembers not in self._watching:
            self.use([*(one for several in self._watching.values() for one in several), watching])
        self.begin(self._lateness.now)
        return watching.remembers in self._learned

    def verdicts(self) -> Iterator[tuple[Watching, str, Verdict]]:
        """What became of alerts since the last time, by policy and subject, in the order in which it is to be told."""
        for remembers in [*{**self._arrived, **self._touched}]:
            self._add_arrived(remembers)
            for who in self._touched.pop(remembers, ()):
                self._judge((remembers, who), self._of((remembers, who)))
        yield from self._verdicts
        self._verdicts = []

    def save(self) -> None:
        """Put what has changed onto the shelf; what is too much for memory is let go. Only after `verdicts`."""
        self._lateness.save()
        if not self._noted and not self._at_once:
            return
        commit = self._shelf.note(self._noted)
        self._journal.number += len(self._noted)
        self._unsaved.update(((remembers, ""), None) for remembers in {one[0] for one in self._noted})
        self._noted = []
        if self._journal.number > MOST_IN_JOURNAL:
            self.put(commit=commit)
        self._put(self._at_once, commit)
        self._at_once = {}
        gone = _first(self._known, self._size - MOST_BYTES)
        self._put([name for name in gone if name in self._unsaved], commit)
        for name in gone:
            self._size -= self._known.pop(name).size

    def correct(self, name: Name, raised: Callable[[dict[str, list[Raised]]], dict[str, list[Raised]]]) -> None:
        """What was raised of a subject, by `raises`, is something else."""
        self._of(name).raised = raised(self._of(name).raised)
        self._at_once[name] = None

    def pause(self, remembers: str) -> None:
        """Observe it no more until it is learned again, inside a transaction and after `save`."""
        self._shelf.pause(remembers)
        self._learned -= {remembers}

    def put(self, at_most: int | None = None, commit: int | None = None) -> bool:
        """Put everything onto the shelf, so that the journal is empty, or so many; whether there is more. Only after `begin` and `save`."""
        self._put([*islice(self._unsaved, at_most)], self._shelf.note(()) if commit is None else commit)
        if not self._unsaved:
            self._shelf.all_kept()
            self._journal.number = 0
        return bool(self._unsaved)

    def memory(self, watching: Watching, who: str) -> tuple[Memory, Organization | None]:
        """What is remembered of a subject, and of all, with what was added last. To be looked at, not changed."""
        self._add_arrived(watching.remembers)
        return self._of((watching.remembers, who)).memory, self._organization(watching.remembers)

    def _read_anew(self, several: Collection[str]) -> None:
        """Of these all is another thing now: it was learned elsewhere, or nothing is observed of it any more."""
        for name in [name for name in self._known if name[0] in several]:
            self._size -= self._known.pop(name).size
        self._organizations = {name: one for name, one in self._organizations.items() if name not in several}
        vars(self).pop("_journal", None)
        unsaved = {**self._unsaved, **dict.fromkeys(self._journal.names())}
        self._unsaved = {name: None for name in unsaved if name[0] in self._learned}

    def _put(self, names: Iterable[Name], commit: int) -> None:
        kept = []
        for name in [*names]:
            remembers, who = name
            if who:
                known = self._of(name)
                packed = known.packed(partial(_found, self._watching.get(remembers, ()), known, self._organization(remembers), who))
                self._size += max(len(packed), LEAST_BYTES) - known.size
                known.size = max(len(packed), LEAST_BYTES)
                kept.append(Kept(name, known.memory.newest, commit, packed))
            elif (organization := self._organization(remembers)) is not None:
                kept.append(Kept(name, NEVER, commit, pack(organization.packed())))
            self._unsaved.pop(name, None)
        if kept:
            self._shelf.put(kept)

    def _judge(self, name: Name, known: Known) -> None:
        remembers, who = name
        found = _found(self._watching.get(remembers, ()), known, self._organization(remembers), who)
        if known.raised or any(findings for _, findings in found):
            verdicts = _become(known, found, who)
            if verdicts:
                self._verdicts += verdicts
                self._at_once[name] = None
        known.settle()

    def _of(self, name: Name) -> Known:
        known = self._known.get(name)
        if known is None:
            known = self._known[name] = restored(name, self._watching[name[0]][0].anomaly, self._shelf, self._journal)
            self._size += known.size
        else:
            self._known.move_to_end(name)
        return known

    def _organization(self, remembers: str) -> Organization | None:
        if remembers not in self._organizations:
            made = partial(organization_of, remembers, self._watching[remembers][0].anomaly, self._shelf, self._journal)
            self._organizations[remembers] = made(lambda who: self._of((remembers, who)).memory)
        return self._organizations[remembers]


def _first(several: Mapping[Name, Known], size: int) -> list[Name]:
    """Those that come first, as many as have that size together."""
    names = []
    for name, known in several.items():
        if size <= 0:
            break
        names.append(name)
        size -= known.size
    return names


def _found(several: Iterable[Watching], known: Known, organization: Organization | None, who: str) -> Found:
    return [(one, one.anomaly.findings(known.memory, organization, who)) for one in several]


def _become(known: Known, found: Found, who: str) -> list[tuple[Watching, str, Verdict]]:
    """What has become of a subject's alerts. found: by policy, of those that observe it now."""
    floor = known.memory.newest - LATE
    raised = {raises: several for raises, several in known.raised.items() if any(one.last >= floor for one in several)}
    told = []
    for watching, findings in found:
        raised.pop(watching.raises, None)
        before = known.raised.get(watching.raises, [])
        now, verdicts = settled(before, findings, floor, partial(_new_id, watching, who)) if findings or before else ([], [])
        if now:
            raised[watching.raises] = now
        told += [(watching, who, verdict) for verdict in verdicts]
    known.raised = raised
    return told


def _new_id(watching: Watching, who: str, finding: Finding) -> str:
    return watching.alert_id(who, finding.members[0])
