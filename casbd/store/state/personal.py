"""Taking a person's name out of the SQLite file: out of all rows that may name people, and out of what SQLite leaves lying about.

What casbd itself goes by (ids, names of policies, inputs and destinations, statuses) is never touched, whatever a person is called.
"""

# ruff: noqa: S608  names of tables and columns, of this module

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from casbd.errors import StoreError
from casbd.model.activity import Activity
from casbd.store.database import Store
from casbd.store.log import blocks
from casbd.store.log.packing import Packer
from casbd.store.state.audit import ON_PEOPLE
from casbd.store.state.personal_names import Names, everywhere, is_about, names_any, only, whole
from casbd.store.state.personal_tables import ABOUT, BODIES, FORGOTTEN, OF_A_PLACE, PEOPLE, TEXTS, WHO

PROGRESS = "forgetting"
"""In `meta`, while a person is being forgotten: what was known of them at the beginning."""


def forget(store: Store, person: Names, other: str, *, keep: bool) -> dict[str, int]:
    """Inside a transaction: names are replaced in all tables but the activities'; how many rows were changed or removed, by table.

    keep: rows about the person stay, under the other name; else they are removed.
    """
    changed_rows = {}
    for table in sorted({*PEOPLE, *TEXTS, *BODIES}):
        number = 0
        for key, values in _rows(store.connection, table):
            names = _placed(table, values, person)
            if (not keep or table in FORGOTTEN) and table in PEOPLE and is_about(values[PEOPLE[table]] or "", names):
                store.connection.execute(f"DELETE FROM {table} WHERE {_where(key)}", tuple(key.values()))
                number += 1
                continue
            new = {column: _anew(table, column, value, names, other) for column, value in values.items()}
            if changed := {column: value for column, value in new.items() if value != values[column]}:
                assignments = ", ".join(f"{column} = ?" for column in changed)
                try:
                    store.connection.execute(f"UPDATE {table} SET {assignments} WHERE {_where(key)}", (*changed.values(), *key.values()))
                except sqlite3.IntegrityError:  # what differed by the name's case alone is the same now
                    store.connection.execute(f"DELETE FROM {table} WHERE {_where(key)}", tuple(key.values()))
                number += 1
        number += _whose_data(store.connection, person, other) if table == "audit" else 0
        if number:
            changed_rows[table] = number
    return changed_rows


def _whose_data(connection: sqlite3.Connection, person: Names, other: str) -> int:
    """The entries of what was done with a person: there a plain word is a person's name, elsewhere it may be a policy's."""
    rows = connection.execute(f"SELECT seq, target FROM audit WHERE action IN {ON_PEOPLE}").fetchall()
    own = [(other, seq) for seq, target in rows if person.is_named(target)]
    connection.executemany("UPDATE audit SET target = ? WHERE seq = ?", own)
    return len(own)


def _rows(connection: sqlite3.Connection, table: str) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Each row's key, and the values of the columns that may have a name."""
    keys = [name for _, name, _, _, _, place in connection.execute(f"PRAGMA table_info({table})") if place]
    columns = [*filter(None, (PEOPLE.get(table), *TEXTS.get(table, ()), BODIES.get(table)))]
    for row in _some_rows(connection, table, [*keys, *columns]):
        yield dict(zip(keys, row, strict=False)), dict(zip(columns, row[len(keys) :], strict=True))


