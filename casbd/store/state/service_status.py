"""What the running daemon says of itself to the other commands, through the store."""

from __future__ import annotations

import msgspec

from casbd.model.service_status import ServiceStatus
from casbd.store.database import Store


def save(store: Store, status: ServiceStatus) -> None:
    """Keep it until the next time."""
    with store.transaction() as connection:
        connection.execute("INSERT OR REPLACE INTO meta VALUES ('service', ?)", (msgspec.json.encode(status).decode(),))


def load(store: Store) -> ServiceStatus:
    """The last that was saved; empty where the daemon has never run."""
    row = store.connection.execute("SELECT value FROM meta WHERE name = 'service'").fetchone()
    return msgspec.json.decode(row[0], type=ServiceStatus) if row else ServiceStatus()
