"""Of how many users log ons failed from a block of addresses, who neither got in there, too, nor knew the password; and whether people are
usually there.

Users are bits of sketches (see Slice), so that the memory of a block is the same in any order, and small, whoever tries whatever.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from casbd.counting.subjects import different
from casbd.habits.anomaly import HOUR, MOST_KEPT, Finding, PlainAnomaly
from casbd.habits.cells import Cell, brief_cell, by_name, whole_cell
from casbd.habits.known_places import KnownUsers, hash_of
from casbd.habits.sessions import BITS, Session, Sessions, Slice, bit_of, least_different
from casbd.habits.spots import block_of
from casbd.model.activity import Activity
from casbd.model.counted import Entry
from casbd.records.record_path import RawReader
from casbd.remembered import Remembered

LONGEST = 3 * HOUR
USUAL = 3
"""Where so many users logged on, on two earlier days each, people are usually."""
AS_MANY = 3
"""Times as many must fail there, and after a session that goes on without a pause."""
_PIECE = HOUR // 2
_BEFORE, _AFTER = 24, 1
"""Pieces of time before and after a failure in which the same user got in who is no stranger there; less than an hour after, as LATE has
no more for what lies around a record."""
_MOST_NAMED = 40
_LEAST_SLICES = 16
_LEAST_PIECES = 32
_EXPIRED = "InvalidPasswordExpiredPassword"
"""AADSTS50055: Entra ID says it only to who has the right password, which is too old."""
_SUCCESS, _FAILURE, _KNEW = "+", "-", "~"
_NOBODY = -1


class TriesFrom(Sessions):
    """See Memory: of a block of addresses. got_in: by piece of time a sketch of the organization's own users who logged on, or knew the
    password. named: the first failures of each slice."""

    __slots__ = ("_by_name", "got_in", "named")

    def __init__(self, within: int, packed: Any = None) -> None:
        sessions, got_in, named = packed or (None, {}, {})
        super().__init__(2 * within, sessions, different=True)
        self.got_in = {piece: int.from_bytes(users, "little") for piece, users in got_in.items()}
        self.named: dict[int, Cell] = {number: cell for number, given in named.items() if (cell := whole_cell(given)) is not None}
        self._by_name = by_name(self.named.values())

    def add(self, entry: Entry) -> None:
        """See Memory."""
        how, who = (entry.value or _SUCCESS)[0], (entry.value or _SUCCESS)[1:]
        if how == _FAILURE:
            super().add(Entry(entry.timestamp, entry.key, entry.activity_id, who))
            self._name(entry)
            return
        self.pass_time(entry.timestamp)
        if who and entry.belongs is not None:
            piece = entry.timestamp // _PIECE
            self.got_in[piece] = self.got_in.get(piece, 0) | bit_of(who)

    def _name(self, entry: Entry) -> None:
        number = entry.timestamp // self.size
        if number not in self.slices:
            return  # it came too late
        cell = self.named.get(number)
        if cell is None:
            self.named[number] = Cell.of(entry)
        else:
            self._by_name += cell.add(entry, _MOST_NAMED - self._by_name)

    def settle(self, before: int) -> None:
        """See Memory: a session is over when it is known who got in after it."""
        super().settle(before - HOUR)
        oldest = min(before, min(self.slices, default=before // self.size) * self.size) // _PIECE - _BEFORE
        if self.got_in and min(self.got_in) < oldest:
            self.got_in = {piece: users for piece, users in self.got_in.items() if piece >= oldest}
        if not self.named.keys() <= self.slices.keys():
            self._keep_named()

    def _keep_named(self) -> None:
        self.named = {number: cell for number, cell in self.named.items() if number in self.slices}
        self._by_name = by_name(self.named.values())

    def lighten(self) -> bool:
        """See Memory; then the slices go in which the fewest failed, the newest first: with the first one an alert begins. At last it is
        forgotten who got in long ago: what is dated over years is settled only once an hour."""
        if self.named:
            order = sorted(self.named, key=lambda one: (-self.slices[one].values.bit_count(), one))
            for number in order[len(order) // 2 :]:
                del self.named[number]
            self._by_name = by_name(self.named.values())
            return True
        if super().lighten():
            return True
        order = sorted(self.slices, key=lambda one: (-self.slices[one].values.bit_count(), one))
        for number in order[max(_LEAST_SLICES, len(order) // 2) :]:
            del self.slices[number]
        if len(self.slices) > _LEAST_SLICES:
            return True
        pieces = sorted(self.got_in)
        for piece in pieces[: min(len(pieces) // 2, max(0, len(pieces) - _LEAST_PIECES))]:
            del self.got_in[piece]
        return len(self.got_in) > _LEAST_PIECES

    def amount(self, number: int, session: Session) -> int:
        """How many strangers failed in the window that ends with a slice."""
        numbers = [number - 1, number] if number > session.slices[0] else [number]
        return self.strangers([one for one in numbers if one in self.slices])

    def strangers(self, numbers: Sequence[int]) -> int:
        """How many users failed in some slices who did not get in around then: rather one too few than one too many."""
        tries, users = 0, 0
        for number in numbers:
            slice_ = self.slices[number]
            tries += slice_.number
            users |= slice_.values & ~self._who_got_in(slice_)
        return min(tries, least_different(BITS * tries, users))  # of so many it takes the sketch's word, unless that is full

    def insiders(self, numbers: Sequence[int]) -> int:
        """How many got in around the time of some slices."""
        users = 0
        for number in numbers:
            users |= self._who_got_in(self.slices[number])
        return users.bit_count()

    def packed(self) -> Any:
        """See Memory."""
        got_in = {piece: users.to_bytes((users.bit_length() + 7) // 8, "little") for piece, users in sorted(self.got_in.items())}
        return super().packed(), got_in, {number: brief_cell(cell) for number, cell in sorted(self.named.items())}

    def _who_got_in(self, slice_: Slice) -> int:
        users = 0
        for piece in range(slice_.first // _PIECE - _BEFORE, slice_.last // _PIECE + _AFTER + 1) if self.got_in else ():
            users |= self.got_in.get(piece, 0)
        return users


class Visitors(KnownUsers):
    """See Organization: who logged on from which block, and on which days."""

    def add(self, who: str, entry: Entry, memory: TriesFrom) -> Iterable[str]:  # noqa: ARG002
        """See KnownUsers."""
        value = entry.value or ""
        if value.startswith(_SUCCESS) and entry.belongs is not None:
            self._users.add(who, hash_of(value), entry.timestamp, entry.timestamp)
        return ()

    def are_usual(self, block: str, moment: int) -> bool:
        """Whether people of the organization were there before."""
        return self._users.number(block, moment, _NOBODY, twice=True) >= USUAL


class SprayedFrom(PlainAnomaly, frozen=True, kw_only=True):
    """See Anomaly. spray: so many users. within: milliseconds; as time is cut into such slices, up to twice as long."""

    kind: ClassVar[str] = "spray"
    counts: ClassVar[str] = "users"
    looks_at: ClassVar[tuple[str, ...]] = ("activity_type", "result_detail", "user")

    spray: int
    within: int
    by: tuple[str, ...] = ("ip_address",)
    single_app: bool = False

    @property
    def learns(self) -> tuple[Any, ...]:
        """See Anomaly."""
        return "blocks", self.within

    def value(self, activity: Activity, reader: RawReader, met: Sequence[int]) -> str | None:  # noqa: ARG002  no path is asked
        """See Match. Whether it succeeded, and a hash of whose it is: nobody's name is remembered for having been tried."""
        failed = activity.activity_type == "Failed log on" or activity.result == "failure"
        how = _KNEW if activity.result_detail == _EXPIRED else _FAILURE if failed else _SUCCESS
        who = _hashes[activity.user, activity.app, activity.app_instance]
        return None if who is None else how + who

    def counted_apart(self, activity: Activity, reader: RawReader, met: Sequence[int]) -> Iterable[tuple[str, str | None]]:
        """See Apart: of a block, as of each address that somebody ever had there would be too many memories."""
        value = self.value(activity, reader, met)
        block = block_of(activity.ip_address or "")
        return [(block, value)] if block and value is not None else []

    def memory(self, packed: Any = None) -> TriesFrom:
        """See Anomaly."""
        return TriesFrom(self.within, packed)

    def organization(self, packed: Any = None) -> Visitors:
        """See Anomaly."""
        return Visitors(packed)

    def findings(self, memory: TriesFrom, organization: Visitors, who: str) -> Sequence[Finding]:
        """See Anomaly: one of each session, from its first window with so many strangers to the last."""
        if memory.busy < self.spray:
            return ()
        found = []
        for session in memory.sessions():
            usual = organization.are_usual(who, session.slices[0] * memory.size)
            enough = self.spray * AS_MANY if usual else self.spray
            if session.after >= enough:
                enough = AS_MANY * session.after
            odd = [number for number in session.slices if memory.amount(number, session) >= enough]
            if odd:
                slices = [one for one in session.slices if odd[0] - 1 <= one <= odd[-1]]
                strangers = memory.strangers(slices)
                # Before it is known who is usually there, as many who get in say the same.
                if usual or memory.insiders(slices) < max(USUAL, strangers):
                    found.append(_finding(memory, slices, strangers, usual=usual))
        return found


def _hash(names: tuple[str | None, str | None, str | None]) -> str | None:
    user, app, instance = names
    who = different("user", Activity(user=user, app=app, app_instance=instance), RawReader())
    return None if who is None else f"{hash_of(who):x}"


_hashes = Remembered[tuple[str | None, str | None, str | None], str | None](_hash, 20_000)


def _finding(memory: TriesFrom, numbers: Sequence[int], strangers: int, *, usual: bool) -> Finding:
    slices = [memory.slices[number] for number in numbers]
    members: list[Entry] = []
    for number, slice_ in zip(numbers, slices, strict=True):
        cell = memory.named.get(number)
        members += cell.members if cell is not None else [slice_.entry()] if slice_.begun else []
    return Finding(
        first=slices[0].first,
        last=max(slice_.last for slice_ in slices),
        count=sum(slice_.number for slice_ in slices),
        members=tuple(members[:MOST_KEPT]) or (slices[0].entry(),),
        usual={"users": strangers, "usual": usual},
    )
