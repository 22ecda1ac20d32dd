"""Whether a sequence's windows are the same without one of its entries, seen from some of its neighbours alone.

An entry is idle where some entries on its left and some on its right lie within one window, and it adds nothing to those of
either side: each longest window with the entry has one of the sides whole. A flood of failed log ons is a few entries then.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

from casbd.counting.sides import Sides
from casbd.model.counted import Entry


def idle_in_any_order(needed: Sequence[int], within: int, entry: Entry, sides: Sides) -> bool:
    """See WindowTest.idle. needed: how many of each step; here each step of the entry is there as often on both sides."""
    begin = _often_enough(needed, int(entry.value or 0), sides.before())
    if begin is None or entry.timestamp - begin > within:
        return False
    end = _often_enough(needed, int(entry.value or 0), sides.after())
    return end is not None and end - begin <= within


def _often_enough(needed: Sequence[int], steps: int, entries: Iterable[Entry]) -> int | None:
    """The first moment at which these steps are all there as often as they are needed."""
    missing = {1 << step: number for step, number in enumerate(needed) if steps >> step & 1}
    for entry in islice(entries, 4 * sum(needed)):
        for bit in [bit for bit in missing if int(entry.value or 0) & bit]:
            missing[bit] -= 1
            if not missing[bit]:
                del missing[bit]
        if not missing:
            return entry.timestamp
    return None


def idle_in_order(links: Sequence[int], within: int, entry: Entry, sides: Sides) -> bool:
    """See WindowTest.idle. links: the step of each activity of a whole sequence, as one bit."""
    own = int(entry.value or 0)
    needed = sum(1 for link in links if link & own)
    return _among_its_like(needed, within, entry, sides) or _saturated(links, within, entry, sides)


def _among_its_like(needed: int, within: int, entry: Entry, sides: Sides) -> bool:
    """Neighbours of the same steps and no other, as many as a chain has links for: one that is not used takes its place.

    Its moment must have no others, as what lies in one moment has no order; or have as many of its like.
    """
    before = _like(needed, entry, sides.before())
    after = _like(needed, entry, sides.after())
    same = [one for one in (*before, *after) if one.timestamp == entry.timestamp]
    if len(same) >= needed:
        return True
    if len(before) < needed or len(after) < needed or after[-1].timestamp - before[-1].timestamp > within:
        return False
    return before[-1].timestamp < entry.timestamp < after[-1].timestamp


def _like(needed: int, entry: Entry, entries: Iterable[Entry]) -> list[Entry]:
    """The next entries, as long as they are the same steps."""
    alike = []
    for one in islice(entries, needed):
        if one.value != entry.value:
            break
        alike.append(one)
    return alike


def _saturated(links: Sequence[int], within: int, entry: Entry, sides: Sides) -> bool:
    """From wherever a chain is, it comes as far without the entry: said of what is before it, and of what is after it.

    Where neighbours are one step each, the order of the entries is the best one also within a moment. Others are not looked at.
    """
    steps = int(entry.value or 0)
    if steps & (steps - 1):
        return False
    if len(sides.right) - sides.begin < sides.end:  # the shorter side first: it is where most are not
        end = _made_up_by(links, steps, sides.after())
        begin = None if end is None or end - entry.timestamp > within else _fixed_by(links, steps, sides.before())
    else:
        begin = _fixed_by(links, steps, sides.before())
        end = None if begin is None or entry.timestamp - begin > within else _made_up_by(links, steps, sides.after())
    return begin is not None and end is not None and end - begin <= within


def _one_more(links: Sequence[int], done: int, steps: int) -> int:
    return done + 1 if done < len(links) and links[done] & steps else done


def _fixed_by(links: Sequence[int], steps: int, entries: Iterable[Entry]) -> int | None:
    """The moment of the entry, going back, from which on chains come to where such a step takes them no further."""
    after = range(len(links) + 1)
    for entry in islice(entries, 4 * len(links)):
        own = int(entry.value or 0)
        if own & (own - 1):
            return None
        after = [after[_one_more(links, done, own)] for done in range(len(links) + 1)]  # type: ignore[assignment]
        if all(_one_more(links, done, steps) == done for done in after):
            return entry.timestamp
    return None


def _made_up_by(links: Sequence[int], steps: int, entries: Iterable[Entry]) -> int | None:
    """The moment of the entry from which on chains are as far without such a step before them as with it."""
    without, with_it = [*range(len(links) + 1)], [_one_more(links, done, steps) for done in range(len(links) + 1)]
    for entry in islice(entries, 4 * len(links)):
        own = int(entry.value or 0)
        if own & (own - 1):
            return None
        without = [_one_more(links, done, own) for done in without]
        with_it = [_one_more(links, done, own) for done in with_it]
        if without == with_it:
            return entry.timestamp
    return None
