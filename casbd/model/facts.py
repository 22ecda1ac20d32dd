"""What an alert has to say of its activities: how many there are, and which different values some fields of them have.

However many activities there are, this stays small; and whatever the order in which they are added and joined, it is the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

MOST_VALUES = 50
"""So many different values of a field are kept, those that were there first; of more it is known that there are more."""

Told = Mapping[str, Iterable[str]]
"""What one activity says: its values, by field."""


class Different:
    """The different values of one field, with the time (ms) at which each was there first. more: there were others besides."""

    __slots__ = ("first", "more")

    def __init__(self, first: Iterable[tuple[str, int]] = (), *, more: bool = False) -> None:
        self.first = dict(first)
        self.more = more

    def add(self, value: str, moment: int) -> None:
        """A value that an activity of a time has."""
        known = self.first.get(value)
        if known is not None and known <= moment:
            return
        self.first[value] = moment
        if len(self.first) > MOST_VALUES:  # those that were there last go, so it does not matter which came last to us
            self.more = True
            del self.first[max(self.first, key=lambda one: (self.first[one], one))]

    def join(self, other: Different) -> None:
        """All values of another one."""
        self.more = self.more or other.more
        for value, moment in other.first.items():
            self.add(value, moment)

    def __len__(self) -> int:
        """How many are kept."""
        return len(self.first)

    def earliest(self) -> list[str]:
        """The values, by when they were there first."""
        return sorted(self.first, key=lambda value: (self.first[value], value))


class Part:
    """The activities of one step of a sequence, or all of an alert. number: how many. fields: what they say.

    partly: what some of them say is not known, so there may be other values.
    """

    __slots__ = ("fields", "number", "partly")

    def __init__(self, number: int = 0, fields: Iterable[tuple[str, Different]] = (), *, partly: bool = False) -> None:
        self.number = number
        self.fields = dict(fields)
        self.partly = partly

    def __getitem__(self, field: str) -> Different:
        """The values of a field; none where nothing is known of it."""
        return self.fields.get(field) or Different()

    def add(self, told: Told, moment: int) -> None:
        """What an activity of a time says; it is counted elsewhere."""
        for field, values in told.items():
            for value in values:
                different = self.fields.get(field)
                if different is None:
                    different = self.fields[field] = Different()
                different.add(value, moment)

    def join(self, other: Part) -> None:
        """All activities of another one."""
        self.number += other.number
        self.partly = self.partly or other.partly
        for field, different in other.fields.items():
            self.fields.setdefault(field, Different()).join(different)


class Facts:
    """All parts of an alert: of a sequence one a step, of any other one alone.

    usual: of an anomaly the numbers that it is told by, and that it was compared with.
    """

    __slots__ = ("parts", "usual")

    def __init__(self, parts: Iterable[Part], usual: Mapping[str, Any] | None = None) -> None:
        self.parts = [*parts]
        self.usual = usual or {}

    @classmethod
    def of(cls, number: int) -> Facts:
        """Of so many parts, without anything."""
        return cls(Part() for _ in range(number))

    def join(self, other: Facts) -> None:
        """All activities of another one. Where the policy had other steps then, only those that both have."""
        for own, part in zip(self.parts, other.parts, strict=False):
            own.join(part)
        self.usual = other.usual or self.usual

    def whole(self) -> Part:
        """All parts as one."""
        if len(self.parts) == 1:
            return self.parts[0]
        whole = Part()
        for part in self.parts:
            whole.join(part)
        return whole

    def packed(self) -> list[Any]:
        """As lists of lists, to be stored."""
        parts: list[Any] = [
            [part.number, part.partly, [[name, one.more, [[*pair] for pair in one.first.items()]] for name, one in part.fields.items()]]
            for part in self.parts
        ]
        return [*parts, self.usual] if self.usual else parts

    @classmethod
    def unpacked(cls, packed: Iterable[Any]) -> Facts:
        """What `packed` gave."""
        given = [*packed]
        usual = given.pop() if given and isinstance(given[-1], dict) else {}
        parts = (
            Part(number, ((name, Different(map(tuple, first), more=more)) for name, more, first in fields), partly=partly)
            for number, partly, fields in given
        )
        return cls(parts, usual)
