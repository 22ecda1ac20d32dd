"""Who got in where many failed: a log on from a network that is new for its user, and from which other users failed to log on."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

import msgspec

from casbd.habits.anomaly import DAY, LONG_AGO, MOST_KEPT, Finding, Organization, PlainAnomaly, in_order
from casbd.habits.brief import brief, whole
from casbd.habits.known_places import Days, Users, hash_of
from casbd.habits.spots import block_of
from casbd.habits.tried import Network
from casbd.model.activity import Activity
from casbd.model.counted import Entry
from casbd.records.record_path import RawReader
from casbd.remembered import Remembered

LONGEST = DAY
"""So far from a log on others may have failed."""
OWN = 6
"""A network from which so many others logged on before is no attacker's: of one of its blocks of addresses alone it is asked."""
_KEPT = 4 * DAY
_MOST_TRIES, _MOST_KNOWN, _MOST_NETWORKS, _MOST_FLOODS = 28, 40, 1_000, 8


class Tries(msgspec.Struct, array_like=True, frozen=True):
    """What is remembered of an activity. networks: the autonomous system, if it is known, and the block of addresses."""

    succeeded: bool
    networks: tuple[str, ...]


def _write(asked: tuple[bool, int | None, str]) -> str:
    succeeded, asn, address = asked
    networks = [f"AS{asn}"] if asn is not None else []
    return json.dumps([succeeded, [*networks, block_of(address)]])


_written = Remembered[tuple[bool, int | None, str], str](_write, 20_000)
_tries = Remembered[str, Tries](lambda text: msgspec.json.decode(text, type=Tries), 20_000)


class Attempts:
    """See Memory: log ons and failed ones from networks from which the subject never logged on, of some days.

    more: by network how many there were besides, and when the last was.
    """

    def __init__(self, packed: Any = None) -> None:
        tries, known, more, newest = packed or ([], None, {}, LONG_AGO)
        self.tries = [whole(one, value) for one, value in tries]
        self.newest: int = newest
        self.more: dict[str, list[int]] = more
        self._known = Days(_MOST_KNOWN, known)

    def add(self, entry: Entry) -> None:
        """See Memory."""
        if entry.value is None:
            return
        tried, moment = _tries[entry.value], entry.timestamp
        if tried.succeeded:
            for network in tried.networks:
                self._known.add(network, moment)
        self.newest = max(self.newest, moment)
        if not self._known.known(tried.networks[0], moment, 1):
            self.tries.append(Entry(moment, entry.key, entry.activity_id, entry.value))
            if len(self.tries) > _MOST_TRIES:
                self._let_go()

    def settle(self, before: int) -> None:
        """See Memory."""
        if self.tries and any(one.timestamp < before - _KEPT for one in self.tries):
            self.tries = [one for one in self.tries if one.timestamp >= before - _KEPT]
            self.more = {name: [count, last] for name, (count, last) in self.more.items() if last >= before - _KEPT}

    def packed(self) -> Any:
        """See Memory."""
        tries = [(brief(one), one.value) for one in sorted(self.tries, key=in_order)]
        return tries, self._known.first, self.more, self.newest

    def lighten(self) -> bool:
        """See Memory. Then the networks go in which the subject was on the fewest days."""
        if len(self.tries) > 1:
            self._let_go()
            return True
        return self._known.lighten()

    def _let_go(self) -> None:
        """The newest from the network from which most were, as with the first one an alert begins: it is counted."""
        number = Counter(_network(one) for one in self.tries)
        most = max(number, key=lambda name: (number[name], name))
        newest = max((one for one in self.tries if _network(one) == most), key=in_order)
        self.tries.remove(newest)
        count, last = self.more.get(most, (0, newest.timestamp))
        self.more[most] = [count + 1, max(last, newest.timestamp)]
        if len(self.more) > _MOST_FLOODS:
            del self.more[min(self.more, key=lambda name: (self.more[name][1], name))]


class _Sure(Users):
    MOST = OWN + 2


