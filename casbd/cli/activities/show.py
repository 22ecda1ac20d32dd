"""`casbd activities show`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from casbd.activity_log import ActivityLog
from casbd.activity_log.retagged import of_today
from casbd.activity_log.unusual import new_for_user
from casbd.cli import EXIT_NO
from casbd.cli._common import AT_MOST, cell, open_store, write_lines
from casbd.cli._retag import log_of, retag_option
from casbd.cli._screen import screen
from casbd.cli._search_options import LIMIT
from casbd.cli.activities import _drawer, _listing
from casbd.cli.activities._listing import Listing, listing_options
from casbd.store.state import raised_alerts
from casbd.wire import json_lines


@click.command("show")
@click.argument("activity_id")
@click.option("--same", type=click.Choice([*_drawer.SAME]), help="List those of the same kind; 48h: of the same user, a day around.")
@click.option("--limit", type=AT_MOST, show_default=str(LIMIT), help="With --same at most so many; 0 is all.")
@listing_options
@retag_option
@click.pass_obj
def show(configuration: Path, activity_id: str, same: str | None, limit: int | None, listing: Listing, retag: bool) -> None:
    """Show everything about one activity: the alerts it is part of, what was new for its user, the record; or others like it.

    priority: what these alerts are worth of the user's investigation priority; `--filter "priority gt 5"` searches by it.
    """
    if same is None and (retag or limit is not None or listing != Listing(None, False, listing.as_json, None)):
        raise click.UsageError("--limit, --columns, --csv, --after and --retag go with --same")
    shown = screen(configuration)
    with open_store(configuration) as store:
        log = ActivityLog(store)
        activity = log.get(activity_id)
        if activity is None:
            click.echo(f"casbd: there is no activity {cell(activity_id)}", err=True)
            sys.exit(EXIT_NO)
        if same is not None:
            others = _drawer.same(activity, same, LIMIT if limit is None else limit)
            others = others._replace(wanted=of_today(others.wanted)) if retag else others
            _listing.write(log_of(configuration, store, retag=retag), others, listing, shown)
            return
        raised = [*map(shown.alert, raised_alerts.with_activity(store.connection, activity.activity_id, activity.timestamp))]
        unusual = new_for_user(log, activity)
        priority = log.priorities(activity.timestamp, activity.timestamp).get(activity.activity_id)
    unusual = unusual and {name: str(shown.value(name, value)) for name, value in unusual.items()}
    activity = shown.activity(activity)
    if not listing.as_json:
        _drawer.show(activity, raised, unusual, priority)
        return
    more = {"alerts": [json_lines.alert_fields(alert) for alert in raised], "unusual": unusual, "priority": priority}
    write_lines([json_lines.line(json_lines.activity_fields(activity) | more)])
