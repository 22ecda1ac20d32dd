"""Searches by name: those that people saved, and those that casbd suggests."""

from __future__ import annotations

import re
import sqlite3
from functools import cache
from pathlib import Path

import msgspec

from casbd.activity_log.free_text import containing
from casbd.documents import Document
from casbd.filters.tree import Node
from casbd.store.state import saved_queries

_SUGGESTED = Path(__file__).parents[1] / "data" / "suggested_queries.yaml"
_NAME = re.compile(r"(?=\S)[\w. -]{1,60}(?<=\S)")


class Query(msgspec.Struct, frozen=True, omit_defaults=True, rename={"since": "from", "until": "to"}):
    """The options of a search as a person writes them; relative times stay relative."""

    filters: tuple[str, ...] = ()
    text: str | None = None
    since: str | None = None
    until: str | None = None
    sort: str | None = None
    limit: int | None = None

    def along_with(self, other: Query) -> Query:
        """What meets both; where both have another option, that of this one."""
        return Query(
            filters=other.filters + self.filters,
            text=" ".join(text for text in (other.text, self.text) if text) or None,
            since=self.since or other.since,
            until=self.until or other.until,
            sort=self.sort or other.sort,
            limit=other.limit if self.limit is None else self.limit,
        )

    def conditions(self) -> list[str | Node]:
        """What `Wanted` takes."""
        return [*self.filters, *([containing(self.text)] if self.text else [])]


@cache
def suggested() -> dict[str, Query]:
    """Those that casbd suggests, by name."""
    return msgspec.convert(Document(_SUGGESTED).data, dict[str, Query])


def saved(connection: sqlite3.Connection) -> dict[str, Query]:
    """Those that people saved, by name."""
    return {name: msgspec.json.decode(body, type=Query) for name, body in saved_queries.every(connection).items()}


def find(name: str, among: dict[str, Query]) -> tuple[str, Query] | None:
    """The one with a name, without regard to case, and how the name is written."""
    return next(((own, query) for own, query in among.items() if own.casefold() == name.casefold()), None)


def save(connection: sqlite3.Connection, name: str, query: Query) -> bool:
    """Save one, inside a transaction; whether it took the place of another. ValueError for a name that it cannot have."""
    if not _NAME.fullmatch(name):
        raise ValueError("a name is 1 to 60 letters, digits, blanks, and - _ .")
    if name.startswith("-"):
        raise ValueError("a name that begins with - is taken for an option")
    if find(name, suggested()):
        raise ValueError("a suggested query has this name")
    replaced = delete(connection, name)
    saved_queries.save(connection, name, msgspec.json.encode(query))
    return replaced


def delete(connection: sqlite3.Connection, name: str) -> bool:
    """Remove one that was saved, inside a transaction; whether there was one."""
    query = find(name, saved(connection))
    if query:
        saved_queries.delete(connection, query[0])
    return query is not None
