"""A company's records in the order in which an export brings them: late, and not in the order of their times."""

import heapq
from collections.abc import Iterator
from functools import cached_property
from random import Random

from company.attacks import Attack, plan
from company.attacks.stage import Stage
from company.calendar_of import DAY, HOUR, START
from company.habits import Habits
from company.parameters import Parameters
from company.routine import Routine
from company.setting import Setting
from company.shapes.written import Record
from company.systems import Systems
from company.world import chance

LATEST = 24 * HOUR
"""Audit records come a day late at most."""


class Company:
    """All of one company. The same parameters give the same bytes."""

    def __init__(self, parameters: Parameters) -> None:
        self.parameters = parameters
        self.setting = Setting(parameters)
        stage = Stage(self.setting)
        self.attacks: list[Attack] = list(plan(stage))
        self._innocent = stage.innocent

    def arrivals(self) -> Iterator[Record]:
        """(when it arrives, format, line), in that order."""
        random = chance(self.parameters.seed, "late")
        waiting: list[Record] = []
        for day in range(self.setting.calendar.days):
            for time, kind, line in self._day(day):
                heapq.heappush(waiting, (time + _lateness(random, self.parameters.late), kind, line))
            end = START + day * DAY
            while waiting and waiting[0][0] < end:  # nothing of a later day, which begins half a day earlier somewhere, comes before
                yield heapq.heappop(waiting)
        while waiting:
            yield heapq.heappop(waiting)

    def _day(self, day: int) -> list[Record]:
        found: list[Record] = []
        for person in self.setting.people:
            found += self._routine.day(person, day)
            found += self._habits.day(person, day)
        found += self._systems.day(day)
        return sorted(found + self._planned.get(day, []))

    @cached_property
    def _planned(self) -> dict[int, list[Record]]:
        """What attacks are made of, by day."""
        by_day: dict[int, list[Record]] = {}
        for record in (*self._innocent, *(record for attack in self.attacks for record in attack.records)):
            by_day.setdefault((record[0] - START) // DAY, []).append(record)
        return by_day

    @cached_property
    def _routine(self) -> Routine:
        return Routine(self.setting)

    @cached_property
    def _habits(self) -> Habits:
        return Habits(self.setting)

    @cached_property
    def _systems(self) -> Systems:
        return Systems(self.setting)


def _lateness(random: Random, share: float) -> int:
    """Milliseconds: mostly some minutes; some hours for a few, up to a day."""
    if random.random() >= share:
        return random.randrange(1, 15) * 60_000
    return min(LATEST - 60_000, int(random.expovariate(1 / (3 * HOUR))))