class Networks(Organization):
    """See Organization."""

    def __init__(self, packed: Any = None) -> None:
        sure, networks = packed or (None, {})
        self._sure = _Sure(2 * _MOST_NETWORKS, sure)
        self._networks = {name: Network(*users) for name, users in networks.items()}

    def add(self, who: str, entry: Entry, memory: Attempts) -> Iterable[str]:  # noqa: ARG002
        """See Organization: who logged on from a network is judged again when others fail there."""
        if entry.value is None:
            return ()
        tried, moment = _tries[entry.value], entry.timestamp
        concerned: set[str] = set()
        for name in tried.networks:
            if tried.succeeded and entry.belongs is not None:
                self._sure.add(name, hash_of(who), moment, moment)
            if self.is_own(name, moment, who):
                continue
            network = self._networks.get(name)
            if network is None:
                self._forget()
                network = self._networks[name] = Network()
            if tried.succeeded and entry.belongs is None:
                network.outsiders.add(who)
            network.add(who, moment, succeeded=tried.succeeded)
            concerned.update(network.succeeded if len(network.failed) > 1 else ())
        return sorted(concerned - {who})

    def is_own(self, name: str, moment: int, who: str) -> bool:
        """Whether many others logged on from a network before."""
        users = self._sure.names.get(name, ())  # of nearly every network it is too few, whenever they came
        return len(users) >= OWN and self._sure.number(name, moment, hash_of(who)) >= OWN

    def has_failures(self, name: str, users: int) -> bool:
        """Whether so many users failed there, whenever that was. There are as many `strangers` at most."""
        network = self._networks.get(name)
        return network is not None and len(network.failed) >= users

    def strangers(self, name: str, moment: int, within: int, who: str) -> Sequence[int]:
        """When others first failed there around a time who have not succeeded, in order. Where as many got in as failed it is a way that
        people take (a gateway of the organization, say), and nobody's attack."""
        network = self._networks.get(name)
        if network is None:
            return ()
        several = network.strangers(moment, within, who)
        few = len(several) if moment - self._sure.since(moment) > 2 * DAY else 2  # on the first days nobody was anywhere before
        return several if network.insiders(moment + within, who) < few else ()

    def packed(self) -> Any:
        """See Organization."""
        return self._sure.packed(), {name: (one.failed, one.succeeded, sorted(one.outsiders)) for name, one in self._networks.items()}

    def _forget(self) -> None:
        if len(self._networks) < _MOST_NETWORKS:
            return
        order = sorted(
            (len(one.failed) > 1, max((t[-1] for t in one.failed.values()), default=0), name) for name, one in self._networks.items()
        )
        for _, _, name in order[: _MOST_NETWORKS // 4]:
            del self._networks[name]


class Sprayed(PlainAnomaly, frozen=True, kw_only=True):
    """See Anomaly. spray: so many other users. within: milliseconds, before or after."""

    kind: ClassVar[str] = "spray"
    counts: ClassVar[str] = "activities"
    looks_at: ClassVar[tuple[str, ...]] = ("activity_type", "ip_address")
    helped_by: ClassVar[tuple[str, ...]] = ("asn",)
    learns: ClassVar[tuple[Any, ...]] = ("networks",)

    spray: int
    within: int
    by: tuple[str, ...] = ("user",)
    single_app: bool = False

    def value(self, activity: Activity, reader: RawReader, met: Sequence[int]) -> str | None:  # noqa: ARG002
        """See Match."""
        if activity.ip_address is None:
            return None
        return _written[activity.activity_type != "Failed log on" and activity.result != "failure", activity.asn, activity.ip_address]

    def memory(self, packed: Any = None) -> Attempts:
        """See Anomaly."""
        return Attempts(packed)

    def organization(self, packed: Any = None) -> Networks:
        """See Anomaly."""
        return Networks(packed)

    def findings(self, memory: Attempts, organization: Networks, who: str) -> Sequence[Finding]:
        """See Anomaly. One is what the subject did from a network, with no longer pauses than `within`."""
        different = [_tries[value or ""] for value in {one.value for one in memory.tries}]
        if not any(organization.has_failures(name, self.spray) for tried in different if tried.succeeded for name in tried.networks):
            return ()  # as of nearly all
        tries = [(one, _tries[one.value or ""]) for one in sorted(memory.tries, key=in_order)]
        found: dict[str, list[tuple[Entry, Sequence[int]]]] = {}
        for entry, tried in tries:
            for name in tried.networks if tried.succeeded else ():
                if not organization.is_own(name, entry.timestamp, who):
                    others = organization.strangers(name, entry.timestamp, self.within, who)
                    if len(others) >= self.spray:
                        found.setdefault(name, []).append((entry, others))
                        break
        several = (one for name, hits in found.items() for one in self._of(name, hits, tries, memory.more))
        return sorted(several, key=lambda one: one.first)

    def _of(
        self,
        name: str,
        hits: Sequence[tuple[Entry, Sequence[int]]],
        tries: Sequence[tuple[Entry, Tries]],
        more: Mapping[str, Sequence[int]],
    ) -> Iterator[Finding]:
        there = [(entry, tried.succeeded) for entry, tried in tries if name in tried.networks]
        at = dict(hits)
        for several in _runs(there, self.within):
            got_in = [entry for entry, _ in several if entry in at]
            if got_in:
                first, last = several[0][0].timestamp, several[-1][0].timestamp
                besides, until = more.get(name, (0, 0)) if several[-1] == there[-1] else (0, 0)
                yield Finding(
                    first=first,
                    last=max(last, until, *(at[entry][self.spray - 1] for entry in got_in)),  # with whom it was known
                    count=len(several) + besides,
                    members=tuple(entry for entry, _ in several)[:MOST_KEPT],
                    usual={
                        "others": max(len(at[entry]) for entry in got_in),
                        "failed": sum(not succeeded for _, succeeded in several),
                        "lasted": max(last, until) - first,
                    },
                    of=name,
                    values=frozenset(entry.value or "" for entry, _ in several),
                    shows=got_in[0],
                )


def _runs(tries: Sequence[tuple[Entry, bool]], within: int) -> Iterator[Sequence[tuple[Entry, bool]]]:
    run: list[tuple[Entry, bool]] = []
    for one in tries:
        if run and one[0].timestamp - run[-1][0].timestamp > within:
            yield run
            run = []
        run.append(one)
    if run:
        yield run


def _network(entry: Entry) -> str:
    return _tries[entry.value or ""].networks[0]
