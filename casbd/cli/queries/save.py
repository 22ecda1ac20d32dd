"""`casbd queries save`."""

from __future__ import annotations

from pathlib import Path

import click

from casbd.activity_log import queries
from casbd.activity_log.queries import Query
from casbd.cli._changes import store_to_change
from casbd.cli._common import cell
from casbd.cli._search_options import SearchOptions, search_options


@click.command("save")
@click.argument("name")
@search_options
@click.pass_obj
def save(configuration: Path, name: str, options: SearchOptions) -> None:
    """Save a search, in the place of the one with this name: `casbd queries save "Last week" --filter "country neq NO" --from -7d`.

    Times stay as they are written: -7d counts from the day it is used. Of --query the filters are saved, not the name.
    """
    if options.query == Query():
        raise click.UsageError("there is nothing to save: give --filter, --text, --from ...")
    with store_to_change(configuration) as store, store.transaction() as connection:
        try:
            replaced = queries.save(connection, name, options.query)
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="NAME") from None
    click.echo(f"casbd: {'replaced' if replaced else 'saved'} {cell(name)}", err=True)
