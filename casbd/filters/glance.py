"""A glance at a text: whether it may meet any of many conditions. Most texts meet none, so none of the conditions is asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import re2

from casbd.filters.text_tests import LONG, clues
from casbd.filters.tree import Condition
from casbd.records import regular_expressions

Glance = Callable[[str | None], bool]

FEW = 16
"""So many texts are looked for one by one in the time that asking RE2 takes."""
MOST_CHARACTERS = 20_000
"""Of all texts that are looked for: what looks for them stays small, and is made in some milliseconds."""


def glance_of(several: Sequence[Condition]) -> Glance | None:
    """Says of a field's value that it may meet one of some conditions, with clues or `eq`; None where there are too many to look for.

    Where it says False, all these conditions fail, and hold if they are negated.
    """
    equal = frozenset(str(value).casefold() for one in several if one.operator == "eq" for value in one.values)
    held = sorted({clue for one in several for clue in clues(one)})
    if sum(map(len, held)) > MOST_CHARACTERS:
        return None
    search = _search(held) if len(held) > FEW else None

    def glance(value: str | None) -> bool:
        if value is None:
            return False
        if len(value) > LONG:
            return True  # what takes long is said, and bounded, by the conditions themselves
        text = value.casefold()
        if search is not None:
            # Half of a surrogate pair is in no rule: so nothing that is replaced by `?` is among what is looked for.
            return search(text.encode(errors="replace")) is not None or text in equal
        for one in held:
            if one in text:
                return True
        return text in equal

    return glance


def _search(held: Sequence[str]) -> Callable[[bytes], object]:
    """Looks for any of some texts in UTF-8; None where there is none."""
    return regular_expressions.finder(b"|".join(re2.escape(one.encode()) for one in held))
