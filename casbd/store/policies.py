"""How often each policy matched."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping


def count(connection: sqlite3.Connection, matches: Mapping[str, int], alerts: Mapping[str, int]) -> None:
    """Add to the counts of policies."""
    connection.executemany(
        "INSERT INTO policies VALUES (?, ?, ?) ON CONFLICT (policy_id) DO UPDATE SET"
        " matches = matches + excluded.matches, alerts = alerts + excluded.alerts",
        [(policy, number, alerts.get(policy, 0)) for policy, number in matches.items()],
    )


def counts(connection: sqlite3.Connection) -> dict[str, tuple[int, int]]:
    """Matches and alerts of every policy since the store began."""
    return {policy: (matches, alerts) for policy, matches, alerts in connection.execute("SELECT * FROM policies")}
