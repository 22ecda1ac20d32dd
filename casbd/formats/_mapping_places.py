"""Where the paths of a mapping begin and what they lead to, found fast: most of a mapping's paths lead nowhere in most records."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from casbd.formats._mapping_parts import AROUND
from casbd.records import opening, record_path

NOTHING = object()
"""What stands where nothing does."""


class Place(dict[str, Any]):
    """An object of a record. Its keys compare without regard to case, as everywhere; `place[key]` is NOTHING where there is none."""

    # Of the class, as most places are asked for nothing but what is there: made in C they cost a quarter.
    _below: dict[str, Any] | None = None
    _names: dict[str, str] | None = None

    def __missing__(self, key: str) -> Any:
        names = self._names
        if names is None:
            names = self._names = {name.casefold(): name for name in reversed(self)}
        name = names.get(key.casefold())
        return NOTHING if name is None else self[name]

    def below(self, key: str) -> Any:
        """What stands at a key, made once: of an object, be it JSON inside a string, its Place."""
        if self._below is None:
            self._below = {}
        below = self._below.get(key)
        if below is None:
            value = opening.inside(self[key])
            below = self._below[key] = Place(value) if isinstance(value, dict) else value
        return below


Find = Callable[[Place, Place], list[Any]]


def finder(path: str) -> Find:
    """All values at a path, as `record_path.find` finds them: `find(here, record)`, where it begins and the whole record."""
    find = _finder(record_path.parse_path(path.removeprefix(AROUND)))
    return (lambda _, record: find(record, record)) if path.startswith(AROUND) else find


def _finder(steps: tuple[record_path.Step, ...]) -> Find:
    keys = [step for step in steps if isinstance(step, str)]
    if len(keys) < len(steps):
        return lambda here, _: record_path.find(here, steps)
    *ways, last = keys
    rests = [(way, steps[number + 1 :]) for number, way in enumerate(ways)]

    def at_a_key(here: Place, _: Place) -> list[Any]:
        value = here[last]
        return [] if value is NOTHING else [value]

    def below(here: Place, _: Place) -> list[Any]:
        value: Any = here
        for key in keys:  # as they are written, which most are
            value = value.get(key, NOTHING) if isinstance(value, dict) else NOTHING
            if value is NOTHING:
                return otherwise(here)
        return [value]

    def otherwise(here: Place) -> list[Any]:
        for way, rest in rests:
            place = here.below(way)
            if not isinstance(place, Place):  # nothing, a list, or a text
                return record_path.find(place, rest) if isinstance(place, list) else []
            here = place
        value = here[last]
        return [] if value is NOTHING else [value]

    return below if ways else at_a_key
