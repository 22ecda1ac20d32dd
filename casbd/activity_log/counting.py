"""What an activity counts as."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from casbd.model.activity import FIELDS, Activity
from casbd.records.timestamps import iso

T = TypeVar("T")
SPANS = ("day", "hour")


class Alike(NamedTuple):
    """So many activities that have the same values of some fields, lists as a whole. last: the time of the latest (ms)."""

    values: tuple[Any, ...]
    activities: int
    last: int


def check(by: Sequence[str]) -> None:
    """ValueError where activities cannot be counted by these."""
    if len({*by}) < len(by):
        raise ValueError(f"it is counted by each once: {', '.join(by)}")
    for name in by:
        if name not in SPANS and (name not in FIELDS or FIELDS[name].kind == "objects"):
            raise ValueError(f"nothing can be counted by `{name}`")


def most_first(numbers: Mapping[T, int]) -> list[tuple[T, int]]:
    """The most frequent first, and where that is the same, by name: who asks again gets the same answer."""
    return sorted(numbers.items(), key=lambda one: (-one[1], str(one[0])))


def kinds(activity: Activity, by: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """Its values of these fields, of a list each element."""
    return itertools.product(*(_values(activity, name) for name in by))


def _values(activity: Activity, name: str) -> tuple[Any, ...]:
    if name in SPANS:
        moment = iso(activity.timestamp)
        return (moment[:10] if name == "day" else f"{moment[:10]} {moment[11:13]}",)
    value = getattr(activity, name)
    return value if isinstance(value, tuple) else (value,)
