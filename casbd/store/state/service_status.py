"""What the running daemon tells the other commands, through the store."""

from __future__ import annotations

from typing import Any

import msgspec

from casbd.store.database import Store


def save(store: Store, status: dict[str, Any]) -> None:
    """Keep it until the next time."""
    with store.transaction() as connection:
        connection.execute("INSERT OR REPLACE INTO meta VALUES ('service', ?)", (msgspec.json.encode(status).decode(),))


def load(store: Store) -> dict[str, Any]:
    """The last that was saved; empty where the daemon has never run."""
    row = store.connection.execute("SELECT value FROM meta WHERE name = 'service'").fetchone()
    return msgspec.json.decode(row[0], type=dict[str, Any]) if row else {}
