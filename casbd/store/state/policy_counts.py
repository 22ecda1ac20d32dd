"""How often each policy matched, and what it met lately."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, TypeVar

import msgspec

_encode = msgspec.msgpack.Encoder().encode
Hours = TypeVar("Hours")
"""How what was met lately is kept is alerting's own business."""


def count(
    connection: sqlite3.Connection, matches: Mapping[str, int], alerts: Mapping[str, int], hours: Mapping[str, Mapping[str, Any]]
) -> None:
    """Add to the counts of policies. hours: what was met lately, by policy and subject, in the place of what was stored."""
    connection.executemany(
        "INSERT INTO policies (policy_id, matches, alerts, hours) VALUES (?, ?, ?, ?) ON CONFLICT (policy_id) DO UPDATE SET"
        " matches = matches + excluded.matches, alerts = alerts + excluded.alerts, hours = excluded.hours",
        [(policy, number, alerts.get(policy, 0), _encode(hours.get(policy, {}))) for policy, number in matches.items()],
    )


def counts(connection: sqlite3.Connection) -> dict[str, tuple[int, int]]:
    """Matches and alerts of every policy since the store began."""
    return {policy: (matches, alerts) for policy, matches, alerts in connection.execute("SELECT policy_id, matches, alerts FROM policies")}


def hours(connection: sqlite3.Connection, kind: type[Hours]) -> dict[str, dict[str, Hours]]:
    """What every policy met lately, by subject. What an older casbd wrote, of all subjects together, is left out."""
    by_policy: dict[str, dict[str, Hours]] = {}
    for policy, body in connection.execute("SELECT policy_id, hours FROM policies WHERE hours IS NOT NULL"):
        with suppress(msgspec.ValidationError):
            by_policy[policy] = msgspec.msgpack.decode(body, type=dict[str, kind])  # type: ignore[valid-type]
    return by_policy
