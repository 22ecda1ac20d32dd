"""`casbd activities export`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from casbd.activity_log.export import at_most, ending, export_activities
from casbd.cli._common import cell, open_store
from casbd.cli._exporting import writing
from casbd.cli._retag import log_of, retag_option
from casbd.cli._screen import screen
from casbd.cli._search_options import SearchOptions, span_options
from casbd.model.activity import FIELDS


def _fields(text: str) -> tuple[str, ...]:
    """The fields that are named; without a name all."""
    names = tuple(name.strip() for name in text.split(",")) if text else tuple(FIELDS)
    if unknown := [name for name in names if name not in FIELDS]:
        raise click.BadParameter(f"no such field: {cell(unknown)}; fields: {', '.join(FIELDS)}", param_hint="--columns")
    if twice := [name for name in FIELDS if names.count(name) > 1]:
        raise click.BadParameter(f"more than once: {', '.join(twice)}", param_hint="--columns")
    return names


@click.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@span_options
@click.option("--columns", metavar="FIELD,FIELD...", default="", help="These fields alone, in this order; left out: all.")
@click.option("--bom", is_flag=True, help="Begin a CSV file with a byte order mark, by which Excel knows that it is UTF-8.")
@click.option("--force", is_flag=True, help="Write over FILE if it is there.")
@retag_option
@click.pass_obj
def export(
    configuration: Path,
    file: Path,
    options: SearchOptions,
    columns: str,
    bom: bool,
    force: bool,
    retag: bool,
) -> None:
    """Export activities to FILE: .csv, .csv.gz, .csv.zst, .ndjson, .ndjson.gz, .ndjson.zst or .parquet.

    Any number of them, in the order in which they were stored. In CSV a text that a spreadsheet might take for a formula has an
    apostrophe in front; NDJSON and Parquet hold every text as it is. FILE.part is what is not yet whole.
    """
    fields = _fields(columns)
    try:
        kind = ending(file)
    except ValueError as error:
        raise click.BadParameter(cell(error), param_hint="FILE") from None
    if bom and not kind.startswith(".csv"):
        raise click.BadParameter("only CSV has a byte order mark", param_hint="--bom")
    shown = screen(configuration)
    with open_store(configuration) as store, writing(file):
        total = at_most(store, options.since, options.until) if options.wanted.is_everything else None
        with _progress(total) as progress:
            done = export_activities(
                log_of(configuration, store, retag=retag),
                options.wanted,
                file,
                fields,
                options.since,
                options.until,
                progress,
                shown=shown.activity if shown.fields else None,
                bom=bom,
                force=force,
            )
    click.echo(f"casbd: {done.rows:,} activities, {done.bytes:,} bytes in {cell(file)}", err=True)


@contextmanager
def _progress(total: int | None) -> Iterator[Callable[[int], None]]:
    """Rows, rows a second and, where a total is known, the time left; on a terminal alone."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.text import Text

    class Speed(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(f"{task.finished_speed or task.speed or 0:,.0f}/s")

    shown = (TextColumn("{task.completed:,.0f} activities"), BarColumn(), Speed(), TimeElapsedColumn())
    left = (TextColumn("left"), TimeRemainingColumn()) if total else ()
    with Progress(*shown, *left, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("", total=total)
        yield lambda rows: bar.update(task, completed=rows)
