"""`casbd governance cancel`, `stop` and `start`."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

import click

from casbd.cli import EXIT_NO, EXIT_RETRY
from casbd.cli._changes import OneLine, store_to_change
from casbd.cli._common import cell, json_option, write_lines
from casbd.cli._screen import screen
from casbd.clock import monotonic, now
from casbd.governance import withdrawing
from casbd.model.governance import GovernanceCommand
from casbd.records.timestamps import iso
from casbd.store.database import Store, in_use
from casbd.store.state import audit, governance_moments, governance_stop
from casbd.store.state import governance as stored
from casbd.store.state.governance_stop import Stopped
from casbd.store.state.operator import person
from casbd.wire import json_lines

LOOK_AGAIN = 0.05


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
        chosen = stored.with_status(connection, "queued", "pending_approval") if every else _chosen(store, command_ids, wrong)
        for command in chosen:
            try:
                done.append(withdrawing.cancel(connection, command, person(), now()))
            except ValueError as error:
                wrong.append(f"{command.command_id}: {error}")
            else:
                audit.add(connection, now(), "governance cancel", command.command_id, {"before": command.status})
    shown = screen(configuration)
    told = [*map(shown.command, done)]
    if as_json:
        write_lines(map(json_lines.command, told))
    for one in () if as_json else told:
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
    found: dict[str, GovernanceCommand] = {}
    for command_id in ids:
        candidates = stored.beginning_with(store.connection, command_id) if command_id else []
        if len(candidates) == 1:
            found[candidates[0].command_id] = candidates[0]
        else:
            wrong.append(f"there {f'are {len(candidates)} commands that begin with' if candidates else 'is no command'} {command_id}")
    return [*found.values()]


@click.command("stop")
@click.option("--reason", type=OneLine(), default="", help="Why, for the others.")
@click.option("--wait", type=click.IntRange(0, 3600), default=300, help="Seconds to wait for commands that are being carried out just now.")
@click.pass_obj
def stop(configuration: Path, reason: str, wait: int) -> None:
    """Let nothing leave for any connector until `governance start`, whatever is restarted or reloaded.

    When this returns with exit code 0 nothing is under way: a command that is being carried out just now is waited for, as nobody can
    stop it. Exit code 75: it takes longer. Commands wait, and get too old after an hour (governance.max_activity_age).
    """
    with store_to_change(configuration) as store:
        with store.transaction() as connection:
            before = governance_stop.stopped(connection)
            if before is None:
                governance_stop.stop(connection, Stopped(now(), person(), reason))
                audit.add(connection, now(), "governance stop", "", {"reason": reason})
        click.echo(f"Governance is stopped{' already' if before else ''}: nothing leaves until `casbd governance start`.", err=True)
        _wait_for_what_is_under_way(store, wait)


def _wait_for_what_is_under_way(store: Store, seconds: int) -> None:
    deadline, told = monotonic() + seconds, False
    while under_way := governance_moments.sending(store.connection):
        if not in_use(store.directory):
            click.echo(f"casbd ended while {', '.join(under_way)} was being carried out: whether it was done nobody knows.", err=True)
            return
        if not told:
            click.echo(f"Waiting for what is being carried out just now: {', '.join(under_way)}", err=True)
            told = True
        if monotonic() >= deadline:
            click.echo("casbd: it is still being carried out; `casbd governance list` will tell what came of it", err=True)
            sys.exit(EXIT_RETRY)
        time.sleep(LOOK_AGAIN)


@click.command("start")
@click.pass_obj
def start(configuration: Path) -> None:
    """Let commands leave again after `governance stop`. Each is judged again before; what is too old by now is blocked."""
    with store_to_change(configuration) as store, store.transaction() as connection:
        before = governance_stop.stopped(connection)
        if before is not None:
            governance_stop.start(connection)
            audit.add(connection, now(), "governance start", "", {"stopped_by": before.who, "since": iso(before.at)})
    click.echo("Governance is started." if before else "Governance was not stopped.", err=True)
