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


class SetAside(msgspec.Struct, frozen=True):
    """A policy that is asked no more, what it said then (a hash), since when (ms), and what it cost."""

    policy_id: str
    meaning: str
    at: int
    cost: Costly
