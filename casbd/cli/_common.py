"""What several commands share: the store of the configuration, JSON lines, tables."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from casbd import config
from casbd.clock import iso
from casbd.store.database import Store
from casbd.wire.plain_text import single_line as plain

F = TypeVar("F", bound=Callable[..., Any])


def json_option(function: F) -> F:
    """`--json`: one object a line, under the names of the interface."""
    return click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")(function)


def open_store(configuration: Path) -> Store:
    """The configured state directory, to read; while the daemon runs or not."""
    return Store(config.load(configuration).state_dir, readonly=True)


def write_lines(lines: Iterable[bytes]) -> None:
    """Bytes, a line each, to standard output."""
    for line in lines:
        sys.stdout.buffer.write(line + b"\n")
    sys.stdout.buffer.flush()


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], styles: Callable[[Sequence[Any]], str] | None = None) -> None:
    """A readable table; text from records cannot command the terminal."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(width=None if sys.stdout.isatty() else 160)
    found = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    for column in columns:
        found.add_column(column, overflow="fold")
    for row in rows:
        found.add_row(*(Text(cell(value)) for value in row), style=styles(row) if styles else None)
    console.print(found)


def cell(value: Any) -> str:
    """One value as plain text: nothing for unknown, lists with commas."""
    if value is None:
        return ""
    if isinstance(value, tuple | list):
        return plain(", ".join(map(str, value)))
    return plain(str(value))


def moment(milliseconds: int | None) -> str:
    """A time for people: UTC, to the second."""
    return iso(milliseconds)[:19].replace("T", " ") if milliseconds else ""


class Time(click.ParamType[int]):
    """`2026-01-31`, `2026-01-31T12:00:00Z` (UTC where no zone is given) as milliseconds."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Milliseconds since 1970."""
        if isinstance(value, int):
            return value
        try:
            found = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is no time; write 2026-01-31 or 2026-01-31T12:00:00Z", param, ctx)
        if found.tzinfo is None:
            found = found.replace(tzinfo=UTC)
        return int(found.timestamp() * 1000)
