"""`casbd activities`."""

from __future__ import annotations

import sys
from itertools import count
from pathlib import Path

import click

from casbd import activity_log
from casbd.activity_log import ActivityLog
from casbd.cli import EXIT_NO
from casbd.cli._common import Time, cell, drawer, json_option, moment, open_store, table, write_lines
from casbd.clock import now
from casbd.model.activity import FIELDS, Activity
from casbd.wire import json_lines

COLUMNS = ("timestamp", "user", "activity_type", "action_type", "app", "object_name", "ip_address", "country", "result")
LESS = ("result", "country", "app", "action_type", "object_name")


@click.group("activities")
def command() -> None:
    """Search the activity log."""


@command.command("search")
@click.option("--filter", "filters", multiple=True, metavar='"FIELD OP VALUE[,VALUE]"', help="Operators as in rules; all must hold.")
@click.option("--from", "since", type=Time(), help="Not before this time, as 2026-01-31 or 2026-01-31T12:00:00Z.")
@click.option("--to", "until", type=Time(), help="Not after this time.")
@click.option("--sort", metavar="FIELD", default="-timestamp", show_default=True, help="A field; with a minus, largest first.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(min=0), help="At most so many; 0 is all.")
@json_option
@click.pass_obj
def search(
    configuration: Path, filters: tuple[str, ...], since: int | None, until: int | None, sort: str, limit: int, as_json: bool
) -> None:
    """Search activities: `casbd activities search --filter "user eq a@contoso.com" --filter "country neq NO,SE"`."""
    if sort.removeprefix("-") not in FIELDS:
        raise click.BadParameter(f"no such field: {sort}; fields: {', '.join(FIELDS)}", param_hint="--sort")
    try:
        wanted = activity_log.Wanted(filters, now)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--filter") from None
    with open_store(configuration) as store:
        counted = count()
        everything = activity_log.search(ActivityLog(store), wanted, since=since, until=until, sort=sort, limit=limit)
        found = (activity for activity, _ in zip(everything, counted, strict=False))
        if as_json:
            write_lines(map(json_lines.activity, found))
        else:
            table("", COLUMNS, map(_row, found), less=LESS)
    if limit and next(counted) == limit:
        click.echo(f"casbd: the first {limit}; there may be more (--limit 0 is all)", err=True)


@command.command("show")
@click.argument("activity_id")
@json_option
@click.pass_obj
def show(configuration: Path, activity_id: str, as_json: bool) -> None:
    """Show everything about one activity, the exported record included."""
    with open_store(configuration) as store:
        found = ActivityLog(store).get(activity_id)
    if found is None:
        click.echo(f"casbd: there is no activity {cell(activity_id)}", err=True)
        sys.exit(EXIT_NO)
    if as_json:
        write_lines([json_lines.activity(found)])
        return
    table("", ("field", "value"), drawer(found, ("raw",)))
    click.echo(activity_log.pretty_raw(found))


def _row(activity: Activity) -> list[object]:
    return [moment(activity.timestamp), *(getattr(activity, name) for name in COLUMNS[1:])]
