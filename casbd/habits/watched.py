"""A policy that compares with what is usual, as the habits know it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import msgspec

from casbd.filters.tree import Node
from casbd.habits.anomaly import Anomaly
from casbd.model.counted import Entry

LAYOUT = 8
"""How memories are packed. With another number all is learned anew from the log: raise it where what was packed before cannot be read."""


class Watching(msgspec.Struct, frozen=True, eq=False):
    """A policy that compares with what is usual. raises: under which its alerts are known: another meaning may raise them anew.

    remembers: under which memories are kept, of all policies that observe the same. alert_id: gives the id of a new alert, by whose it is
    and with which activity it begins.
    """

    policy_id: str
    raises: str
    remembers: str
    anomaly: Anomaly
    alert_id: Callable[[str, Entry], str]


def remembered_as(anomaly: Anomaly, filters: Node) -> str:
    """A name for what is observed, so that memories stay while only thresholds change."""
    observed = LAYOUT, anomaly.kind, anomaly.by, anomaly.single_app, anomaly.steps, anomaly.aliased, anomaly.learns, filters
    return f"{anomaly.kind}:{hashlib.sha256(msgspec.json.encode(observed)).hexdigest()[:24]}"
