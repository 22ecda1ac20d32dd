"""`casbd governance`."""

from __future__ import annotations

from pathlib import Path

import click

from casbd.cli._common import cell, json_option, moment, open_store, table, write_lines
from casbd.cli._governance_changes import cancel, start, stop, stopped_line
from casbd.cli._screen import screen
from casbd.model.governance import GovernanceCommand
from casbd.model.identity import canonical, is_address
from casbd.store import governance as stored
from casbd.store.governance_stop import stopped
from casbd.wire import json_lines

COLUMNS = ("created", "action", "connector", "target", "status", "reason", "error", "command")


@click.group("governance")
def command() -> None:
    """See what was done to accounts, or would have been; take commands back, or stop all."""


for one in (cancel, stop, start):
    command.add_command(one)


@command.command("list")
@json_option
@click.pass_obj
def list_commands(configuration: Path, as_json: bool) -> None:
    """List governance commands, oldest first: with `governance.mode: dry_run` what would have been done."""
    shown = screen(configuration)
    with open_store(configuration) as store:
        if by := stopped(store.connection):
            click.secho(cell(stopped_line(by)), fg="red", bold=True, err=True)
        found = map(shown.command, stored.every(store.connection))
        if as_json:
            write_lines(map(json_lines.command, found))
        else:
            table(
                "",
                COLUMNS,
                ((moment(c.created), c.action, c.connector, _whom(c), c.status, c.reason, c.error, c.command_id) for c in found),
                less=("command", "error", "connector"),
            )


def _whom(command: GovernanceCommand) -> str:
    """The target; a name that is somebody in one app and instance alone with these."""
    where = ", ".join(filter(None, (command.app, command.app_instance)))
    return f"{command.target} ({where})" if where and command.target and not is_address(canonical(command.target)) else command.target
