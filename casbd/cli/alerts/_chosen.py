"""The alerts that arguments name."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Sequence

import click

from casbd.cli import EXIT_NO
from casbd.cli._common import cell
from casbd.model.alert import Alert
from casbd.store.state import raised_alerts


def chosen(connection: sqlite3.Connection, ids: Sequence[str]) -> list[Alert]:
    """The alerts with these ids or beginnings of ids, each once; the end of the program where one is none's, or several alerts'."""
    alerts: dict[str, Alert] = {}
    wrong = []
    for alert_id in ids:
        candidates = raised_alerts.beginning_with(connection, cell(alert_id))
        if len(candidates) == 1:
            alerts[candidates[0].alert_id] = candidates[0]
        else:
            how_many = f"are {len(candidates)} alerts that begin with" if candidates else "is no alert"
            wrong.append(f"casbd: there {how_many} {cell(alert_id)}")
    if wrong:
        click.echo("\n".join(wrong), err=True)
        sys.exit(EXIT_NO)
    return [*alerts.values()]
