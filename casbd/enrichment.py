"""All enrichers together: what they tell of an address, a user agent or a user is looked up once, and remembered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from itertools import groupby
from operator import attrgetter
from typing import Any

from casbd.model.activity import Activity
from casbd.plugins import Enricher

MOST = 50_000
"""So many different values are remembered for each kind of look-up."""
LONGEST = 500
"""Characters. What is longer is looked up every time: whoever makes values up must not fill the memory with them."""

_Fill = Callable[[Activity, tuple[Any, ...]], None]
_Answer = tuple[_Fill, tuple[Any, ...]]
"""What fills in some fields, and their values."""


class Enrichment:
    """Fills in the fields of some enrichers, which go in the given order; a later one may override."""

    def __init__(self, enrichers: Sequence[Enricher]) -> None:
        self._kinds = [
            (attrgetter(*reads), _Answers(list(neighbours))) for reads, neighbours in groupby(enrichers, key=lambda one: one.reads)
        ]

    def enrich(self, activities: Iterable[Activity]) -> None:
        """Fill in what is known; all else stays as the export had it."""
        for read, answers in self._kinds:
            for activity in activities:
                fill, values = answers[read(activity)]
                fill(activity, values)


class _Answers(dict[Any, _Answer]):
    """What enrichers that read the same fields say of these fields' values. The same answer is one object, however often it is."""

    def __init__(self, enrichers: Sequence[Enricher]) -> None:
        super().__init__()
        self._enrichers = enrichers
        self._one: dict[_Answer, _Answer] = {}

    def __missing__(self, values: Any) -> _Answer:
        answer = self._ask(values if isinstance(values, tuple) else (values,))
        if len(self) >= MOST:
            self.clear()
            self._one.clear()
        if sum(len(value) for value in (values if isinstance(values, tuple) else (values,)) if isinstance(value, str)) <= LONGEST:
            self[values] = answer = self._one.setdefault(answer, answer)
        return answer

    def _ask(self, values: tuple[Any, ...]) -> _Answer:
        found: dict[str, Any] = {}
        for enricher in self._enrichers if values[0] is not None else ():
            found |= enricher.look_up(*values)
        return _fill(tuple(found)), tuple(found.values())


@cache
def _fill(fields: tuple[str, ...]) -> _Fill:
    """A function that sets these fields: half the time of a `setattr` for each."""
    names: dict[str, Any] = {}
    targets = ", ".join(f"activity.{field}" for field in fields)
    exec(f"def fill(activity, values): [{targets}] = values", names)  # noqa: S102  the names of fields alone
    filled: _Fill = names["fill"]
    return filled
