"""Alerts that are named, or that match, and what a person does with them: for `read`, `assign`, `close` and `reopen`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from casbd.alerting import wishes
from casbd.alerting.handling import Handling, handle
from casbd.alerting.telling import Outputs
from casbd.cli._changes import store_to_change
from casbd.cli._common import cell, json_option, write_lines
from casbd.cli._screen import screen
from casbd.cli.alerts._chosen import chosen
from casbd.cli.alerts._filters import checked, filter_options
from casbd.clock import now
from casbd.model.alert import Alert
from casbd.store.database import Store
from casbd.store.state import alert_queue, raised_alerts
from casbd.store.state.alert_filters import AlertFilters
from casbd.wire import json_lines

F = TypeVar("F", bound=Callable[..., Any])
_FEW = 20
"""So many alerts get a line each; more are counted."""


def handled_options(state: str) -> Callable[[F], F]:
    """`ID...`, or `--all-matching` with the filters of `list`; `--yes` and `--json`."""

    def decorated(function: F) -> F:
        function = filter_options(state)(json_option(function))
        function = click.option("--yes", is_flag=True, help="With --all-matching: do not ask.")(function)
        return click.option("--all-matching", is_flag=True, help="All that the filters ask for, in one transaction.")(function)

    return decorated


def handled(
    configuration: Path,
    ids: Sequence[str],
    handling: Handling,
    what: str,
    *,
    filters: AlertFilters,
    all_matching: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Do it to all of them or to none, and say so. what: it is done to them, as in `close as benign`."""
    if all_matching == bool(ids):
        raise click.UsageError("either ids of alerts (`casbd alerts list`), or --all-matching")
    if not all_matching and filters != AlertFilters(state=filters.state):
        raise click.UsageError("filters go with --all-matching")
    shown, outputs = screen(configuration), outputs_of(configuration)
    with store_to_change(configuration) as store:
        # what matches is found before it is asked about: nothing that comes meanwhile is closed unseen
        some = _matching(store, checked(filters, configuration, store, shown), what, yes=yes) if all_matching else None
        with store.transaction() as connection:
            alert_ids = [alert.alert_id for alert in chosen(connection, ids)] if some is None else some
            changed = handle(connection, alert_ids, handling, outputs, now())
        alerts = raised_alerts.some(store.connection, alert_ids)
        if as_json:
            write_lines(map(json_lines.alert, map(shown.alert, alerts)))
        elif len(alert_ids) <= _FEW:
            for alert in alerts:
                click.echo(_line(alert), err=True)
        else:
            click.echo(f"{len(changed):,} alerts are {_past(what)}", err=True)


def _matching(store: Store, filters: AlertFilters, what: str, *, yes: bool) -> list[str]:
    found = alert_queue.ids(store.connection, filters)
    if not found:
        click.echo("casbd: no alert matches", err=True)
    elif not yes:
        click.confirm(f"{what.capitalize()} {len(found):,} alert{'s' * (len(found) > 1)}?", abort=True, err=True)
    return found


def outputs_of(configuration: Path) -> Outputs:
    """Those that hear of it; where the configuration has mistakes, as many as can be read."""
    from casbd.config import reading

    settings, mistakes = reading.read(configuration)
    if mistakes:
        click.echo("casbd: the configuration has mistakes (casbd check), so perhaps not all outputs hear of this", err=True)
    return wishes.of(settings)


def _line(alert: Alert) -> str:
    verdict = f" as {alert.resolution}" if alert.resolution else ""
    whose = f", assigned to {cell(alert.assigned_to)}" if alert.assigned_to else ""
    read = ", read" if alert.read and alert.status == "open" else ""
    return f"{alert.alert_id}: {cell(alert.policy_name)} is {alert.status}{verdict}{read}{whose}"


def _past(what: str) -> str:
    verb, _, rest = what.partition(" ")
    return f"{verb if verb == 'read' else verb.rstrip('e') + 'ed'} {rest}".strip()
