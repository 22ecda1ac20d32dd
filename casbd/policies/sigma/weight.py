"""How much pySigma will make of a detection, before it does: it copies a selection wherever a condition names it.

So 72 KB of `1 of sel*` beside thousands of selections took it minutes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from casbd.policies.sigma.targets import Unmapped

MOST = 20_000
"""Values and names; some 0.1 ms each."""
MOST_CHARACTERS = 10_000
"""Of all conditions of a rule: pySigma's parser takes 50 microseconds a character."""
_NAME = re.compile(r"[^\s()|]+")
_MANIFOLD = {"windash": 5, "base64offset": 3}
"""Modifiers that make several values of one."""


def check(detection: Mapping[str, Any], conditions: Iterable[str]) -> None:
    """Unmapped where it is more than a rule may be."""
    sizes = {name: _size(selection) for name, selection in detection.items()}
    total = sum(sizes.values())
    characters = 0
    for condition in conditions:
        characters += len(condition)
        if characters > MOST_CHARACTERS:
            raise Unmapped(f"a rule's conditions are no longer than {MOST_CHARACTERS:,} characters")
        total += _named(condition, sizes)
    if total > MOST:
        raise Unmapped(f"this makes {total:,} values", f"a rule has at most {MOST:,}; a selection counts wherever a condition names it")


def _named(condition: str, sizes: Mapping[str, int]) -> int:
    """The size of all that a condition names."""
    total, before = 0, ""
    for word in _NAME.findall(condition):
        if before == "of":
            total += sum(size for name, size in sizes.items() if word == "them" or fnmatchcase(name, word))
        total += sizes.get(word, 1)
        before = word.casefold()
    return total


def _size(selection: Any) -> int:
    """Values, as many as modifiers make of them."""
    if isinstance(selection, list):
        return sum(map(_size, selection))
    if not isinstance(selection, Mapping):
        return 1
    return sum(_size(value) * _manifold(str(name)) for name, value in selection.items())


def _manifold(name: str) -> int:
    number = 1
    for modifier in name.split("|")[1:]:
        number *= _MANIFOLD.get(modifier, 1)
    return number
