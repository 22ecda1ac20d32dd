"""casbd's own audit trail: who changed what, by command or by file. It is only ever added to, and retention leaves it alone."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from casbd.store.state.operator import person

DAEMON = "casbd"
"""Who does what nobody at a terminal does."""
OF_THE_DAEMON = ("start", "reload", "reload refused")
"""What it notes; all other actions are named after commands."""
ON_PEOPLE = ("privacy export", "users reset-priority", "users forget-lessons")
"""Actions whose target is a user."""


class Entry(msgspec.Struct, frozen=True):
    """One entry, as `casbd audit list --json` prints it. at: milliseconds since 1970-01-01 UTC. detail: JSON's types alone."""

    at: int
    who: str
    action: str
    target: str
    detail: dict[str, Any]


def add(connection: sqlite3.Connection, now: int, action: str, target: str, detail: Mapping[str, Any], who: str | None = None) -> None:
    """Add an entry, inside the transaction that does what it is about. who: left out, the person at the terminal."""
    body = msgspec.json.encode(detail).decode()
    connection.execute(
        "INSERT INTO audit (at, who, action, target, detail) VALUES (?, ?, ?, ?, ?)", (now, who or person(), action, target, body)
    )


def listed(
    connection: sqlite3.Connection,
    since: int | None = None,
    until: int | None = None,
    *,
    action: str | None = None,
    who: str | None = None,
) -> Iterator[Entry]:
    """Entries, the newest last. since, until: ms, both included. action: the whole or its first words.

    who: in any case; of `eva as root` either name.
    """
    rows = connection.execute(
        "SELECT at, who, action, target, detail FROM audit"
        " WHERE at BETWEEN ifnull(?1, at) AND ifnull(?2, at)"
        " AND (?4 IS NULL OR instr(' ' || lower(who) || ' ', ' ' || lower(?4) || ' '))"
        " AND (?3 IS NULL OR action = ?3 OR substr(action, 1, length(?3) + 1) = ?3 || ' ') ORDER BY seq",
        (since, until, action, who),
    )
    for at, name, done, target, detail in rows:
        yield Entry(at, name, done, target, msgspec.json.decode(detail, type=dict[str, Any]))
