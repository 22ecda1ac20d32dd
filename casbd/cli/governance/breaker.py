"""`casbd governance breaker`."""

from __future__ import annotations

from pathlib import Path

import click

from casbd.cli._changes import store_to_change
from casbd.cli._common import cell, json_option, open_store, write_lines
from casbd.cli.governance._commands import both_clocks
from casbd.clock import now
from casbd.governance.ceilings import HOUR
from casbd.records.timestamps import iso
from casbd.store.state import audit, governance_breaker, governance_moments
from casbd.wire import json_lines


@click.command("breaker")
@click.option("--close", "closing", is_flag=True, help="Close it, once you have looked.")
@json_option
@click.pass_obj
def breaker(configuration: Path, closing: bool, as_json: bool) -> None:
    """Tell whether the breaker is open: it opens when a ceiling is reached, and blocks new commands until a person closes it.

    What was queued before goes on; `casbd governance stop` holds that, too. Closing it makes no room: while the last hour is still full,
    the next command opens it again.
    """
    if closing:
        _close(configuration)
        return
    with open_store(configuration) as store:
        opened = governance_breaker.opened(store.connection)
        tried = governance_moments.number_since(store.connection, "tried", both_clocks(), HOUR)
    since, reason = (iso(opened.at), opened.reason) if opened else (None, None)
    if as_json:
        write_lines([json_lines.line({"open": opened is not None, "since": since, "reason": reason, "tried_this_hour": tried})])
    else:
        state = f"open since {since}: {cell(reason)}" if opened else "closed"
        click.echo(f"The breaker is {state}. Commands given to connectors in the last hour: {tried}.")


def _close(configuration: Path) -> None:
    with store_to_change(configuration) as store, store.transaction() as connection:
        before = governance_breaker.opened(connection)
        if before is not None:
            governance_breaker.close(connection)
            audit.add(connection, now(), "governance breaker", "close", {"since": iso(before.at), "reason": before.reason})
    click.echo("The breaker is closed." if before else "The breaker was not open.", err=True)
