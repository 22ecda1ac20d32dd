"""The incident that an argument names."""

from __future__ import annotations

import sqlite3
import sys

import click

from casbd.cli import EXIT_NO
from casbd.cli._common import cell
from casbd.model.incident import Incident
from casbd.store.state import incidents


def chosen(connection: sqlite3.Connection, incident_id: str) -> Incident:
    """The incident with this id or beginning of an id; the end of the program where it is none's, or several incidents'."""
    candidates = incidents.beginning_with(connection, cell(incident_id))
    if len(candidates) == 1:
        return candidates[0]
    how_many = f"are {len(candidates)} incidents that begin with" if candidates else "is no incident"
    click.echo(f"casbd: there {how_many} {cell(incident_id)}", err=True)
    sys.exit(EXIT_NO)
