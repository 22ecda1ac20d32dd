"""What rule files, exceptions, lists and the configuration said, and when that changed: also while casbd was stopped.

Of rules and exceptions the text is kept, so that a difference can be shown; of the configuration and of lists, which may hold secrets and
everybody's names, a digest alone.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Literal, NamedTuple

Kind = Literal["policy", "exceptions", "configuration", "list"]
What = Literal["first", "added", "changed", "removed"]
MOST = 50
"""Versions that are kept of one file, at most: a script may write it every minute."""


class Version(NamedTuple):
    """One version. at: when casbd saw it (ms). what: `first` is how it was when casbd began to look.

    name: a policy's id, a section of the configuration, or a path. owner: whose the file is. digest, text: None where it is gone, and
    text where none is kept. while_stopped: it was there when casbd started. modified: the file's own time of its last change (ms).
    """

    at: int
    kind: Kind
    name: str
    what: What
    while_stopped: bool
    owner: str | None
    modified: int | None
    digest: bytes | None
    text: str | None


class Changed(NamedTuple):
    """A version that is not the first, with the text and the time of the one before it."""

    version: Version
    text_before: str | None
    at_before: int | None


_COLUMNS = ", ".join(Version._fields)


def add(connection: sqlite3.Connection, version: Version) -> None:
    """Add one, in the place of the oldest of the same file where there are too many."""
    marks = ", ".join("?" * len(version))
    connection.execute(f"INSERT INTO file_versions ({_COLUMNS}) VALUES ({marks})", version)  # noqa: S608  our own words
    connection.execute(
        "DELETE FROM file_versions WHERE seq IN"
        " (SELECT seq FROM file_versions WHERE kind = ? AND name = ? ORDER BY seq DESC LIMIT -1 OFFSET ?)",
        (version.kind, version.name, MOST),
    )


def digests(connection: sqlite3.Connection) -> dict[tuple[Kind, str], bytes]:
    """What is there, by kind and name, with the digest of its latest version."""
    rows = connection.execute("SELECT kind, name, digest, max(seq) FROM file_versions GROUP BY kind, name")
    return {(kind, name): digest for kind, name, digest, _ in rows if digest is not None}


def is_empty(connection: sqlite3.Connection) -> bool:
    """Whether casbd has never looked."""
    return connection.execute("SELECT 1 FROM file_versions LIMIT 1").fetchone() is None


def changes(connection: sqlite3.Connection, since: int, until: int) -> Iterator[Changed]:
    """What changed in a span (ms, both ends included), the newest first."""
    query = (
        f"SELECT * FROM (SELECT {_COLUMNS}, lag(text) OVER one, lag(at) OVER one, seq FROM file_versions"  # noqa: S608  our own words
        " WINDOW one AS (PARTITION BY kind, name ORDER BY seq)) WHERE at BETWEEN ? AND ? AND what <> 'first' ORDER BY seq DESC"
    )
    for *values, before, at_before, _ in connection.execute(query, (since, until)):
        yield Changed(_version(values), before, at_before)


def latest(connection: sqlite3.Connection, kind: Kind) -> list[Version]:
    """The latest version of each, of one kind."""
    query = f"SELECT {_COLUMNS}, max(seq) FROM file_versions WHERE kind = ? GROUP BY name ORDER BY name"  # noqa: S608  our own words
    return [_version(values) for *values, _ in connection.execute(query, (kind,))]


def prune(connection: sqlite3.Connection, before: int, at_most: int = -1) -> int:
    """Remove versions that were seen before then, at most so many (-1: all); how many. The latest of what is there stays."""
    query = (
        "DELETE FROM file_versions WHERE seq IN (SELECT seq FROM file_versions AS old WHERE at < ? AND (digest IS NULL OR EXISTS"
        " (SELECT 1 FROM file_versions AS new WHERE new.kind = old.kind AND new.name = old.name AND new.seq > old.seq)) LIMIT ?)"
    )
    return connection.execute(query, (before, at_most)).rowcount


def _version(values: list[object]) -> Version:
    version = Version._make(values)
    return version._replace(while_stopped=bool(version.while_stopped))
