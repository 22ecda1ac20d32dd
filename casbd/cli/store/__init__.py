"""`casbd store`."""

from __future__ import annotations

import click

from casbd.cli._commands import Commands


@click.command("store", cls=Commands, package=__name__)
def store() -> None:
    """Look after the activity log's files.

    Older activities are Parquet files in `segments/date=2026-01-31/` of the state directory: columns under the fields' names, times
    in milliseconds, `raw` with the exported record. DuckDB, Spark and pandas read them as they are; take them for read-only.
    """
