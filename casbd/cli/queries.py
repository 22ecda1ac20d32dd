"""`casbd queries`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import msgspec

from casbd.activity_log import queries
from casbd.activity_log.queries import Query
from casbd.cli import EXIT_NO
from casbd.cli._changes import store_to_change
from casbd.cli._common import cell, json_option, open_store, table, write_lines
from casbd.cli._search_options import Asked, search_options
from casbd.errors import StoreError
from casbd.wire import json_lines


@click.group("queries")
def command() -> None:
    """Searches by name, for `--query NAME`: saved ones, and those that casbd suggests."""


@command.command("list")
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
    found = [(name, "saved", query) for name, query in own.items()]
    found += [(name, "suggested", query) for name, query in queries.suggested().items()]
    if as_json:
        write_lines(map(json_lines.line, (_about(*entry) for entry in found)))
    else:
        table("", ("name", "kind", "options"), ((name, kind, " ".join(_options(query))) for name, kind, query in found))


@command.command("show")
@click.argument("name")
@json_option
@click.pass_obj
def show(configuration: Path, name: str, as_json: bool) -> None:
    """Show one query as options of `casbd activities search`, a line each."""
    found = queries.find(name, queries.suggested())
    kind = "suggested"
    if found is None:
        kind = "saved"
        with open_store(configuration) as store:
            found = queries.find(name, queries.saved(store.connection))
    if found is None:
        _there_is_none(name)
    elif as_json:
        write_lines([json_lines.line(_about(found[0], kind, found[1]))])
    else:
        for option in _options(found[1]):
            click.echo(cell(option))


@command.command("save")
@click.argument("name")
@search_options
@click.pass_obj
def save(configuration: Path, name: str, asked: Asked) -> None:
    """Save a search, in the place of the one with this name: `casbd queries save "Last week" --filter "country neq NO" --from -7d`.

    Times stay as they are written: -7d counts from the day it is used. Of --query the filters are saved, not the name.
    """
    if asked.query == Query():
        raise click.UsageError("there is nothing to save: give --filter, --text, --from ...")
    with store_to_change(configuration) as store, store.transaction() as connection:
        try:
            replaced = queries.save(connection, name, asked.query)
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="NAME") from None
    click.echo(f"casbd: {'replaced' if replaced else 'saved'} {cell(name)}", err=True)


@command.command("delete")
@click.argument("name")
@click.pass_obj
def delete(configuration: Path, name: str) -> None:
    """Remove a saved query."""
    if queries.find(name, queries.suggested()):
        raise click.BadParameter("a suggested query stays", param_hint="NAME")
    with store_to_change(configuration) as store, store.transaction() as connection:
        there_was = queries.delete(connection, name)
    if not there_was:
        _there_is_none(name)


def _there_is_none(name: str) -> None:
    click.echo(f"casbd: there is no query {cell(name)}; `casbd queries list` shows them", err=True)
    sys.exit(EXIT_NO)


def _about(name: str, kind: str, query: Query) -> dict[str, Any]:
    return {"name": name, "kind": kind, **_written(query)}


def _written(query: Query) -> Mapping[str, Any]:
    """All options by their names; null for those that are not given."""
    given = msgspec.to_builtins(query)
    return {"filters": [], **dict.fromkeys(("text", "from", "to", "sort", "limit")), **given}


def _options(query: Query) -> list[str]:
    """The options as a person writes them in a shell."""
    import shlex

    given = [
        *(("filter", text) for text in query.filters),
        *((name, value) for name, value in _written(query).items() if name != "filters"),
    ]
    return [f"--{name} {shlex.quote(str(value))}" for name, value in given if value is not None]
