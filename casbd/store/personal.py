"""Taking a person's name out of the SQLite file: all tables, whatever is in them, and what SQLite leaves lying about.

Rows are looked at by their contents and not by what a table means, so that a table that is added later is not forgotten.
"""

# ruff: noqa: S608  names of tables and columns, from the schema itself

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from casbd.model.activity import Activity
from casbd.store import activities
from casbd.store.activities import Packer
from casbd.store.database import Store

Replace = Callable[[str], str]
"""Text without the name; the same object where it does not have it."""

_OF_A_PERSON = {"alerts": "user", "governance": "target", "window_entries": "subject", "held_back": "subject"}
"""Tables of which a row about the person alone is removed, and the column that says so."""
_NOT_TEXT = {("blocks", "body"), ("blocks", "keys"), ("positions", "fingerprint")}


def forget(store: Store, replace: Replace, *, keep: bool) -> dict[str, int]:
    """Inside a transaction: in all tables but the activities' the name is replaced; how many rows were changed or removed, by table.

    keep: rows about the person stay, under the other name; else they are removed.
    """
    changed = {}
    for table in _tables(store.connection):
        removed = 0 if keep or table not in _OF_A_PERSON else _remove(store.connection, table, _OF_A_PERSON[table], replace)
        number = removed + _replace(store.connection, table, replace)
        if number:
            changed[table] = number
    return changed


def _tables(connection: sqlite3.Connection) -> list[str]:
    query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
    return [name for (name,) in connection.execute(query)]


def _remove(connection: sqlite3.Connection, table: str, column: str, replace: Replace) -> int:
    """The rows whose column has the name."""
    values = [value for (value,) in connection.execute(f'SELECT DISTINCT "{column}" FROM "{table}"') if isinstance(value, str)]
    return sum(
        connection.execute(f'DELETE FROM "{table}" WHERE "{column}" = ?', (value,)).rowcount
        for value in values
        if replace(value) is not value
    )


def _replace(connection: sqlite3.Connection, table: str, replace: Replace) -> int:
    columns = connection.execute(f'PRAGMA table_info("{table}")').fetchall()
    names = [name for _, name, *_ in columns]
    keys = [name for _, name, _, _, _, place in columns if place] or ["rowid"]
    some = ", ".join(f'"{name}"' for name in (*keys, *names))
    where = " AND ".join(f'"{name}" IS ?' for name in keys)
    changed = 0
    for row in connection.execute(f'SELECT {some} FROM "{table}"').fetchall():
        key, values = row[: len(keys)], row[len(keys) :]
        new = [value if (table, name) in _NOT_TEXT else _without(value, replace) for name, value in zip(names, values, strict=True)]
        different = [(name, value) for name, old, value in zip(names, values, new, strict=True) if value is not old]
        if different:
            assignments = ", ".join(f'"{name}" = ?' for name, _ in different)
            connection.execute(f'UPDATE OR REPLACE "{table}" SET {assignments} WHERE {where}', (*(value for _, value in different), *key))
            changed += 1
    return changed


def _without(value: Any, replace: Replace) -> Any:
    """A value without the name; the same object where it does not have it."""
    if isinstance(value, str):
        return replace(value)
    if not isinstance(value, bytes) or not value:
        return value
    try:
        inside = msgspec.msgpack.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError):
        text = value.decode("utf-8", "surrogateescape")
        new = replace(text)
        return value if new is text else new.encode("utf-8", "surrogateescape")
    if not isinstance(inside, dict | list):
        return value
    without = in_all(inside, replace)
    return value if without is inside else msgspec.msgpack.encode(without)


def in_all(value: Any, replace: Replace) -> Any:
    """Plain values with their texts replaced; the same object where none has the name."""
    if isinstance(value, str):
        return replace(value)
    if isinstance(value, list | tuple):
        new = [in_all(one, replace) for one in value]
        return value if all(one is other for one, other in zip(new, value, strict=True)) else new
    if isinstance(value, dict):
        pairs = [(key, in_all(key, replace), one, in_all(one, replace)) for key, one in value.items()]
        return value if all(key is k and one is v for key, k, one, v in pairs) else {k: v for _, k, _, v in pairs}
    return value


def forget_in_blocks(store: Store, anew: Callable[[Activity], Activity | None]) -> int:
    """What is in no segment yet: each activity anew, or left out; how many were changed. Each block in a transaction of its own.

    A block's keys stay, so that the same record is not taken for a new one.
    """
    packer, changed = Packer(), 0
    for block_id, _ in activities.listed(store.connection):
        old = activities.read_block(store.connection, block_id)
        new = [anew(activity) for activity in old]
        different = sum(one is not other for one, other in zip(new, old, strict=True))
        if different:
            packer.begin()
            kept = [one for one in new if one is not None]
            packer.add(kept)
            with store.transaction() as connection:
                activities.rewrite(connection, block_id, packer.part(range(len(kept))))
                sent = connection.execute("SELECT seq, sent FROM outbox WHERE block_id = ?", (block_id,)).fetchall()
                connection.executemany(
                    "UPDATE outbox SET sent = ? WHERE seq = ?",
                    [(sum(one is not None for one in new[:number]), seq) for seq, number in sent],
                )
            changed += different
    return changed


def leave_no_trace(store: Store) -> None:
    """What was removed is in no page of the file and of its log any more (https://www.sqlite.org/lang_vacuum.html)."""
    store.connection.execute("VACUUM")
    store.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def rows_of(store: Store, has: Callable[[str], bool]) -> Iterable[tuple[str, dict[str, Any]]]:
    """The rows in which the name is, with their tables; blobs opened, activities left out."""
    for table in _tables(store.connection):
        names = [name for _, name, *_ in store.connection.execute(f'PRAGMA table_info("{table}")')]
        for row in store.connection.execute(f'SELECT * FROM "{table}"'):
            values = {name: _opened(value) for name, value in zip(names, row, strict=True) if (table, name) not in _NOT_TEXT}
            if has(msgspec.json.encode(values).decode()):
                yield table, values


def _opened(value: Any) -> Any:
    if not isinstance(value, bytes):
        return value
    try:
        return msgspec.msgpack.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return value.decode("utf-8", "backslashreplace")
