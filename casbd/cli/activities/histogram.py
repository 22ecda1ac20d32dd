"""`casbd activities histogram`."""

from __future__ import annotations

from pathlib import Path

import click

from casbd.activity_log.histogram import BY, STEPS, histogram
from casbd.cli import _bars
from casbd.cli._common import AT_MOST, cell, json_option, open_store, write_lines
from casbd.cli._retag import log_of, retag_option
from casbd.cli._screen import screen
from casbd.cli._search_options import SearchOptions, span_options
from casbd.wire import json_lines

MOST = 20
"""Values of a field that a histogram shows unless --limit says otherwise."""


@click.command("histogram")
@span_options
@click.option("--by", default="day", show_default=True, metavar="day|hour|FIELD", help="Time (UTC), or the values of a field.")
@click.option(
    "--limit",
    type=AT_MOST,
    show_default=f"{MOST} of a field, else all",
    help="At most so many: the most frequent values, the latest days or hours; 0 is all.",
)
@retag_option
@json_option
@click.pass_obj
def count(configuration: Path, options: SearchOptions, by: str, limit: int | None, retag: bool, as_json: bool) -> None:
    """Count activities by time or by the values of a field: `casbd activities histogram --by country --from -30d`."""
    if by not in BY:
        raise click.BadParameter(f"no such unit or field: {cell(by)}; allowed: {', '.join(BY)}", param_hint="--by")
    screened = screen(configuration)
    with open_store(configuration) as store:
        counted = histogram(log_of(configuration, store, retag=retag), options.wanted, by, options.since, options.until)
    shown_values = [(screened.value(by, value), number) for value, number in counted]
    most = (0 if by in STEPS else MOST) if limit is None else limit
    shown = shown_values[-most:] if by in STEPS else shown_values[:most] if most else shown_values
    if as_json:
        write_lines(json_lines.line({"value": value, "activities": number}) for value, number in shown)
    else:
        _bars.draw((by, "activities"), shown)
    if len(shown) < len(shown_values):
        click.echo(f"casbd: {len(shown)} of {len(shown_values)} (--limit 0 is all)", err=True)
