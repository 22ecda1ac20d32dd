"""`casbd activities`."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click

from casbd.activity_log import ActivityLog
from casbd.activity_log.histogram import BY, STEPS, histogram
from casbd.activity_log.retagged import of_today
from casbd.activity_log.tail import tail
from casbd.activity_log.unusual import new_for_user
from casbd.cli import EXIT_NO, _activity_drawer, _activity_list, _bars
from casbd.cli._activity_list import Listing, listing_options
from casbd.cli._common import AT_MOST, cell, json_option, open_store, terminal, write_lines
from casbd.cli._export import export
from casbd.cli._retag import log_of, retag_option
from casbd.cli._screen import screen
from casbd.cli._search_options import LIMIT, Asked, filter_options, search_options, span_options
from casbd.store.state import alerts
from casbd.wire import json_lines

MOST = 20
"""Values of a field that a histogram shows unless told otherwise."""
AGAIN = 0.5
"""Seconds until `tail` looks for new activities again."""


@click.group("activities")
def command() -> None:
    """Search the activity log."""


command.add_command(export)


@command.command("search")
@search_options
@listing_options
@retag_option
@click.pass_obj
def search_activities(configuration: Path, asked: Asked, listing: Listing, retag: bool) -> None:
    """Search activities: `casbd activities search --filter "user eq a@contoso.com" --filter "country neq NO,SE" --from -7d`.

    In a table, `!` marks those that meet a policy's filters.
    """
    shown = screen(configuration)
    with open_store(configuration) as store:
        log = log_of(configuration, store, retag=retag)
        asked = asked._replace(wanted=of_today(asked.wanted)) if retag else asked
        _activity_list.write(log, asked, listing, shown)


@command.command("histogram")
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
def count(configuration: Path, asked: Asked, by: str, limit: int | None, retag: bool, as_json: bool) -> None:
    """Count activities by time or by the values of a field: `casbd activities histogram --by country --from -30d`."""
    if by not in BY:
        raise click.BadParameter(f"no such unit or field: {cell(by)}; allowed: {', '.join(BY)}", param_hint="--by")
    screened = screen(configuration)
    with open_store(configuration) as store:
        counted = histogram(log_of(configuration, store, retag=retag), asked.wanted, by, asked.since, asked.until)
    found = [(screened.value(by, value), number) for value, number in counted]
    most = (0 if by in STEPS else MOST) if limit is None else limit
    shown = found[-most:] if by in STEPS else found[:most] if most else found
    if as_json:
        write_lines(json_lines.line({"value": value, "activities": number}) for value, number in shown)
    else:
        _bars.draw((by, "activities"), shown)
    if len(shown) < len(found):
        click.echo(f"casbd: {len(shown)} of {len(found)} (--limit 0 is all)", err=True)


@command.command("tail")
@filter_options
@json_option
@click.pass_obj
def follow(configuration: Path, asked: Asked, as_json: bool) -> None:
    """Print activities as they are stored from now on, until Ctrl-C: `casbd activities tail --query "Failed log ons"`."""
    console, shown = terminal(), screen(configuration)
    with open_store(configuration) as store:
        try:
            for activity in map(shown.activity, tail(store, asked.wanted, lambda: time.sleep(AGAIN))):
                if as_json:
                    write_lines([json_lines.activity(activity)])
                else:
                    _activity_list.write_line(console, activity)
        except KeyboardInterrupt:
            return


@command.command("show")
@click.argument("activity_id")
@click.option(
    "--same", type=click.Choice([*_activity_drawer.SAME]), help="List those of the same kind; 48h: of the same user, a day around."
)
@click.option("--limit", type=AT_MOST, show_default=str(LIMIT), help="With --same at most so many; 0 is all.")
@listing_options
@retag_option
@click.pass_obj
def show(configuration: Path, activity_id: str, same: str | None, limit: int | None, listing: Listing, retag: bool) -> None:
    """Show everything about one activity: the alerts it is part of, what was new for its user, the record; or others like it."""
    if same is None and (retag or limit is not None or listing != Listing(None, False, listing.as_json, None)):
        raise click.UsageError("--limit, --columns, --csv, --after and --retag go with --same")
    shown = screen(configuration)
    with open_store(configuration) as store:
        log = ActivityLog(store)
        found = log.get(activity_id)
        if found is None:
            click.echo(f"casbd: there is no activity {cell(activity_id)}", err=True)
            sys.exit(EXIT_NO)
        if same is not None:
            others = _activity_drawer.same(found, same, LIMIT if limit is None else limit)
            others = others._replace(wanted=of_today(others.wanted)) if retag else others
            _activity_list.write(log_of(configuration, store, retag=retag), others, listing, shown)
            return
        raised = [*map(shown.alert, alerts.with_activity(store.connection, found.activity_id, found.timestamp))]
        unusual = new_for_user(log, found)
    unusual = unusual and {name: str(shown.value(name, value)) for name, value in unusual.items()}
    found = shown.activity(found)
    if not listing.as_json:
        _activity_drawer.show(found, raised, unusual)
        return
    more = {"alerts": [json_lines.alert_fields(alert) for alert in raised], "unusual": unusual}
    write_lines([json_lines.line(json_lines.activity_fields(found) | more)])
