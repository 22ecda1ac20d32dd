"""All enrichers together: what they know of an address, a user agent or a user is looked up once, and remembered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from itertools import groupby
from operator import attrgetter
from typing import Any

from casbd.errors import Mistake, Mistakes
from casbd.model.activity import Activity
from casbd.plugins import ByTime, Enricher, Options, registry
from casbd.remembered import Remembered, length_of

MOST = 50_000
"""So many different values are remembered for each kind of look-up."""
LONGEST = 500
"""Characters. What is longer is looked up every time: whoever makes values up must not fill the memory with them."""

_Fill = Callable[[Activity, tuple[Any, ...]], None]
_Answer = tuple[_Fill, tuple[Any, ...]]
"""What fills in some fields, and their values."""


def configured(
    options: Mapping[str, Options], wanted: Callable[[type[Enricher]], bool] = lambda _: True
) -> tuple[list[Enricher], list[Mistake]]:
    """The enrichers of a configuration in their order, and what is wrong with the files of those that are left out because of it.

    options: by the enricher's name. wanted: which of them are made; all of them otherwise.
    """
    enrichers: list[Enricher] = []
    mistakes: list[Mistake] = []
    for name, own in options.items():
        enricher = registry.load("enrichers", name)
        try:
            enrichers += [enricher(own)] if wanted(enricher) else []
        except Mistakes as error:
            mistakes += error.mistakes
    return sorted(enrichers, key=lambda one: one.order), mistakes


class Enrichment:
    """Fills in the fields of some enrichers, which go in the given order; a later one may override."""

    def __init__(self, enrichers: Sequence[Enricher]) -> None:
        self._kinds = [
            (attrgetter(*reads), _answers(list(neighbours))) for reads, neighbours in groupby(enrichers, key=lambda one: one.reads)
        ]

    def enrich(self, activities: Iterable[Activity]) -> None:
        """Fill in what is known; all else stays as the export had it."""
        for read, answers in self._kinds:
            for activity in activities:
                fill, values = answers[read(activity)]
                fill(activity, values)


def _answers(enrichers: Sequence[Enricher]) -> Remembered[Any, _Answer]:
    """What enrichers that read the same fields say of these fields' values. The same values are one object, however often."""
    one: dict[tuple[Any, ...], tuple[Any, ...]] = {}

    def ask(read: Any) -> _Answer:
        values = read if isinstance(read, tuple) else (read,)
        fields: dict[str, Any] = {}
        for enricher in enrichers if values[0] is not None else ():
            fields |= enricher.look_up(*values)
        answers = tuple(fields.values())
        if length_of(read) <= LONGEST:
            if len(one) >= MOST:
                one.clear()
            answers = one.setdefault(answers, answers)
        return _fill(tuple((field, isinstance(value, ByTime)) for field, value in fields.items())), answers

    return Remembered(ask, MOST, LONGEST)


@cache
def _fill(fields: tuple[tuple[str, bool], ...]) -> _Fill:
    """A function that sets these fields, each said to depend on the activity's time or not: half the time of a `setattr` for each."""
    names: dict[str, Any] = {}
    targets = ", ".join(f"activity.{field}" for field, _ in fields)
    by_time = "".join(f"; activity.{field} = activity.{field}.at(activity.timestamp)" for field, depends in fields if depends)
    exec(f"def fill(activity, values): [{targets}] = values{by_time}", names)  # noqa: S102  the names of fields alone
    filled: _Fill = names["fill"]
    return filled
