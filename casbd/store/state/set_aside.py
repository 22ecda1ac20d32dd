"""Policies that are asked no more, as they cost too much, until what they say changes."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

import msgspec

from casbd.model.costly import Costly, SetAside


def add(connection: sqlite3.Connection, one: SetAside) -> bool:
    """Set a policy aside; False where it is already."""
    row = connection.execute("SELECT meaning FROM set_aside WHERE policy_id = ?", (one.policy_id,)).fetchone()
    if row == (one.meaning,):
        return False
    body = msgspec.json.encode(one.cost)
    connection.execute("INSERT OR REPLACE INTO set_aside VALUES (?, ?, ?, ?)", (one.policy_id, one.meaning, one.at, body))
    return True


def of(connection: sqlite3.Connection, meanings: Mapping[str, str]) -> dict[str, SetAside]:
    """The policies that are set aside, by id. meanings: what each policy says now; one that has changed since is not among them."""
    rows = connection.execute("SELECT policy_id, meaning, at, body FROM set_aside ORDER BY policy_id")
    entries = [SetAside(policy, meaning, at, msgspec.json.decode(body, type=Costly)) for policy, meaning, at, body in rows]
    return {one.policy_id: one for one in entries if meanings.get(one.policy_id) == one.meaning}


def forget_changed(connection: sqlite3.Connection, meanings: Mapping[str, str]) -> None:
    """Let go of those that say something else now. One whose file is gone stays set aside, should it come back as it was."""
    rows = connection.execute("SELECT policy_id, meaning FROM set_aside").fetchall()
    changed = [(policy,) for policy, meaning in rows if meanings.get(policy, meaning) != meaning]
    connection.executemany("DELETE FROM set_aside WHERE policy_id = ?", changed)
