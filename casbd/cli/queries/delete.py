"""`casbd queries delete`."""

from __future__ import annotations

from pathlib import Path

import click

from casbd.activity_log import queries
from casbd.cli._changes import store_to_change
from casbd.cli.queries._written import there_is_none


@click.command("delete")
@click.argument("name")
@click.pass_obj
def delete(configuration: Path, name: str) -> None:
    """Remove a saved query."""
    if queries.find(name, queries.suggested()):
        raise click.BadParameter("a suggested query stays", param_hint="NAME")
    with store_to_change(configuration) as store, store.transaction() as connection:
        there_was = queries.delete(connection, name)
    if not there_was:
        there_is_none(name)
