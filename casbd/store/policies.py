"""How often each policy matched, and which are switched off."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from pathlib import Path

import msgspec

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(dict[int, int]).decode


def count(
    connection: sqlite3.Connection, matches: Mapping[str, int], alerts: Mapping[str, int], hours: Mapping[str, dict[int, int]]
) -> None:
    """Add to the counts of policies. hours: what was met in each of the latest hours, in the place of what was known."""
    connection.executemany(
        "INSERT INTO policies (policy_id, matches, alerts, hours) VALUES (?, ?, ?, ?) ON CONFLICT (policy_id) DO UPDATE SET"
        " matches = matches + excluded.matches, alerts = alerts + excluded.alerts, hours = excluded.hours",
        [(policy, number, alerts.get(policy, 0), _encode(hours.get(policy, {}))) for policy, number in matches.items()],
    )


def counts(connection: sqlite3.Connection) -> dict[str, tuple[int, int]]:
    """Matches and alerts of every policy since the store began."""
    return {policy: (matches, alerts) for policy, matches, alerts in connection.execute("SELECT policy_id, matches, alerts FROM policies")}


def hours(connection: sqlite3.Connection) -> dict[str, dict[int, int]]:
    """What every policy met in each of the latest hours, those that activities came of last at the end."""
    return {policy: _decode(own) for policy, own in connection.execute("SELECT policy_id, hours FROM policies WHERE hours IS NOT NULL")}


def switch_off(connection: sqlite3.Connection, policy: str, path: Path, now: int, matches: int) -> None:
    """Remember that a policy met too much; it is off as long as its file is what it is now."""
    connection.execute("INSERT OR REPLACE INTO switched_off VALUES (?, ?, ?, ?)", (policy, _state(path), now, matches))


def switched_off(connection: sqlite3.Connection, paths: Mapping[str, Path]) -> dict[str, int]:
    """The policies that are off since then (ms), of those with these rule files."""
    rows = connection.execute("SELECT policy_id, file, at FROM switched_off")
    return {policy: at for policy, file, at in rows if policy in paths and file == _state(paths[policy])}


def _state(path: Path) -> str:
    """What changes when a file is written, or only touched; empty where there is none."""
    try:
        found = path.stat()
    except OSError:
        return ""
    return f"{found.st_ino}:{found.st_size}:{found.st_mtime_ns}"
