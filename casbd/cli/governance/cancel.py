"""`casbd governance cancel`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from casbd.cli import EXIT_NO
from casbd.cli._changes import store_to_change
from casbd.cli._common import cell, json_option, write_lines
from casbd.cli._screen import screen
from casbd.clock import now
from casbd.governance import withdrawing
from casbd.model.governance import GovernanceCommand
from casbd.store.database import Store
from casbd.store.state import audit, governance_log
from casbd.store.state.operator import person
from casbd.wire import json_lines


@click.command("cancel")
@click.argument("command_ids", metavar="[ID]...", nargs=-1)
@click.option("--all", "every", is_flag=True, help="All that wait.")
@json_option
@click.pass_obj
def cancel(configuration: Path, /, command_ids: tuple[str, ...], every: bool, as_json: bool) -> None:
    """Take back commands that wait to be sent or approved. The beginning of an id is enough.

    Exit code 1 where one could not be: it is over, or is being carried out just now.
    """
    if every == bool(command_ids):
        raise click.UsageError("either ids of commands (`casbd governance list`), or --all")
    done: list[GovernanceCommand] = []
    wrong: list[str] = []
    with store_to_change(configuration) as store, store.transaction() as connection:
        chosen = governance_log.with_status(connection, "queued", "pending_approval") if every else _chosen(store, command_ids, wrong)
        for command in chosen:
            try:
                done.append(withdrawing.cancel(connection, command, person(), now()))
            except ValueError as error:
                wrong.append(f"{command.command_id}: {error}")
            else:
                audit.add(connection, now(), "governance cancel", command.command_id, {"before": command.status})
    shown = screen(configuration)
    cancelled = [*map(shown.command, done)]
    if as_json:
        write_lines(map(json_lines.command, cancelled))
    for one in () if as_json else cancelled:
        click.echo(f"{one.command_id}: {one.action} of {cell(one.target)} is cancelled", err=True)
        if one.error:
            click.echo(f"  {cell(one.error)}", err=True)
    if every and not done and not wrong:
        click.echo("casbd: no command waits", err=True)
    for line in wrong:
        click.echo(f"casbd: {cell(line)}", err=True)
    if wrong:
        sys.exit(EXIT_NO)


def _chosen(store: Store, ids: Sequence[str], wrong: list[str]) -> list[GovernanceCommand]:
    """The commands with these ids or beginnings of ids, each once. wrong: takes what is none's, or several's."""
    commands: dict[str, GovernanceCommand] = {}
    for command_id in ids:
        candidates = governance_log.beginning_with(store.connection, command_id) if command_id else []
        if len(candidates) == 1:
            commands[candidates[0].command_id] = candidates[0]
        else:
            wrong.append(f"there {f'are {len(candidates)} commands that begin with' if candidates else 'is no command'} {command_id}")
    return [*commands.values()]
