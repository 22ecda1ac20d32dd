"""`casbd governance list`."""

from __future__ import annotations

from pathlib import Path

import click

from casbd.cli._common import cell, json_option, moment, open_store, table, write_lines
from casbd.cli._screen import screen
from casbd.governance.standing import Standing
from casbd.model.governance import GovernanceCommand
from casbd.model.identity import named
from casbd.store.state import governance_log
from casbd.wire import json_lines

COLUMNS = ("created", "action", "connector", "target", "status", "reason", "error", "command")


@click.command("list")
@json_option
@click.pass_obj
def list_commands(configuration: Path, as_json: bool) -> None:
    """List governance commands, oldest first: also what was blocked, and with `governance.mode: dry_run` what would have been done."""
    shown = screen(configuration)
    with open_store(configuration) as store:
        if warning := Standing.of(store).line():
            click.secho(cell(warning), fg="red", bold=True, err=True)
        commands = map(shown.command, governance_log.every(store.connection))
        if as_json:
            write_lines(map(json_lines.command, commands))
        else:
            table(
                "",
                COLUMNS,
                (
                    (
                        moment(c.created),
                        c.action,
                        c.connector,
                        named(c.target, c.app, c.app_instance),
                        c.status,
                        c.reason,
                        c.error,
                        c.command_id,
                    )
                    for c in commands
                ),
                less=("command", "error", "connector"),
            )


def _whom(command: GovernanceCommand) -> str:
    return named(command.target, command.app, command.app_instance)
