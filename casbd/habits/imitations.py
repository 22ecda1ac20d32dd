"""Whether a name imitates another one: with letters that look alike, with letters of several alphabets, or with one letter changed.

What looks alike is of Unicode's UTS #39 (`skeleton`), as far as it looks like Latin letters, and what looks alike in Latin itself: `0` and
`o`, `1` and `l`, `rn` and `m`. https://www.unicode.org/reports/tr39/#Confusable_Detection
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from itertools import chain
from pathlib import Path

from casbd.documents import Document
from casbd.model.identity import is_odd, spelling
from casbd.remembered import Remembered

_DATA = Path(__file__).parents[1] / "data"
SHORTEST = 6
"""Letters that a well-known name has at least where one of them may be another one; others have two more."""
_ALIKE = {"0": "o", "1": "l", "i": "l", "|": "l", "!": "l", "5": "s", "$": "s", "3": "e", "@": "a"}
_SEVERAL = re.compile("rn|vv|cl")
_AS_ONE = {"rn": "m", "vv": "w", "cl": "d"}
_BETWEEN = re.compile(r"[\s_.-]+")
"""What stands between words: `rnicrosoft_office` looks like `Microsoft Office`."""


@cache
def _confusables() -> dict[int, str]:
    data = Document(_DATA / "confusables.yaml").data
    return {ord(other): latin for latin, others in data.items() for other in others}


@cache
def well_known() -> dict[str, str]:
    """Names that everybody knows, by skeleton."""
    data = Document(_DATA / "well_known_names.yaml").data
    return {skeleton(name): name for name in chain.from_iterable(chain.from_iterable(data.values()))}


def _skeleton(name: str) -> str:
    latin = _words(name).translate(_confusables())
    alike = "".join(_ALIKE.get(letter, letter) for letter in latin)
    return _SEVERAL.sub(lambda found: _AS_ONE[found[0]], alike)


def _words(name: str) -> str:
    """The spelling, whatever stands between words: with that alone no name imitates another one."""
    return _BETWEEN.sub(" ", spelling(name)).strip()


_skeletons = Remembered(_skeleton, 10_000)


def skeleton(name: str) -> str:
    """A name as it looks: the same of two that look alike."""
    return _skeletons[name]


def is_disguised(name: str) -> bool:
    """Whether a name that looks Latin has letters of other alphabets between Latin ones, or characters that nobody sees."""
    return _is_odd(name) and skeleton(name).isascii()


def _is_odd(name: str) -> bool:
    return is_odd(name.strip().rstrip(". "))  # a firm's name may end with a dot


def imitated(name: str, known: Iterable[str]) -> str | None:
    """The known name that another name imitates; None where it imitates none, or is one itself."""
    plain, looks = _words(name), skeleton(name)
    close = None
    for other in known:
        if _words(other) == plain:
            return other if _is_odd(name) and not _is_odd(other) else None
        if skeleton(other) == looks or (close is None and _is_one_letter_off(looks, skeleton(other), SHORTEST + 2)):
            close = other
    return close


def imitated_of_all(name: str) -> str | None:
    """The same of the names that everybody knows."""
    return _of_all[name]


def _imitated_of_all(name: str) -> str | None:
    plain, looks, everybody = _words(name), skeleton(name), well_known()
    same = everybody.get(looks)
    if any(_words(other) == plain for other in everybody.values()):
        return same if _is_odd(name) else None
    if same is not None:
        return same
    return next((other for as_it_looks, other in everybody.items() if _is_one_letter_off(looks, as_it_looks, SHORTEST)), None)


_of_all = Remembered(_imitated_of_all, 10_000)


def _is_one_letter_off(one: str, other: str, shortest: int) -> bool:
    """Whether a letter was changed, put in, left out, or changed places with the next; a plural is another word, and so is a number."""
    if min(len(one), len(other)) < shortest or abs(len(one) - len(other)) > 1 or one == other:
        return False
    at = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    if len(one) == len(other):
        swapped = one[at : at + 2] == other[at : at + 2][::-1] and one[at + 2 :] == other[at + 2 :]
        return (swapped or one[at + 1 :] == other[at + 1 :]) and one[at].isalpha() and other[at].isalpha()
    longer, shorter = (one, other) if len(one) > len(other) else (other, one)
    plural = at == len(shorter) and longer[at] == "s"
    return longer[at + 1 :] == shorter[at:] and longer[at].isalpha() and not plural
