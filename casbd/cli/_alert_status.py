"""`casbd alerts close` and `casbd alerts reopen`."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from msgspec.structs import replace

from casbd.cli import EXIT_NO
from casbd.cli._changes import OneLine, store_to_change
from casbd.cli._common import cell, json_option, write_lines
from casbd.cli._screen import screen
from casbd.clock import now
from casbd.model.alert import RESOLUTIONS, Alert, Resolution
from casbd.store.state import alerts as stored
from casbd.store.state import audit
from casbd.wire import json_lines


def chosen(connection: sqlite3.Connection, ids: Sequence[str]) -> list[Alert]:
    """The alerts with these ids or beginnings of ids, each once; the end of the program where one is none's, or several alerts'."""
    found: dict[str, Alert] = {}
    wrong = []
    for alert_id in ids:
        candidates = stored.beginning_with(connection, cell(alert_id))
        if len(candidates) == 1:
            found[candidates[0].alert_id] = candidates[0]
        else:
            how_many = f"are {len(candidates)} alerts that begin with" if candidates else "is no alert"
            wrong.append(f"casbd: there {how_many} {cell(alert_id)}")
    if wrong:
        click.echo("\n".join(wrong), err=True)
        sys.exit(EXIT_NO)
    return [*found.values()]


@click.command("close")
@click.argument("alert_ids", metavar="ID...", nargs=-1, required=True)
@click.option("--as", "resolution", type=click.Choice(RESOLUTIONS), required=True, help="What it turned out to be.")
@click.option("--comment", type=OneLine(), help="Why; left out, a comment that is there stays.")
@json_option
@click.pass_obj
def close(configuration: Path, /, alert_ids: tuple[str, ...], resolution: Resolution, comment: str | None, as_json: bool) -> None:
    """Close alerts, all or none. The beginning of an id is enough.

    One that is closed already gets the new resolution and comment. One that still grows, with repeated activity, stays closed.
    """
    changes = {"status": "closed", "resolution": resolution} | ({} if comment is None else {"comment": comment or None})
    _change(configuration, "alerts close", alert_ids, changes, as_json=as_json)


@click.command("reopen")
@click.argument("alert_ids", metavar="ID...", nargs=-1, required=True)
@json_option
@click.pass_obj
def reopen(configuration: Path, /, alert_ids: tuple[str, ...], as_json: bool) -> None:
    """Open closed alerts again, all or none. Their resolution goes, their comment stays."""
    _change(configuration, "alerts reopen", alert_ids, {"status": "open", "resolution": None}, as_json=as_json)


def _change(configuration: Path, action: str, ids: Sequence[str], changes: dict[str, Any], *, as_json: bool) -> None:
    """Read, change and store in one transaction, so that nothing the daemon adds to an alert meanwhile is lost."""
    changed, shown = [], screen(configuration)
    with store_to_change(configuration) as store, store.transaction() as connection:
        for before in chosen(connection, ids):
            alert = replace(before, **changes)
            changed.append(alert)
            if alert != before:
                stored.save(connection, alert)
                audit.add(connection, now(), action, alert.alert_id, {**_verdict(alert), "before": _verdict(before)})
    if as_json:
        write_lines(map(json_lines.alert, map(shown.alert, changed)))
        return
    for alert in changed:
        verdict = f" as {alert.resolution}" if alert.resolution else ""
        click.echo(f"{alert.alert_id}: {cell(alert.policy_name)} is {alert.status}{verdict}", err=True)


def _verdict(alert: Alert) -> dict[str, Any]:
    return {"status": alert.status, "resolution": alert.resolution, "comment": alert.comment}
