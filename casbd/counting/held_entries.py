"""A subject's entries that are held, and where the others lie: those that decide nothing were let go, and an archive has them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence

from casbd.counting.archive import Archive, Order, order_of
from casbd.counting.match import Windowed
from casbd.counting.sides import Sides
from casbd.model.counted import Entry

SPARE = 32
"""So many entries more than twice those that were left, before it is looked again which are idle; of a sequence more."""
FURTHER = 8
"""So many more for each activity that a sequence asks for, as it takes longer to see which are idle."""
HELD_IN_ORDER = 500
"""Activities of a sequence in order that are held whatever they are: which of those are idle is certain for records in order only, as one
that comes late between two others may change it. So only a flood's runs may differ a little by the order in which its records come."""
SPARE_AT_A_START = 2000
"""As SPARE, while entries are read back in their order."""


class HeldEntries:
    """The entries of one policy and subject, in time order. archive: where those are looked up that are not held.

    entries, orders: the ones that are held, and their places; for reading. test: what makes a window of them.
    room: when more are held, it is time to let go of those that are idle.
    """

    __slots__ = ("_archive", "_gone", "_hidden", "_in_order", "_spare", "_within", "entries", "orders", "room", "test")

    def __init__(self, match: Windowed, archive: Archive) -> None:
        self._within = match.within
        self._in_order = match.held_in_order
        self._archive = archive
        self.entries: list[Entry] = []
        self.orders: list[Order] = []
        self._hidden: tuple[Order, Order] | None = None
        """From the first to the last entry that is not held and is in no run."""
        self._gone: tuple[Order, Order] | None = None
        """From the first to the last entry that is not held."""
        self.test = match.window_test(self.entries)  # which looks at this very list: it is changed in place, never replaced
        self._spare = self.room = SPARE_AT_A_START

    def append(self, entry: Entry, order: Order) -> None:
        """One more behind all others. `restored` comes after the last one that is read back, `test.inserted` after each other."""
        self.orders.append(order)
        self.entries.append(entry)

    def restored(self) -> None:
        """All are read back."""
        self.test.changed()
        self._spare = SPARE
        self._make_room()

    def insert(self, position: int, entry: Entry, order: Order) -> None:
        """One more at its position."""
        self.orders.insert(position, order)
        self.entries.insert(position, entry)
        self.test.inserted(position)

    def idle(self, entry: Entry, position: int) -> bool:
        """Whether an entry that comes to this position decides nothing, and need not be held."""
        if self._in_order and self._gone is None:
            return False  # nothing was let go yet, so all is exact; from then on it is a flood, and must cost no more than a trickle
        return position > 0 and self.test.idle(entry, Sides(self.entries, position, self.entries, position))

    def let_go(self, entry: Entry, order: Order, *, in_run: bool) -> None:
        """Note an entry that is not held."""
        self._archive.note(entry)
        self._gone = _spanned(self._gone, order)
        if not in_run:
            self._hidden = _spanned(self._hidden, order)

    def hide_idle(self, run_at: Callable[[Order], object | None]) -> None:
        """Let go of the entries that decide nothing. run_at: the run at a place."""
        entries, test = self.entries, self.test
        left: list[Entry] = entries[:1]
        for position in range(1, len(entries) - 1):
            entry = entries[position]
            if test.idle(entry, Sides(left, len(left), entries, position + 1)):
                order = self.orders[position]
                self.let_go(entry, order, in_run=run_at(order) is not None)
            else:
                left.append(entry)
        left += entries[max(1, len(entries) - 1) :]
        entries[:] = left
        self.orders[:] = map(order_of, left)
        test.hidden()
        self._make_room()

    def _make_room(self) -> None:
        """See when to look again which entries are idle."""
        room = 2 * len(self.orders) + self._spare + FURTHER * self._in_order
        self.room = max(room, HELD_IN_ORDER) if self._in_order else room

    def show_near(self, order: Order, position: int) -> int:
        """Hold again what lies next to an entry of a sequence that comes late: with it between them, it may matter.

        Returns the entry's position, which was `position` before.
        """
        if not self._in_order or self._gone is None or not self._gone[0] < order < self._gone[1]:
            return position
        for entry in self._archive.near(order, self._in_order):
            own = order_of(entry)
            position = bisect_left(self.orders, own)
            if abs(own[0] - order[0]) <= self._within and (position == len(self.orders) or self.orders[position] != own):
                self.insert(position, entry, own)
        return bisect_left(self.orders, order)

    def uncover(self, start: Order, end: Order) -> None:
        """From one place to another is a run now; what lies in a run is not hidden."""
        if self._hidden is None:
            return
        first, last = self._hidden
        if start <= first and last <= end:
            self._hidden = None
        elif start <= first <= end:
            self._hidden = end, last
        elif start <= last <= end:
            self._hidden = first, start

    def none_between(self, begin: int, start: Order) -> bool:
        """Whether no entry lies from a moment on before a run starts."""
        if start[0] < begin:
            return True
        place = bisect_left(self.orders, start)
        return (not place or self.orders[place - 1][0] < begin) and (self._hidden is None or self._hidden[1][0] < begin)

    def none_around(self, start: Order, end: Order, first: int, last: int) -> bool:
        """Whether no entry lies from the moment `first` on before a run's start, nor behind its end up to the moment `last`."""
        before, after = bisect_left(self.orders, start) - 1, bisect_right(self.orders, end)
        if (before >= 0 and self.orders[before][0] >= first) or (after < len(self.orders) and self.orders[after][0] <= last):
            return False
        if self._hidden is None:
            return True
        hidden_from, hidden_to = self._hidden
        return not ((hidden_from < start and hidden_to[0] >= first) or (hidden_to > end and hidden_from[0] <= last))

    def at(self, order: Order) -> Iterator[Entry]:
        """The entry at a place, wherever it is."""
        position = bisect_left(self.orders, order)
        held = self.entries[position : position + 1] if self.orders[position : position + 1] == [order] else []
        yield from held or self._archive.between((order[0], order[1] - 1), (order[0], order[1] + 1))

    def in_spans(self, spans: Sequence[tuple[Order, Order]], besides: Entry | None) -> Iterator[Entry]:
        """The entries in some spans, without what lies at both ends of each, in order; and another one in its place.

        Also those that are not held, but for what lies within runs.
        """
        for after, before in spans:
            if besides is not None and order_of(besides) <= after:
                yield besides
                besides = None
            if after < before:
                yield from self._between(after, before)
        if besides is not None:
            yield besides

    def _between(self, after: Order, before: Order) -> Iterator[Entry]:
        held = iter(self.entries[bisect_right(self.orders, after) : bisect_left(self.orders, before)])
        if self._hidden is None or self._hidden[1] <= after or self._hidden[0] >= before:
            yield from held
            return
        following = next(held, None)
        for one in self._archive.between(after, before):
            order = order_of(one)
            while following is not None and order_of(following) < order:
                yield following
                following = next(held, None)
            if following is not None and order_of(following) == order:
                following = next(held, None)
            yield one
        if following is not None:
            yield following
            yield from held

    def prune(self, before: int) -> bool:
        """Forget entries older than a time; whether any was held."""
        self._archive.prune(before)
        gone = bisect_left(self.orders, (before,))
        if not gone:
            return False
        del self.orders[:gone], self.entries[:gone]
        if self._hidden is not None and self._hidden[1][0] < before:
            self._hidden = None
        if self._gone is not None and self._gone[1][0] < before:
            self._gone = None  # the flood is over
        self.test.changed()
        return True


def _spanned(span: tuple[Order, Order] | None, order: Order) -> tuple[Order, Order]:
    return (order, order) if span is None else (min(span[0], order), max(span[1], order))
