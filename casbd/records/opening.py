"""Values of a record opened: JSON inside a string, lists in lists, everything below a value. Without recursion, as depth is hostile."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import msgspec

MOST_FOUND = 100_000
"""So many values at most are looked at behind each step of a path: of a longer list the rest is as if it were not there."""

_DECODER = msgspec.json.Decoder(float_hook=str)
"""Numbers with a fraction stay as they are written, since a number compares by its JSON text."""


def decode(text: str) -> Any:
    """JSON as plain values, fractions as text; None where it is no JSON."""
    try:
        return _DECODER.decode(text)
    except RecursionError:
        return None
    except (msgspec.DecodeError, UnicodeEncodeError):
        return _leniently(text)


def _leniently(text: str) -> Any:
    """What only the standard library takes: NaN, half a surrogate pair. Formats read such records, so no rule may miss them."""
    try:
        return json.loads(text, parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError):
        return None


def inside(value: Any) -> Any:
    """The value, or what JSON inside a string holds."""
    return decode(value) if isinstance(value, str) and value.lstrip()[:1] in ("{", "[") else value


def opened(values: Sequence[Any]) -> Iterator[Any]:
    """The values with lists, also lists in lists, replaced by their elements."""
    rest = [*reversed(values)]
    while rest:
        value = rest.pop()
        if isinstance(value, list):
            rest.extend(reversed(value))
        else:
            yield value


def elements(values: Sequence[Any]) -> list[Any]:
    """The elements of lists, also of JSON inside a string; what stands where a list could is the only one. What is empty is none."""
    return [*islice((one for one in opened([*map(inside, values)]) if one not in (None, "", {})), MOST_FOUND)]


def every(value: Any) -> list[Any]:
    """All texts, numbers and truths within a value; of JSON inside a string the string, and what is in it."""
    leaves: list[Any] = []
    rest = [value]
    while rest and len(leaves) < MOST_FOUND:
        one = rest.pop()
        if isinstance(one, dict):
            rest.extend(reversed(one.values()))
        elif isinstance(one, list):
            rest.extend(reversed(one))
        elif one is not None:
            leaves.append(one)
            held = inside(one)
            if isinstance(held, dict | list):
                rest.append(held)
    return leaves
