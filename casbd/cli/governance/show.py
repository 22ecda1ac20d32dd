"""`casbd governance show`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from casbd.cli import EXIT_NO
from casbd.cli._common import cell, json_option, moment, open_store, write_lines
from casbd.cli._screen import screen
from casbd.cli.governance._commands import chosen, request_of
from casbd.model.identity import named
from casbd.wire import json_lines

_TIMES = ("created", "approved", "started", "finished", "last_activity")
_ORDER = (
    *("command_id", "action", "connector", "target", "user_id", "status", "reason", "error", "who", "mode", "policy_id", "alert_id"),
    *("created", "approved", "started", "finished", "duration", "request", "answer", "restore", "reverts", "last_activity"),
)


@click.command("show")
@click.argument("command_id", metavar="ID")
@json_option
@click.pass_obj
def show(configuration: Path, command_id: str, as_json: bool) -> None:
    """Show one command: who or which policy asked for it and why, what was sent and answered, and how long it took.

    The beginning of the id is enough. In a dry run, and while it waits for approval, the request is what would be sent. Times are UTC.
    """
    wrong: list[str] = []
    with open_store(configuration) as store:
        found = chosen(store.connection, [command_id], wrong)
    for line in wrong:
        click.echo(f"casbd: {cell(line)}", err=True)
    if wrong:
        sys.exit(EXIT_NO)
    command = screen(configuration).command(found[0])
    if as_json:
        write_lines([json_lines.command(command)])
        return
    values = {name: getattr(command, name) for name in _ORDER}
    values |= {name: moment(values[name]) for name in _TIMES}
    values |= {"request": request_of(command), "target": named(command.target, command.app, command.app_instance)}
    values |= {"duration": None if command.duration is None else f"{command.duration} ms"}
    for name, value in values.items():
        if value not in (None, ""):
            click.echo(f"{name:14} {cell(value)}")
