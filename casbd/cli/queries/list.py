"""`casbd queries list`."""

from __future__ import annotations

from pathlib import Path

import click

from casbd.activity_log import queries
from casbd.cli._common import json_option, open_store, table, write_lines
from casbd.cli.queries._written import about, options_of
from casbd.errors import StoreError
from casbd.wire import json_lines


@click.command("list")
@json_option
@click.pass_obj
def list_queries(configuration: Path, as_json: bool) -> None:
    """List saved queries, and then the suggested ones."""
    try:
        with open_store(configuration) as store:
            own = queries.saved(store.connection)
    except StoreError as error:  # the suggested ones are there all the same
        click.echo(f"casbd: {error}", err=True)
        own = {}
    listed = [(name, "saved", query) for name, query in own.items()]
    listed += [(name, "suggested", query) for name, query in queries.suggested().items()]
    if as_json:
        write_lines(map(json_lines.line, (about(*entry) for entry in listed)))
    else:
        table("", ("name", "kind", "options"), ((name, kind, " ".join(options_of(query))) for name, kind, query in listed))
