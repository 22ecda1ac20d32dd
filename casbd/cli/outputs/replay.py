"""`casbd outputs replay`."""

from __future__ import annotations

from pathlib import Path

import click

from casbd.cli._changes import store_to_change
from casbd.cli._common import Time, check_span, json_option, moment, open_store, table, write_lines
from casbd.cli.outputs._named import named
from casbd.clock import now
from casbd.config.settings import PluginSettings
from casbd.records.timestamps import iso
from casbd.store.state import audit, replays
from casbd.wire import json_lines

_MANY = 1000
"""More are sent only after a question."""


@click.command("replay")
@click.argument("name")
@click.option("--from", "since", type=Time(), help="Not before this time. Left out: tell what is still to be sent once more.")
@click.option("--to", "until", type=Time(end=True), help="Not after this time; a day alone is included. Left out, it is now.")
@click.option("--cancel", is_flag=True, help="Send no more of what is still to be sent once more; what waits for the output already stays.")
@click.option("--yes", is_flag=True, help="Do not ask, however many there are.")
@json_option
@click.pass_obj
def replay(configuration: Path, /, name: str, since: int | None, until: int | None, cancel: bool, yes: bool, as_json: bool) -> None:
    """Send what is stored to the output NAME once more, with the same ids: alerts of which something was told between these times.

    Where the output is sent activities, those that happened then, too; all as its `filters` and `min_severity` say. What is sent meanwhile
    is not held up. It goes on after a restart, and while casbd does not run it waits. Without `--from`: how much of it is left.
    """
    from casbd.pipeline.replaying import count

    output = named(configuration, name)
    if since is None or cancel:
        if since is not None or until is not None:
            raise click.UsageError("--cancel takes neither --from nor --to" if cancel else "--to needs --from")
        _cancel(configuration, output, as_json=as_json) if cancel else _tell(configuration, output, as_json=as_json)
        return
    until = now() if until is None else until
    check_span(since, until)
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


def _tell(configuration: Path, output: PluginSettings, *, as_json: bool) -> None:
    """What is left of each replay of an output, oldest first."""
    from casbd.pipeline.replaying import left

    with open_store(configuration) as store:
        found = [(one, left(store, output, one, now)) for one in replays.waiting(store.connection) if one.destination == output.name]
    if as_json:
        spans = ({"name": output.name, "from": iso(one.since), "to": iso(one.until), **some._asdict()} for one, some in found)
        write_lines(map(json_lines.line, spans))
    else:
        rows = ((moment(one.since), moment(one.until), f"{some.alerts:,}", f"{some.activities:,}") for one, some in found)
        table("", ("from", "to", "alerts left", "activities left"), rows)


def _cancel(configuration: Path, output: PluginSettings, *, as_json: bool) -> None:
    with store_to_change(configuration) as store, store.transaction() as connection:
        waiting = [one for one in replays.waiting(connection) if one.destination == output.name]
        for one in waiting:
            replays.end(connection, one)
            span = {"from": iso(one.since), "to": iso(one.until)}
            audit.add(connection, now(), "outputs replay", output.name, {**span, "cancelled": True})
    if as_json:
        write_lines([json_lines.line({"name": output.name, "cancelled": len(waiting)})])
    else:
        click.echo(f"{len(waiting):,} replays of {output.name} are over", err=True)
