"""What several commands share: the store of the configuration, JSON lines, tables."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from casbd.cli import _times
from casbd.clock import now
from casbd.config.place import state_dir
from casbd.model.activity import FIELDS, Activity
from casbd.records.timestamps import iso
from casbd.store.database import Store
from casbd.wire.plain_text import single_line

if TYPE_CHECKING:
    from rich.console import Console

F = TypeVar("F", bound=Callable[..., Any])
AT_MOST = click.IntRange(0, 2**63 - 1)
"""Of `--limit`: as many as SQLite and lists can count."""
SHORT = 12
"""Characters of an id in a table; `alerts show` takes them for the whole."""


def json_option(function: F) -> F:
    """`--json`: one object a line, under the names of the interface."""
    return click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")(function)


def open_store(configuration: Path) -> Store:
    """The configured state directory, to read; while the daemon runs or not, and whatever else is wrong in the configuration."""
    return Store(state_dir(configuration), readonly=True)


def write_lines(lines: Iterable[bytes]) -> None:
    """Bytes, a line each, to standard output."""
    for line in lines:
        sys.stdout.buffer.write(line + b"\n")
    sys.stdout.buffer.flush()


def terminal() -> Console:
    """Standard output with its width and colours; without a terminal plain text, 160 characters wide."""
    from rich.console import Console

    class Terminal(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError  # rich would end the program with exit code 1; that nobody reads on is no failure

    return Terminal(width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else 160)


def table(
    title: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    styles: Callable[[Sequence[Any]], str] | None = None,
    *,
    less: Sequence[str] = (),
    instead: str = "a wider terminal or --json shows",
) -> None:
    """A readable table; text from records cannot command the terminal. less: what a narrow terminal can do without, in this order.

    instead: the hint about such columns, before their names.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from casbd.cli._plain_rows import BETWEEN, plain_rows
    from casbd.cli._table_layout import layout

    cells = [([cell(value) for value in row], styles(row) if styles else None) for row in rows]
    console = terminal()
    shown = layout(columns, [texts for texts, _ in cells], less, console.width)
    grid = Table(title=title or None, title_justify="left", title_style="bold", header_style="bold", box=box.SIMPLE_HEAD)
    grid.show_edge, grid.pad_edge, grid.padding = False, False, (0, 1, 0, 0)
    for index, width in shown.items():
        grid.add_column(columns[index], overflow="fold", width=width)
    chosen = ([texts[index] for index in shown] for texts, _ in cells)
    if console.is_terminal or sum(shown.values()) + len(BETWEEN) * (len(shown) - 1) > console.width:
        for row, (_, style) in zip(chosen, cells, strict=True):
            grid.add_row(*map(Text, row), style=style)
        console.print(grid)
    else:
        console.print(grid)
        console.file.writelines(plain_rows(console, [*shown.values()], chosen))
    if not cells:
        click.echo("(none)", err=True)
    elif left_out := [name for index, name in enumerate(columns) if index not in shown]:
        click.echo(f"casbd: {instead} {', '.join(left_out)} too", err=True)


def cell(value: Any) -> str:
    """One value as plain text: nothing for unknown, lists with commas."""
    if value is None:
        return ""
    if isinstance(value, tuple | list):
        return single_line(", ".join(map(str, value)))
    return single_line(str(value))


def moment(milliseconds: int | None) -> str:
    """A time for people: UTC, to the second."""
    return iso(milliseconds)[:19].replace("T", " ") if milliseconds else ""


def drawer(activity: Activity, without: Sequence[str]) -> list[tuple[str, object]]:
    """The fields of an activity of which something is known, and what a person sees of each."""
    shown = {
        "timestamp": moment(activity.timestamp),
        "objects": [f"{o.type or 'object'} {o.name or o.id} ({o.role})" for o in activity.objects],
    }
    values = ((name, shown.get(name, getattr(activity, name))) for name in FIELDS if name not in without)
    return [(name, value) for name, value in values if value not in (None, "", (), [])]


def check_span(since: int | None, until: int | None) -> None:
    """Wrong use where `--from` lies after `--to`: an empty list would look like an answer."""
    if since is not None and until is not None and since > until:
        raise click.BadParameter("it lies after --to", param_hint="--from")


class Time(click.ParamType[int]):
    """`2026-01-31`, `2026-01-31T12:00 Europe/Oslo`, `-7d` ... (UTC where no zone is given) as milliseconds.

    end: a day alone means the end of it, so that a span includes its last day.
    """

    name = "time"

    def __init__(self, *, end: bool = False) -> None:
        self._end = end

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Milliseconds since 1970."""
        if isinstance(value, int):
            return value
        try:
            return _times.milliseconds(str(value), now(), end=self._end)
        except ValueError as error:
            self.fail(str(error), param, ctx)
