"""What SQL asks Python about: texts as SQLite does not know to compare them."""

from __future__ import annotations

import sqlite3

from casbd.model import identity


def add(connection: sqlite3.Connection) -> None:
    """`canonical(user)` and `folded(text)`; of no text, none."""
    connection.create_function("canonical", 1, _canonical, deterministic=True)
    connection.create_function("folded", 1, _folded, deterministic=True)


def _canonical(user: str | None) -> str | None:
    return None if user is None else identity.canonical(user)


def _folded(text: str | None) -> str | None:
    return None if text is None else text.casefold()
