"""The keys of an item and their values, one behind the other, as CEF and LEEF have them.

They are joined in C where it was compiled (`_pairs.c`): of what a message costs that is half.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from casbd.wire.plain_text import joined

try:
    from casbd.wire import _pairs
except ImportError:  # there was no compiler
    COMPILED = False
else:
    COMPILED = True

Value = str | int | Sequence[str | None] | None
"""A list is written as its texts with commas between them, as many as fit."""


class Key(NamedTuple):
    """One key. prefix: all that stands before its value. value: a field's name, or what makes it of the item. most: characters that are
    sent of it; 0: it is never cut."""

    prefix: str
    value: str | Callable[[Any], Value]
    most: int


class Pairs(NamedTuple):
    """How a format writes pairs. separator: what stands between two. special: the ASCII characters that no value has as they are.
    write: a text as it is sent, cut to so many characters (0: any number). One of printable ASCII that is short enough stays as it is,
    unless it has something special in it or a blank at an end.
    """

    separator: str
    special: str
    write: Callable[[str, int], str]

    def joined(self, keys: tuple[Key, ...], item: object, *, with_empty: bool = False) -> str:
        """The pairs of an item: of each key that has a value, as far as that is not None. with_empty: what is "" is sent all the same,
        but at the end, where liblognorm refuses it.
        """
        if COMPILED:
            return _pairs.joined(keys, item, self.separator, self.special, self._written, with_empty)
        return self.separator.join([prefix + text for prefix, text, _ in self.listed(keys, item, with_empty=with_empty)])

    def listed(self, keys: Iterable[Key], item: object, *, with_empty: bool = False) -> list[tuple[str, str, int]]:
        """The same one by one: prefix, value as it is sent, and how long that may be (0: it must not be cut)."""
        pairs = []
        for prefix, get, most in keys:
            value = getattr(item, get) if isinstance(get, str) else get(item)
            if value is None:
                continue
            if isinstance(value, int):
                pairs.append((prefix, str(value), 0))
            elif (text := self._written(value, most)) or with_empty:
                pairs.append((prefix, text, most))
        while pairs and not pairs[-1][1]:
            pairs.pop()
        return pairs

    def _written(self, value: str | Sequence[str | None], most: int) -> str:
        return self.write(value if isinstance(value, str) else joined(value, most), most)
