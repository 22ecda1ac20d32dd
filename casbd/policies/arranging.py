"""The policies that an activity may meet, arranged so that few of them are asked: one function for most, tables by value for the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any

from casbd.model.activity import FIELDS, Activity
from casbd.policies.compiler import Compiler, Indexed
from casbd.policies.conditions_by_value import Place, folded, rank
from casbd.records.plain_parts import plain_part

Ask = Callable[[Activity], list[Indexed]]
"""Gives those of some policies that an activity meets."""

WORTH_A_TABLE = 3
"""A look-up by an activity's value costs as much as asking about so many policies."""
FEW_PARTS = 4
"""To look for so many texts in a record takes less than to decode it."""


class Arranging:
    """Makes functions that ask policies. Those of the same policies are made once."""

    def __init__(self, compiler: Compiler) -> None:
        self._compiler = compiler
        self._made: dict[tuple[Indexed, ...], tuple[Ask, ...]] = {}

    def __len__(self) -> int:
        """For how many different sets of policies there are functions."""
        return len(self._made)

    def asks(self, policies: Sequence[Indexed]) -> tuple[Ask, ...]:
        """Functions that ask these policies; together they may give one twice. None where there are none."""
        key = tuple(policies)
        asks = self._made.get(key)
        if asks is None:
            asks = self._made[key] = self._arranged(sorted(policies, key=attrgetter("position")))
        return asks

    def _arranged(self, policies: Sequence[Indexed]) -> tuple[Ask, ...]:
        """Those that name values of one place in a table by value, all others in one function."""
        one_by_one: list[Indexed] = []
        by_place: dict[Place, list[Indexed]] = {}
        named = Counter(place for one in policies for place in one.needs)
        for one in policies:
            if one.needs:
                by_place.setdefault(min(one.needs, key=lambda place: (rank(place), -named[place], str(place))), []).append(one)
            else:
                one_by_one.append(one)
        tables = []
        for place, several in by_place.items():
            if len(several) < WORTH_A_TABLE:
                one_by_one += several
            else:
                tables.append(self._table(place, several))
        one_by_one.sort(key=attrgetter("position"))
        return (*([self._compiler.ask(one_by_one)] if one_by_one else []), *tables)

    def _table(self, place: Place, policies: Sequence[Indexed]) -> Ask:
        table: dict[Any, list[Indexed]] = {}
        for one in policies:
            for value in one.needs[place]:
                table.setdefault(value, []).append(one)
        if isinstance(place, str):
            get = attrgetter(place)
            return _by_values(get, table) if FIELDS[place].kind == "list" else _by_values(lambda activity: (get(activity),), table)
        at, may_hold, clues = self._compiler.at(place), self._compiler.reader.may_hold, _clues(policies)
        if not clues:
            return _by_values(at, table)
        return _by_values(lambda activity: at(activity) if may_hold(activity.raw, clues) else (), table)


def _clues(policies: Sequence[Indexed]) -> Sequence[str]:
    """A few texts of which a record must hold one, whichever of some policies it meets; none where there are no such few texts."""
    best: Sequence[str] = ()
    for place in set.intersection(*(set(one.needs) for one in policies)):
        if not isinstance(place, str):
            values = {value for one in policies for value in one.needs[place]}
            # A record may have blanks at a colon where the texts that are compared have none.
            parts = {max(map(plain_part, value.split(":")), key=len) for value in values}
            if all(parts) and len(parts) <= FEW_PARTS and not 0 < len(best) <= len(parts):
                best = sorted(parts)
    return best


def _by_values(get: Callable[[Activity], Sequence[Any]], table: Mapping[Any, Sequence[Indexed]]) -> Ask:
    """A function that asks those policies of a table which an activity's values find."""

    def ask(activity: Activity) -> list[Indexed]:
        met: list[Indexed] = []
        for value in get(activity):
            some = table.get(folded(value))
            if some is not None:
                met += [one for one in some if one.holds is None or one.holds(activity)]
        return met

    return ask
