"""Users' names in SQLite: which of them may be one that is written otherwise, so that Python need not look at all others."""

from __future__ import annotations

from casbd.model.identity import canonical


def may_be(column: str, user: str) -> tuple[str, list[str]]:
    """A condition on a column of users, and its parameters. Every row whose name is the same to `canonical` meets it, and few others do.

    Every name that is not plain ASCII meets it: SQLite knows neither their case nor what only looks different.
    """
    name = canonical(user)
    odd = f"{column} GLOB '*[^a-zA-Z0-9._+''\\@-]*' OR {column} GLOB '*.'"
    return (f"({column} = ? COLLATE NOCASE OR {odd})", [name]) if name.isascii() else (f"({odd})", [])
