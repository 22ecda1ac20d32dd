"""What the evidence of alerts is made of, of those that may grow. With an alert its facts go (a trigger of the schema)."""

from __future__ import annotations

import sqlite3

import msgspec

from casbd.model.facts import Facts


def get(connection: sqlite3.Connection, alert_id: str) -> Facts | None:
    """An alert's facts; None where none are stored."""
    row = connection.execute("SELECT facts FROM alert_facts WHERE alert_id = ?", (alert_id,)).fetchone()
    return Facts.unpacked(msgspec.msgpack.decode(row[0])) if row else None


def save(connection: sqlite3.Connection, alert_id: str, facts: Facts) -> None:
    """Store an alert's facts, in the place of those that are there."""
    connection.execute("INSERT OR REPLACE INTO alert_facts VALUES (?, ?)", (alert_id, msgspec.msgpack.encode(facts.packed())))
