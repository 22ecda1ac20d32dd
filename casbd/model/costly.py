"""Policies that cost too much."""

from __future__ import annotations

import msgspec


class Costly(msgspec.Struct, frozen=True):
    """A policy that is asked no more. It was asked about so many activities, whose records have so many characters, for so many seconds.

    since: the time of the first of them (ms). place: the file, and where in it, of the last of them.
    """

    policy_id: str
    seconds: float
    activities: int
    characters: int
    since: int
    place: str

    def took(self) -> str:
        """`0.174 s of processor time for 1 activity of 100,282 characters (/spool/a.json, byte 17)`."""
        number = "1 activity" if self.activities == 1 else f"{self.activities} activities"
        return f"{self.seconds:.3f} s of processor time for {number} of {self.characters:,} characters ({self.place})"


class SetAside(msgspec.Struct, frozen=True):
    """A policy that is asked no more, what it said then (a hash), since when (ms), and what it cost."""

    policy_id: str
    meaning: str
    at: int
    cost: Costly
