"""Taking a person's name out of the SQLite file: out of all rows that may name people, and out of what SQLite leaves lying about.

What casbd itself goes by (ids, names of policies, inputs and destinations, statuses) is never touched, whatever a person is called.
"""

# ruff: noqa: S608  names of tables and columns, of this module

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import msgspec

from casbd.errors import StoreError
from casbd.model.activity import Activity
from casbd.store.database import Store
from casbd.store.log import blocks
from casbd.store.log.packing import Packer
from casbd.store.state.audit import ON_PEOPLE
from casbd.store.state.personal_tables import ABOUT, BODIES, OF_A_PLACE, PEOPLE, TEXTS, WHO

PROGRESS = "forgetting"
"""In `meta`, while a person is being forgotten: what was known of them at the beginning."""


class Names(Protocol):
    """How a person is found."""

    def is_named(self, text: str) -> bool:
        """Whether a text is one of the names, and nothing else."""

    def without(self, text: str, other: str) -> str:
        """A text with the names in it replaced; the same object where there is none."""

    def within(self, app: str | None, instance: str | None) -> Names:
        """How the person is found in what is of an app and an instance: elsewhere others may be called so."""


def forget(store: Store, person: Names, other: str, *, keep: bool) -> dict[str, int]:
    """Inside a transaction: names are replaced in all tables but the activities'; how many rows were changed or removed, by table.

    keep: rows about the person stay, under the other name; else they are removed.
    """
    changed_rows = {}
    for table in sorted({*PEOPLE, *TEXTS, *BODIES}):
        number = 0
        for key, values in _rows(store.connection, table):
            names = _placed(table, values, person)
            if not keep and table in PEOPLE and _is_about(values[PEOPLE[table]] or "", names):
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
    for row in connection.execute(f"SELECT {', '.join([*keys, *columns])} FROM {table}").fetchall():
        yield dict(zip(keys, row, strict=False)), dict(zip(columns, row[len(keys) :], strict=True))


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
    return _whole(value, names, other) if column == PEOPLE.get(table) else names.without(value, other)


def _body(table: str, body: bytes, names: Names, other: str) -> bytes:
    wire = msgspec.json if table == "queries" else msgspec.msgpack
    inside: Any = wire.decode(body)
    if table == "window_journal":
        anew: Any = [
            [policy, _whole(subject, names, other), [_counted(one, names, other) for one in some]] for policy, subject, some in inside
        ]
    elif table == "window_pages":
        anew = [_counted(one, names, other) for one in inside]
    elif table == "alert_facts":
        anew = [[number, partly, [_said(one, names, other) for one in fields]] for number, partly, fields in inside]
    else:
        anew = _in_fields(inside, names, other)
    return body if anew == inside else wire.encode(anew)


def _counted(entry: list[Any], names: Names, other: str) -> list[Any]:
    """An entry with the value that is counted replaced."""
    return [_whole(value, names, other) if place == 3 and isinstance(value, str) else value for place, value in enumerate(entry)]


def _said(field: list[Any], names: Names, other: str) -> list[Any]:
    """A field of an alert's facts, with the values that it has replaced."""
    name, more, values = field
    return [name, more, [[_whole(value, names, other), moment] for value, moment in values]]


def _whole(text: str, names: Names, other: str) -> str:
    if names.is_named(text):
        return other
    if text.startswith("[") and (several := _listed(text)) is not None:  # a user with an app and an instance, or counted with more
        anew = _each(several, names, other)
        return text if anew == several else json.dumps(anew)
    return names.without(text, other)


def _listed(text: str) -> list[Any] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, list) else None


def _each(several: list[Any], names: Names, other: str) -> list[Any]:
    return [
        _each(one, names, other) if isinstance(one, list) else _whole(one, whom, other) if isinstance(one, str) else one
        for one, whom in zip(several, _whose(several, names), strict=True)
    ]


def _whose(several: list[Any], names: Names) -> list[Names]:
    """How the person is found in each of some texts: of a user with an app and an instance the user is of these."""
    if len(several) == 3 and all(isinstance(one, str) for one in several):
        return [names.within(*several[1:]), names, names]
    return [names] * len(several)


def _is_about(text: str, names: Names) -> bool:
    """Whether a user is all of a text, or of the list of a user, an app and an instance that it is."""
    listed = _listed(text) if text.startswith("[") else None
    return names.is_named(text) or bool(listed and isinstance(listed[0], str) and _whose(listed, names)[0].is_named(listed[0]))


def _in_fields(thing: dict[str, Any], names: Names, other: str) -> dict[str, Any]:
    def anew(key: str, value: Any) -> Any:
        if isinstance(value, list) and key in WHO | ABOUT:
            return [anew(key, one) for one in value]
        if isinstance(value, dict) and key in ABOUT:  # what a way back needs to know
            return {inner: anew(key, one) for inner, one in value.items()}
        if not isinstance(value, str) or key not in WHO | ABOUT:
            return value
        return _whole(value, names, other) if key in WHO else names.without(value, other)

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
            if person is not None and (table == "window_journal" or (table == "window_pages" and not _names(row["subject"], person))):
                row["entries"] = [one for one in row["entries"] if _names(one, person)]  # a row has what several people did
            if person is None or _names(row, _placed(table, values, person)):
                yield table, row


def _names(value: Any, names: Names) -> bool:
    """Whether a person is named anywhere in it."""
    if isinstance(value, str):
        listed = _listed(value) if value.startswith("[") else None
        if listed is not None and not any(isinstance(one, dict) for one in listed):  # a subject; a record is looked at as text
            return _names(listed, names)
        return names.is_named(value) or names.without(value, "") is not value
    if isinstance(value, list | tuple):
        return any(map(_names, value, _whose([*value], names)))
    return isinstance(value, dict) and any(_names(one, names) for one in value.values())


def _opened(value: Any) -> Any:
    if not isinstance(value, bytes):
        return value
    try:
        return msgspec.msgpack.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return value.decode("utf-8", "backslashreplace")
