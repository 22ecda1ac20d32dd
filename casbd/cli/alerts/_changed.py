"""Saying what alerts turned out to be, for `close` and `reopen`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from msgspec.structs import replace

from casbd.cli._changes import store_to_change
from casbd.cli._common import cell, write_lines
from casbd.cli._screen import screen
from casbd.cli.alerts._chosen import chosen
from casbd.clock import now
from casbd.model.alert import Alert
from casbd.store.state import audit, raised_alerts
from casbd.wire import json_lines


def change(configuration: Path, action: str, ids: Sequence[str], changes: dict[str, Any], *, as_json: bool) -> None:
    """Read, change and store in one transaction, so that nothing the daemon adds to an alert meanwhile is lost."""
    changed, shown = [], screen(configuration)
    with store_to_change(configuration) as store, store.transaction() as connection:
        for before in chosen(connection, ids):
            alert = replace(before, **changes)
            changed.append(alert)
            if alert != before:
                raised_alerts.save(connection, alert)
                audit.add(connection, now(), action, alert.alert_id, {**_verdict(alert), "before": _verdict(before)})
    if as_json:
        write_lines(map(json_lines.alert, map(shown.alert, changed)))
        return
    for alert in changed:
        verdict = f" as {alert.resolution}" if alert.resolution else ""
        click.echo(f"{alert.alert_id}: {cell(alert.policy_name)} is {alert.status}{verdict}", err=True)


def _verdict(alert: Alert) -> dict[str, Any]:
    return {"status": alert.status, "resolution": alert.resolution, "comment": alert.comment}
