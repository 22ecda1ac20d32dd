"""`casbd alerts list`."""

from __future__ import annotations

from pathlib import Path

import click

from casbd.cli._common import AT_MOST, cell, json_option, open_store, table, write_lines
from casbd.cli._screen import screen
from casbd.cli.alerts._filters import checked, filter_options
from casbd.cli.alerts._table import COLUMNS, LESS, row, style
from casbd.store.state import alert_queue
from casbd.store.state.alert_filters import AlertFilters
from casbd.wire import json_lines

LIMIT = 100


@click.command("list")
@filter_options("open")
@click.option("--sort", metavar="FIELD", default=alert_queue.NEWEST_FIRST, help="By this field; -FIELD: the largest first.")
@click.option("--limit", type=AT_MOST, help=f"At most so many; 0 is all. Left out: {LIMIT}, with --json all.")
@json_option
@click.pass_obj
def list_alerts(configuration: Path, /, filters: AlertFilters, sort: str, limit: int | None, as_json: bool) -> None:
    """List alerts, those that are open, the newest first.

    `open` are all that are not closed, `unread` and `read` are of them; alerts that became a part of an earlier one are of `all` alone.
    """
    if sort.removeprefix("-") not in alert_queue.SORTS:
        raise click.BadParameter(f"no such field: {cell(sort)}; fields: {', '.join(alert_queue.SORTS)}", param_hint="--sort")
    shown = screen(configuration)
    most = (0 if as_json else LIMIT) if limit is None else limit
    with open_store(configuration) as store:
        filters = checked(filters, configuration, store, shown)
        alerts = map(shown.alert, alert_queue.listed(store.connection, filters, sort, most))
        if as_json:
            write_lines(map(json_lines.alert, alerts))
        else:
            table("", COLUMNS, map(row, alerts), style, less=LESS)
        number = alert_queue.count(store.connection, filters) if most else 0
    if number > most:
        click.echo(f"casbd: these are {most:,} of {number:,}; --limit 0 shows all", err=True)
