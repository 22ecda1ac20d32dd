"""`casbd incidents list`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import click

from casbd.cli._common import AT_MOST, Time, check_span, json_option, open_store, table, write_lines
from casbd.cli._screen import real, screen
from casbd.cli.incidents._shown import COLUMNS, LESS, row, style, without_names
from casbd.model.alert import SEVERITIES
from casbd.store.state import incidents
from casbd.store.state.incidents import SORTS, IncidentFilters, Sort
from casbd.wire import json_lines

FIRST = 100
"""So many are shown where no `--limit` is given."""


@click.command("list")
@click.option("--status", type=click.Choice(["open", "closed", "all"]), default="open", show_default=True)
@click.option("--severity", type=click.Choice(SEVERITIES))
@click.option("--user", help="Whose alerts are in it.")
@click.option("--ip", "ip_address", help="An address that alerts in it are from.")
@click.option("--from", "since", type=Time(), help="Whose last activity is not before this time.")
@click.option("--to", "until", type=Time(end=True), help="Whose first activity is not after this time; a day alone is included.")
@click.option("--sort", type=click.Choice(SORTS), default=SORTS[0], show_default=True, help="Those with most of it first.")
@click.option("--limit", type=AT_MOST, help=f"At most so many, 0: all. Left out: {FIRST}, with --json all.")
@json_option
@click.pass_obj
def list_incidents(
    configuration: Path, /, status: Literal["open", "closed", "all"], sort: Sort, limit: int | None, as_json: bool, **asked: Any
) -> None:
    """List incidents, the latest first: open ones, unless `--status` says otherwise."""
    check_span(asked["since"], asked["until"])
    shown = screen(configuration)
    most = limit if limit is not None else 0 if as_json else FIRST
    with open_store(configuration) as store:
        asked |= {name: asked[name] and real(store, shown, asked[name]) for name in ("user", "ip_address")}
        filters = IncidentFilters(**asked, status=None if status == "all" else status)
        found = (without_names(one, shown) for one in incidents.find(store.connection, filters, sort, most))
        if as_json:
            write_lines(map(json_lines.incident, found))
            return
        table("", COLUMNS, map(row, found), style, less=LESS)
        number = incidents.number(store.connection, filters) if most else 0
    if most < number:
        click.echo(f"casbd: the first {most} of {number} (--limit 0 is all)", err=True)
