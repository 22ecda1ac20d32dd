"""`casbd queries show`."""

from __future__ import annotations

from pathlib import Path

import click

from casbd.activity_log import queries
from casbd.cli._common import cell, json_option, open_store, write_lines
from casbd.cli.queries._written import about, options_of, there_is_none
from casbd.wire import json_lines


@click.command("show")
@click.argument("name")
@json_option
@click.pass_obj
def show(configuration: Path, name: str, as_json: bool) -> None:
    """Show one query as options of `casbd activities search`, a line each."""
    entry = queries.find(name, queries.suggested())
    kind = "suggested"
    if entry is None:
        kind = "saved"
        with open_store(configuration) as store:
            entry = queries.find(name, queries.saved(store.connection))
    if entry is None:
        there_is_none(name)
    elif as_json:
        write_lines([json_lines.line(about(entry[0], kind, entry[1]))])
    else:
        for option in options_of(entry[1]):
            click.echo(cell(option))
