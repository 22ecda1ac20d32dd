"""`casbd governance list`."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import click

from casbd.cli._common import AT_MOST, Time, cell, check_span, json_option, moment, open_store, table, write_lines
from casbd.cli._screen import real, screen
from casbd.governance.standing import Standing
from casbd.model.governance import CommandStatus, GovernanceCommand
from casbd.model.identity import canonical, named
from casbd.store.state import governance_log
from casbd.wire import json_lines

COLUMNS = ("created", "action", "connector", "target", "status", "reason", "error", "command")


@click.command("list")
@click.option("--status", type=click.Choice(get_args(CommandStatus)))
@click.option("--user", help="To whom.")
@click.option("--action")
@click.option("--connector")
@click.option("--from", "since", type=Time(), help="Decided at this time or later.")
@click.option("--to", "until", type=Time(end=True), help="Decided at this time or before; a day alone is included.")
@click.option("--limit", type=AT_MOST, default=0, help="Only so many, the newest; 0: all.")
@json_option
@click.pass_obj
def list_commands(
    configuration: Path, /, since: int | None, until: int | None, user: str | None, limit: int, as_json: bool, **equal: str | None
) -> None:
    """List governance commands, oldest first: also what was blocked, and with `governance.mode: dry_run` what would have been done."""
    check_span(since, until)
    shown = screen(configuration)
    with open_store(configuration) as store:
        if warning := Standing.of(store).line():
            click.secho(cell(warning), fg="red", bold=True, err=True)
        whom = None if user is None else real(store, shown, user)
        found = _of(governance_log.find(store.connection, since=since, until=until, **equal), whom)
        commands = map(shown.command, deque(found, limit) if limit else found)
        if as_json:
            write_lines(map(json_lines.command, commands))
        else:
            table("", COLUMNS, map(_row, commands), less=("command", "error", "connector"))


def _of(commands: Iterator[GovernanceCommand], user: str | None) -> Iterator[GovernanceCommand]:
    return commands if user is None else (one for one in commands if canonical(one.target) == canonical(user))


def _row(c: GovernanceCommand) -> tuple[object, ...]:
    whom = named(c.target, c.app, c.app_instance)
    return (moment(c.created), c.action, c.connector, whom, c.status, c.reason, c.error, c.command_id)
