"""How a saved search is shown, and that there is none of a name."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, NoReturn

import click
import msgspec

from casbd.activity_log.queries import Query
from casbd.cli import EXIT_NO
from casbd.cli._common import cell


def about(name: str, kind: str, query: Query) -> dict[str, Any]:
    """A search, saved or suggested (`kind`), for programs."""
    return {"name": name, "kind": kind, **_written(query)}


def _written(query: Query) -> Mapping[str, Any]:
    """All options by their names; null for those that are not given."""
    options = msgspec.to_builtins(query)
    return {"filters": [], **dict.fromkeys(("text", "from", "to", "sort", "limit")), **options}


def options_of(query: Query) -> list[str]:
    """The options as a person writes them in a shell."""
    import shlex

    options = [
        *(("filter", text) for text in query.filters),
        *((name, value) for name, value in _written(query).items() if name != "filters"),
    ]
    return [f"--{name} {shlex.quote(str(value))}" for name, value in options if value is not None]


def there_is_none(name: str) -> NoReturn:
    """The end of the program: there is no search of this name."""
    click.echo(f"casbd: there is no query {cell(name)}; `casbd queries list` shows them", err=True)
    sys.exit(EXIT_NO)