def _some_rows(connection: sqlite3.Connection, table: str, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """The rows of a table; of the one that has a row for everybody, some at a time."""
    query = f"SELECT {', '.join(columns)} FROM {table}"
    if table != "habits":
        yield from connection.execute(query).fetchall()
        return
    after: tuple[Any, ...] = ("", "")
    while rows := connection.execute(f"{query} WHERE (remembers, who) > (?, ?) ORDER BY remembers, who LIMIT 5000", after).fetchall():
        yield from rows
        after = rows[-1][:2]


def _placed(table: str, values: dict[str, Any], person: Names) -> Names:
    """How a person is found in a row. Where it does not say of which app it is, it may be any."""
    body = values[BODIES[table]] if table in OF_A_PLACE else None
    return _of_body(_opened(body) if body else None, person)


def _of_body(inside: Any, person: Names) -> Names:
    says_where = isinstance(inside, dict) and "app_instance" in inside  # an older casbd did not store it
    return person.within(inside.get("app"), inside["app_instance"]) if says_where else person


def _where(key: dict[str, Any]) -> str:
    return " AND ".join(f"{column} IS ?" for column in key)


def _anew(table: str, column: str, value: Any, names: Names, other: str) -> Any:
    if not value or not isinstance(value, str | bytes):
        return value
    if column == BODIES.get(table) and isinstance(value, bytes):
        return _body(table, value, names, other)
    if isinstance(value, bytes):
        return names.without(value.decode("utf-8", "surrogateescape"), other).encode("utf-8", "surrogateescape")
    return whole(value, names, other) if column == PEOPLE.get(table) else names.without(value, other)


def _body(table: str, body: bytes, names: Names, other: str) -> bytes:
    wire = msgspec.json if table == "queries" else msgspec.msgpack
    if table == "refused" and isinstance(_opened(body), str):  # of an activity an older casbd kept the record alone
        return names.without(body.decode("utf-8", "surrogateescape"), other).encode("utf-8", "surrogateescape")
    inside: Any = wire.decode(body)
    if table == "window_journal":
        anew: Any = [
            [policy, whole(subject, names, other), [_counted(one, names, other) for one in some]] for policy, subject, some in inside
        ]
    elif table == "window_pages":
        anew = [_counted(one, names, other) for one in inside]
    elif table == "alert_facts":
        anew = [_part(one, names, other) if isinstance(one, list) else everywhere(one, names, other) for one in inside]
    elif table == "habits_journal":
        anew = [everywhere(one, names, other) for one in inside if not is_about(one[1], names)]
    elif table == "habits":
        anew = everywhere(inside, names, other)
    elif isinstance(inside, dict) and "activity_id" in inside:
        anew = {key: everywhere(value, names, other) for key, value in inside.items()}
    else:
        anew = _in_fields(inside, names, other)
    return body if anew == inside else wire.encode(anew)


def _counted(entry: list[Any], names: Names, other: str) -> list[Any]:
    """An entry with the value that is counted replaced."""
    return [whole(value, names, other) if place == 3 and isinstance(value, str) else value for place, value in enumerate(entry)]


def _part(part: list[Any], names: Names, other: str) -> list[Any]:
    """A part of an alert's facts."""
    number, partly, fields = part
    return [number, partly, [_said(one, names, other) for one in fields]]


def _said(field: list[Any], names: Names, other: str) -> list[Any]:
    """A field of an alert's facts, with the values that it has replaced."""
    name, more, values = field
    return [name, more, [[whole(value, names, other), moment] for value, moment in values]]


def _in_fields(thing: dict[str, Any], names: Names, other: str) -> dict[str, Any]:
    def anew(key: str, value: Any) -> Any:
        if isinstance(value, list) and key in WHO | ABOUT:
            return [anew(key, one) for one in value]
        if isinstance(value, dict) and key in ABOUT:  # what a way back needs to know
            return {inner: anew(key, one) for inner, one in value.items()}
        if not isinstance(value, str) or key not in WHO | ABOUT:
            return value
        return whole(value, names, other) if key in WHO else names.without(value, other)

    return {key: anew(key, value) for key, value in thing.items()}


def forget_in_blocks(store: Store, anew: Callable[[Activity], Activity | None]) -> None:
    """What is in no segment yet: each activity anew, or left out. Each block in a transaction of its own.

    A block's keys stay, so that the same record is not taken for a new one.
    """
    packer = Packer()
    for block_id in blocks.listed(store.connection):
        old = blocks.read_block(store.connection, block_id)
        new = [anew(activity) for activity in old]
        if any(one is not other for one, other in zip(new, old, strict=True)):
            packer.begin()
            remaining = [one for one in new if one is not None]
            packer.add(remaining)
            with store.transaction() as connection:
                blocks.rewrite(connection, block_id, packer.part(range(len(remaining))))
                sent = connection.execute("SELECT seq, sent FROM outbox WHERE block_id = ?", (block_id,)).fetchall()
                connection.executemany(
                    "UPDATE outbox SET sent = ? WHERE seq = ?",
                    [(sum(one is not None for one in new[:number]), seq) for seq, number in sent],
                )


def begun(store: Store) -> dict[str, Any] | None:
    """What was noted when forgetting somebody began that did not come to its end."""
    row = store.connection.execute("SELECT value FROM meta WHERE name = ?", (PROGRESS,)).fetchone()
    return msgspec.json.decode(row[0], type=dict[str, Any]) if row else None


def note(store: Store, progress: dict[str, Any] | None) -> None:
    """Inside a transaction: note who is being forgotten, and how; None when it has come to its end."""
    store.connection.execute("DELETE FROM meta WHERE name = ?", (PROGRESS,))
    if progress is not None:
        store.connection.execute("INSERT INTO meta VALUES (?, ?)", (PROGRESS, msgspec.json.encode(progress)))


def leave_no_trace(store: Store) -> None:
    """What was removed is in no page of the file and of its log any more (https://www.sqlite.org/lang_vacuum.html).

    StoreError where somebody still reads the store, whom the log must be left to.
    """
    store.connection.execute("VACUUM")
    busy, *_ = store.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        raise StoreError("another command still reads the store, so traces are left in SQLite's log: end it, and do the same again")


def rows_of(store: Store, person: Names | None = None) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows that may name people, with their tables; blobs opened, activities left out. person: only those that name this one."""
    for table in sorted({*PEOPLE, *TEXTS, *BODIES}):
        for key, values in _rows(store.connection, table):
            row = key | {column: _opened(value) for column, value in values.items()}
            if person is not None and (table == "window_journal" or (table == "window_pages" and not names_any(row["subject"], person))):
                row["entries"] = [one for one in row["entries"] if names_any(one, person)]  # a row has what several people did
            if person is not None and table == "habits_journal":
                row["observed"] = [one for one in row["observed"] if names_any(one, person)]
            if person is not None and table == "habits" and not is_about(row["who"], person):
                row["memory"] = only(row["memory"], person)
            if person is None or names_any(row, _placed(table, values, person)):
                yield table, row


def _opened(value: Any) -> Any:
    if not isinstance(value, bytes):
        return value
    try:
        return msgspec.msgpack.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return value.decode("utf-8", "backslashreplace")
