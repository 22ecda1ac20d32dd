"""`casbd outputs replay`."""

from __future__ import annotations

from pathlib import Path

import click

from casbd.cli._changes import store_to_change
from casbd.cli._common import Time, check_span, json_option, open_store, write_lines
from casbd.cli.outputs._named import named
from casbd.clock import now
from casbd.records.timestamps import iso
from casbd.store.state import audit, replays
from casbd.wire import json_lines

_MANY = 1000
"""More are sent only after a question."""


@click.command("replay")
@click.argument("name")
@click.option("--from", "since", type=Time(), required=True, help="Not before this time.")
@click.option("--to", "until", type=Time(end=True), help="Not after this time; a day alone is included. Left out, it is now.")
@click.option("--yes", is_flag=True, help="Do not ask, however many there are.")
@json_option
@click.pass_obj
def replay(configuration: Path, /, name: str, since: int, until: int | None, yes: bool, as_json: bool) -> None:
    """Send what is stored to the output NAME once more, with the same ids: alerts of which something was told between these times.

    Where the output is sent activities, those that happened then, too; all as its `filters` and `min_severity` say. What is sent meanwhile
    is not held up. It goes on after a restart, and while casbd does not run it waits.
    """
    from casbd.pipeline.replaying import count

    until = now() if until is None else until
    check_span(since, until)
    output = named(configuration, name)
    with open_store(configuration) as store:
        found = count(store, output, since, until, now)
    if sum(found) > _MANY and not yes:
        click.confirm(f"Send {found.alerts:,} alerts and {found.activities:,} activities to {name} once more?", abort=True, err=True)
    if any(found):
        with store_to_change(configuration) as store, store.transaction() as connection:
            replays.ask(connection, name, since, until)
            span = {"from": iso(since), "to": iso(until)}
            audit.add(connection, now(), "outputs replay", name, {**span, **found._asdict()})
    if as_json:
        write_lines([json_lines.line({"name": name, **found._asdict()})])
    else:
        click.echo(f"{found.alerts:,} alerts and {found.activities:,} activities are sent to {name} once more", err=True)
