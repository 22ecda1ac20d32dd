"""`casbd privacy export`."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from casbd.activity_log.people import Place
from casbd.cli import EXIT_NO
from casbd.cli._changes import store_to_change
from casbd.cli._common import cell
from casbd.cli._namesakes import namesake_options
from casbd.cli.privacy._person import one_person, place_fields
from casbd.clock import now
from casbd.personal_data import privacy
from casbd.store.database import Store
from casbd.store.state import audit


@click.command("export")
@click.argument("user")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@namesake_options
@click.pass_obj
def export(configuration: Path, user: str, file: Path, place: Place) -> None:
    """Write all that is known about USER into FILE, a ZIP archive of NDJSON files with an index.json.

    Exit code 1 if nothing is known. The audit trail notes it.
    """
    with store_to_change(configuration) as store, one_person(user):  # who may not write the audit trail gets no archive
        counts = privacy.export(store, user, file, now, place)
        if counts:
            _note_export(store, user, file, {"records": counts} | place_fields(place))
    if not counts:
        file.unlink()
        click.echo(f"casbd: nothing is known about {cell(user)}", err=True)
        sys.exit(EXIT_NO)
    for table, number in counts.items():
        click.echo(f"{number} of {table}", err=True)


def _note_export(store: Store, user: str, file: Path, detail: Mapping[str, Any]) -> None:
    try:
        with store.transaction() as connection:
            audit.add(connection, now(), "privacy export", user, detail)
    except sqlite3.Error:
        file.unlink()
        raise
