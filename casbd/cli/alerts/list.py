"""`casbd alerts list`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import click

from casbd.cli._common import Time, check_span, json_option, open_store, table, write_lines
from casbd.cli._known import require_policy, require_value
from casbd.cli._screen import real, screen
from casbd.cli.alerts._table import COLUMNS, LESS, row, style
from casbd.model.alert import SEVERITIES, SYSTEM, Alert, Category
from casbd.store.state import raised_alerts
from casbd.wire import json_lines


@click.command("list")
@click.option("--status", type=click.Choice(["open", "closed"]))
@click.option("--severity", type=click.Choice(SEVERITIES))
@click.option("--category", type=click.Choice([*get_args(Category), SYSTEM], case_sensitive=False))
@click.option("--app")
@click.option("--user")
@click.option("--policy", help="A policy's id.")
@click.option("--held-back", is_flag=True, help="Only those that were stored without being sent (daily_limit, suppress).")
@click.option("--from", "since", type=Time(), help="Whose last activity is not before this time.")
@click.option("--to", "until", type=Time(end=True), help="Whose first activity is not after this time; a day alone is included.")
@json_option
@click.pass_obj
def list_alerts(
    configuration: Path, /, since: int | None, until: int | None, as_json: bool, policy: str | None, held_back: bool, **equal: str | None
) -> None:
    """List alerts, oldest first."""
    check_span(since, until)
    shown = screen(configuration)
    with open_store(configuration) as store:
        if policy is not None:
            require_policy(configuration, store, policy)
        equal = {name: value and real(store, shown, value) for name, value in equal.items()}
        app = equal["app"]
        if app is not None and next(raised_alerts.find(store.connection, app=app), None) is None:
            require_value(configuration, store, "--app", "app", app)
        alerts = _within(raised_alerts.find(store.connection, policy_id=policy, **equal), since, until)
        alerts = (shown.alert(alert) for alert in alerts if alert.suppressed or not held_back)
        if as_json:
            write_lines(map(json_lines.alert, alerts))
        else:
            table("", COLUMNS, map(row, alerts), style, less=LESS)


def _within(alerts: Iterator[Alert], since: int | None, until: int | None) -> Iterator[Alert]:
    for alert in alerts:
        if (since is None or alert.last_activity >= since) and (until is None or alert.first_activity <= until):
            yield alert
