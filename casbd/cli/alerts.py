"""`casbd alerts`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, get_args

import click

from casbd.cli._alert_status import chosen, close, reopen
from casbd.cli._common import SHORT, Time, check_span, json_option, moment, open_store, table, write_lines
from casbd.cli._known import require_policy, require_value
from casbd.cli._screen import real, screen
from casbd.model.alert import SEVERITIES, SYSTEM, Alert
from casbd.policies.policy import Category
from casbd.store.state import alerts as stored
from casbd.wire import json_lines

STYLES = {"high": "bold red", "medium": "yellow", "low": "cyan", "informational": "dim"}
COLUMNS = ("first activity", "severity", "policy", "user", "app", "from", "country", "activities", "status", "alert")
LESS = ("country", "app", "status", "activities", "from")


@click.group("alerts")
def command() -> None:
    """List and show alerts, and say what they turned out to be."""


command.add_command(close)
command.add_command(reopen)


@command.command("list")
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
        if app is not None and next(stored.find(store.connection, app=app), None) is None:
            require_value(configuration, store, "--app", "app", app)
        found = _within(stored.find(store.connection, policy_id=policy, **equal), since, until)
        found = (shown.alert(alert) for alert in found if alert.suppressed or not held_back)
        if as_json:
            write_lines(map(json_lines.alert, found))
        else:
            table("", COLUMNS, map(row, found), style, less=LESS)


@command.command("show")
@click.argument("alert_id")
@json_option
@click.pass_obj
def show(configuration: Path, alert_id: str, as_json: bool) -> None:
    """Show one alert and its activities' ids. The beginning of an alert's id is enough."""
    with open_store(configuration) as store:
        (found,) = map(screen(configuration).alert, chosen(store.connection, [alert_id]))
    if as_json:
        write_lines([json_lines.alert(found)])
        return
    rows = [(name, getattr(found, name)) for name in found.__struct_fields__]
    rows = [(name, moment(value) if name in json_lines.ALERT_TIMES else value) for name, value in rows]
    table("", ("field", "value"), [entry for entry in rows if entry[1] not in (None, "", (), False)])


def row(alert: Alert) -> Sequence[Any]:
    """The cells of one alert."""
    return (
        moment(alert.first_activity),
        alert.severity,
        alert.policy_name,
        alert.user,
        alert.app,
        alert.ip_address,
        alert.country,
        alert.activity_count,
        "merged" if alert.merged_into else "held back" if alert.suppressed and alert.status == "open" else alert.status,
        alert.alert_id[:SHORT],
    )


def style(cells: Sequence[Any]) -> str:
    """The colour of a row."""
    return STYLES[cells[1]]


def _within(alerts: Iterator[Alert], since: int | None, until: int | None) -> Iterator[Alert]:
    for alert in alerts:
        if (since is None or alert.last_activity >= since) and (until is None or alert.first_activity <= until):
            yield alert
