"""`casbd governance cancel`."""

from __future__ import annotations

from pathlib import Path

import click

from casbd.cli._changes import store_to_change
from casbd.cli._common import json_option
from casbd.cli.governance._commands import act_on_each, chosen, tell
from casbd.clock import now
from casbd.governance import withdrawing
from casbd.store.state import governance_log
from casbd.store.state.operator import person


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
    wrong: list[str] = []
    with store_to_change(configuration) as store, store.transaction() as connection:
        some = governance_log.with_status(connection, "queued", "pending_approval") if every else chosen(connection, command_ids, wrong)
        who = person()
        done = act_on_each(
            connection, some, "governance cancel", lambda connection, command: withdrawing.cancel(connection, command, who, now()), wrong
        )
    if every and not done and not wrong:
        click.echo("casbd: no command waits", err=True)
    tell(configuration, done, "is cancelled", wrong, as_json=as_json)
