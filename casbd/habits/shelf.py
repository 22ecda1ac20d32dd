"""Where memories are kept: packed, each with how far it has come; and a journal of what was observed since."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Protocol

from casbd.habits.anomaly import LONG_AGO
from casbd.store.state.habits import Kept, Name, Observed
from casbd.store.state.habits_late import Noted


class Shelf(Protocol):
    """All of it is inside the caller's transaction."""

    def get(self, name: Name) -> tuple[int, bytes] | None:
        """A memory, and through which commit it has come; None where there is none."""

    def put(self, kept: Iterable[Kept]) -> None:
        """Keep some."""

    def note(self, observed: Sequence[Observed]) -> int:
        """What one commit observed, in order; the commit's number, which is higher than all before."""

    def noted(self) -> Iterator[tuple[int, Sequence[Observed]]]:
        """What the journal has, by commit."""

    def all_kept(self) -> None:
        """What the journal has is in memories that are kept."""

    def in_use(self, remembers: Collection[str]) -> frozenset[str]:
        """Which of these are known from before on; the others are to be learned. Where nothing at all was before, they are known.

        All else is observed no more, so that it is known no longer what was.
        """

    def again(self) -> Iterable[Name]:
        """Who is still to be judged of what was learned; said once."""

    def reached(self, until: int) -> int:
        """The time of the newest activity that there was before, but no later than that (ms); where there is none, something long ago."""

    def late(self, late: Noted, now: int) -> None:
        """What came too late to be judged waits to be judged from the log. now: milliseconds since 1970."""

    def pause(self, remembers: str) -> None:
        """It is being learned again, and in no use until that is done."""


class Alone:
    """What a shelf says that nothing was on before: all is in use, nobody waits to be judged, and nothing came before."""

    def in_use(self, remembers: Collection[str]) -> frozenset[str]:
        """See Shelf."""
        return frozenset(remembers)

    def again(self) -> Iterable[Name]:
        """See Shelf."""
        return ()

    def reached(self, until: int) -> int:  # noqa: ARG002
        """See Shelf."""
        return LONG_AGO

    def pause(self, remembers: str) -> None:
        """See Shelf: it is in use all the same."""


class InMemory(Alone):
    """A shelf for a while."""

    def __init__(self) -> None:
        self._kept: dict[Name, tuple[int, bytes]] = {}
        self._noted: list[tuple[int, Sequence[Observed]]] = []
        self._commits = 0

    def get(self, name: Name) -> tuple[int, bytes] | None:
        """See Shelf."""
        return self._kept.get(name)

    def put(self, kept: Iterable[Kept]) -> None:
        """See Shelf."""
        self._kept |= {one.name: (one.through, one.memory) for one in kept}

    def note(self, observed: Sequence[Observed]) -> int:
        """See Shelf."""
        self._commits += 1
        self._noted.append((self._commits, [*observed]))
        return self._commits

    def noted(self) -> Iterator[tuple[int, Sequence[Observed]]]:
        """See Shelf."""
        yield from self._noted

    def all_kept(self) -> None:
        """See Shelf."""
        self._noted = []

    def late(self, late: Noted, now: int) -> None:
        """See Shelf: there is no log to judge it from."""
