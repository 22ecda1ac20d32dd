"""The first day of a value that a subject did not have before: what was done with it, by what, and where the subject was besides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from casbd.habits import had_by
from casbd.habits.anomaly import DAY, HOUR, MOST_KEPT, Finding, in_order
from casbd.habits.first_users import Others
from casbd.habits.had_by import CARRIED, PARTED, by_of, is_managed, value_of
from casbd.habits.values_seen import FIRST_DAY, Use, ValuesSeen
from casbd.habits.ways import PlacesSeen, log_ons, without_way

STAYS = 10
"""Hours after a value's first activity in which who moved to it has no other one."""
MOST_NAMED = 5
MANY = 3
"""Who had so many other values in `history` has another one often."""


class FirstDay:
    """The first day of a value, beginning with an activity before which it was not there for long.

    uses: of the value, by hour. others: of other values, settled ones aside.
    """

    def __init__(self, memory: ValuesSeen, value: str, uses: Sequence[Use], others: Sequence[Use], history: int) -> None:
        self.memory = memory
        self.value = value
        self.hour = uses[0].hour
        self._cells = [(use.text, use.cell) for use in uses if use.cell is not None]
        self._others = others
        self._history = history
        self.first = min(cell.first.timestamp for _, cell in self._cells)

    def has_history(self) -> bool:
        """Whether the subject had any other value not too long before."""
        settled = any(self._is_recent(had.last) for text, had in self.memory.had.items() if value_of(text) != self.value)
        return settled or any(self._is_recent(use.hour) for use in self._others)

    @property
    def managed(self) -> set[str]:
        """By what a device that the organization manages had it."""
        return {by_of(text) for text, _ in self._cells if is_managed(text)}

    @property
    def unmanaged(self) -> bool:
        """Whether the subject logged on without a managed device, which it always has."""
        here = log_ons(text for text, _ in self._cells)
        if not isinstance(self.memory, PlacesSeen) or any(one.managed for one in here):
            return False
        known = self.memory.ways.log_ons
        return any(one.app in known and known[one.app].always_managed() for one in here)

    @property
    def began(self) -> bool:
        """Whether the subject only logged on in sessions that it had not before, though it nearly always goes on in one, and its telephone
        is not there, too."""
        if not isinstance(self.memory, PlacesSeen):
            return False
        here, ways = log_ons(text for text, _ in self._cells), self.memory.ways
        carried = (by_of(text) for text, _ in self._cells if text.endswith(PARTED + CARRIED))
        if any(by and self._is_familiar(by) for by in carried):
            return False
        before = ways.sessions.keys() | {one.session for one in log_ons(use.text for use in self._others if use.hour <= self.hour)}
        if any(one.managed or one.session in before for one in here):
            return False
        return any(one.session and one.app in ways.log_ons and ways.log_ons[one.app].nearly_always_continued() for one in here)

    @property
    def strange(self) -> bool:
        """Whether most of it was had by something that the subject never used before, nor is a device's that the organization manages; or
        logged on to without that."""
        if self.unmanaged:
            return True
        telling = had_by.telling(text for text, _ in self._cells)
        known = Counter({True: 0, False: 0})
        # With a split tunnel it may log on elsewhere than where it is.
        near = {by_of(use.text) for use in self._others if is_managed(use.text) and self.hour <= use.hour <= self.hour + STAYS}
        managed = self.managed | near
        for text, cell in self._cells:
            if (by := by_of(text)) in telling:
                known[by in managed or self._is_familiar(by)] += cell.count
        return known[False] > known[True]

    def brought_anything_new(self) -> bool:
        """Whether most of it was had by what the subject had not used before, or all of it by nobody knows what."""
        return self.strange or not any(by_of(text) for text, _ in self._cells)

    def of_who_moves(self) -> bool:
        """Whether the subject has another value often: it travels, or its addresses do."""
        return len(self._before(MANY)) >= MANY

    def elsewhere(self, is_sure: Callable[[str, ValuesSeen, int], bool]) -> int | None:
        """When the subject had another value while it should have been away (ms); None: never. is_sure: whether of what is remembered, at
        a time (ms), it is sure that the subject was there."""
        if all(text.endswith(PARTED + CARRIED) for text, _ in self._cells):
            return None  # it is a phone alone, whose address says little
        near = (use for use in self._others if self.hour < use.hour <= self.hour + STAYS)
        hours = [use.hour for use in near if is_sure(use.text, self.memory, self.first)]
        return min(hours) * HOUR if hours else None

    def finding(self, elsewhere: int, others: Others) -> Finding:
        """What is found. elsewhere: see there; 0: never."""
        members = sorted((one for _, cell in self._cells for one in cell.members), key=in_order)
        usual = {
            "value": self.value,
            "days": self.memory.days_before(self.hour),
            "since": self.memory.begun,
            "before": self._before(MOST_NAMED),
            "others": others.earlier,
            "lately": max(0, others.earlier - others.known),
            "strange": self.strange,
            "unmanaged": self.unmanaged,
            "began": self.began,
            "elsewhere": bool(elsewhere),
        }
        return Finding(
            first=self.first,
            last=max(elsewhere, *(cell.last for _, cell in self._cells)),
            count=sum(cell.count for _, cell in self._cells),
            members=tuple(members[:MOST_KEPT]),
            of=self.value,
            values=frozenset(text for text, _ in self._cells),
            usual=usual,
            weight=0.6 if others.earlier else 1.0,
        )

    def _before(self, most: int) -> list[str]:
        """What the subject had before, the most usual first; no more than `most`."""
        had = self.memory.had
        recent = {(without_way(use.text), use.hour * HOUR // DAY) for use in self._others if self._is_recent(use.hour)}
        number = Counter(text for text, day in recent if text not in had or day > had[text].last * HOUR // DAY)
        number.update({text: one.days for text, one in had.items() if self._is_recent(one.last) or text in number})
        own: dict[str, int] = {}
        for text, days in number.items():
            own[value_of(text)] = max(days, own.get(value_of(text), 0))
        own.pop(self.value, None)
        return sorted(own, key=lambda value: (-own[value], value))[:most]

    def _is_familiar(self, by: str) -> bool:
        marked = f"{PARTED}{by}{PARTED}"
        if any(marked in text and self._is_recent(had.last) for text, had in self.memory.had.items()):
            return True
        return any(marked in use.text and (self._is_recent(use.hour) or use.hour == self.hour) for use in self._others)

    def _is_recent(self, hour: int) -> bool:
        return self.hour - self._history <= hour < self.hour


def first_days(memory: ValuesSeen, history: int) -> Iterator[FirstDay]:
    """The first days of all values that are news, in time order."""
    uses = [*memory.uses()]
    found = []
    for value in memory.news:
        own = [use for use in uses if value_of(use.text) == value]
        last = memory.last_before(value)
        for at, use in enumerate(own):
            if use.hour - last > history and use.cell is not None:
                day = [one for one in own[at:] if one.hour < use.hour + FIRST_DAY]
                found.append(FirstDay(memory, value, day, [one for one in uses if value_of(one.text) != value], history))
            last = use.hour
    return iter(sorted(found, key=lambda one: (one.first, one.value)))
