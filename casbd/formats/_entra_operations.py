"""Entra ID's audit operations, which its own log and Microsoft 365's have under nearly the same names: one table for both."""

from __future__ import annotations

from functools import cache

from casbd.formats._activity_table import ActivityTable, Kind


@cache
def _table() -> ActivityTable:
    return ActivityTable("entra")


def kind_of(operation: str) -> Kind:
    """The kind of an operation. Some names have a dash that is no hyphen, and blanks or a dot at the end."""
    return _table().kind(operation.replace("\u2013", "-").strip().removesuffix("."))
