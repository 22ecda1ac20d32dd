"""What the commands about commands share: finding them by their ids, doing something to each, and saying what came of it."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import click

from casbd.cli import EXIT_NO
from casbd.cli._changes import store_to_change
from casbd.cli._common import cell, write_lines
from casbd.cli._screen import screen
from casbd.clock import now, uptime
from casbd.model.governance import GovernanceCommand
from casbd.model.identity import named
from casbd.store.state import audit, governance_log
from casbd.store.state.governance_moments import Moment
from casbd.wire import json_lines

Act = Callable[[sqlite3.Connection, GovernanceCommand], GovernanceCommand]
"""Does something to a command, inside a transaction; ValueError where that cannot be."""


def both_clocks() -> Moment:
    """Now."""
    return Moment(now(), uptime())


def request_of(command: GovernanceCommand) -> str:
    """What was sent, or would be: as the connector says, else the action in words."""
    whom = named(command.target, command.app, command.app_instance)
    return command.request or f"{command.action} of {whom} at {command.connector}"


def chosen(connection: sqlite3.Connection, ids: Sequence[str], wrong: list[str]) -> list[GovernanceCommand]:
    """The commands with these ids or beginnings of ids, each once. wrong: takes what is none's, or several's."""
    commands: dict[str, GovernanceCommand] = {}
    for command_id in ids:
        candidates = governance_log.beginning_with(connection, command_id) if command_id else []
        if len(candidates) == 1:
            commands[candidates[0].command_id] = candidates[0]
        else:
            wrong.append(f"there {f'are {len(candidates)} commands that begin with' if candidates else 'is no command'} {command_id}")
    return [*commands.values()]


def act_on(configuration: Path, ids: Sequence[str], what: str, told: str, act: Act, *, as_json: bool, **detail: str) -> None:
    """Do something to each of these commands, with an entry in the audit trail, and say so; exit code 1 where one could not be.

    what: the audit trail's action. told: what is true of a command then. detail: more for the audit trail.
    """
    wrong: list[str] = []
    with store_to_change(configuration) as store, store.transaction() as connection:
        done = act_on_each(connection, chosen(connection, ids, wrong), what, act, wrong, **detail)
    tell(configuration, done, told, wrong, as_json=as_json)


def act_on_each(
    connection: sqlite3.Connection, commands: Iterable[GovernanceCommand], what: str, act: Act, wrong: list[str], **detail: str
) -> list[GovernanceCommand]:
    """Do something to each, inside a transaction, with an entry in the audit trail; what they are then. wrong: takes why not."""
    done: list[GovernanceCommand] = []
    for command in commands:
        try:
            done.append(act(connection, command))
        except ValueError as error:
            wrong.append(f"{command.command_id}: {error}")
        else:
            audit.add(connection, now(), what, command.command_id, {"before": command.status, **detail})
    return done


def tell(configuration: Path, done: Sequence[GovernanceCommand], told: str, wrong: Sequence[str], *, as_json: bool) -> None:
    """Say what was done to commands, and what was not; exit code 1 where there is such."""
    shown = screen(configuration)
    commands = [*map(shown.command, done)]
    if as_json:
        write_lines(map(json_lines.command, commands))
    for one in () if as_json else commands:
        whom = named(one.target, one.app, one.app_instance)
        click.echo(f"{one.command_id}: {one.action} of {cell(whom)} {told}", err=True)
        if one.error:
            click.echo(f"  {cell(one.error)}", err=True)
    for line in wrong:
        click.echo(f"casbd: {cell(line)}", err=True)
    if wrong:
        sys.exit(EXIT_NO)
