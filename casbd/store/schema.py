"""How the state directory's one SQLite file gets its tables, and an older one becomes this version's."""

from __future__ import annotations

import sqlite3
from typing import Any

import msgspec

from casbd.errors import StoreError
from casbd.model import identity
from casbd.store.state.window_pages import Packing
from casbd.store.tables import CHANGES

VERSION = max(CHANGES) + 1
"""1 was never released: it kept activities in another form."""


def version(connection: sqlite3.Connection) -> int:
    """Which version's tables the file has; 0: none yet. StoreError for a newer one, sqlite3.Error where it is no such file."""
    (number,) = connection.execute("PRAGMA user_version").fetchone()
    if number > VERSION:
        raise StoreError(f"the state directory was written by a newer casbd (schema {number}, this one knows {VERSION})")
    return int(number)


def prepare(connection: sqlite3.Connection) -> None:
    """Make the tables in a new file, and what is new in an older one. StoreError for a newer one, and one that was never released."""
    before = version(connection)
    if before == 1:
        raise StoreError("the state directory was written by a casbd from before the first release: begin a new one")
    if before != VERSION:
        add_functions(connection)
        steps = "".join(step for since, step in CHANGES.items() if since >= before)
        connection.executescript(f"BEGIN IMMEDIATE; {steps} PRAGMA user_version = {VERSION}; COMMIT;")


def add_functions(connection: sqlite3.Connection) -> None:
    """What changes from one version to the next ask Python about."""
    connection.create_aggregate("page", 5, Packing)  # type: ignore[arg-type]  # typeshed takes it for one of a single argument
    connection.create_function("of_body", 2, _of_body)
    connection.create_function("person", 3, identity.person)


def _of_body(body: bytes, field: str) -> Any:
    """For SQL: a field of an alert that an older casbd stored, which may lack it."""
    return msgspec.msgpack.decode(body).get(field)
