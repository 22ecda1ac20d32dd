"""Users' names in SQLite: which of them may be one that is written otherwise, so that Python need not look at all others."""

from __future__ import annotations

from casbd.model.identity import canonical


def may_be(column: str, user: str) -> tuple[str, list[str]]:
    """A condition on a column of users, and its parameters: all are met that `canonical` makes the same of as of this one, and few others.

    Names that are not plain ASCII are all met: SQLite knows neither their case nor what only looks different.
    """
    name = canonical(user)
    odd = f"{column} GLOB '*[^a-zA-Z0-9._+''\\@-]*' OR {column} GLOB '*.'"
    return (f"({column} = ? COLLATE NOCASE OR {odd})", [name]) if name.isascii() else (f"({odd})", [])
