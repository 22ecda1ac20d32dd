"""`casbd governance revert`."""

from __future__ import annotations

from pathlib import Path

import click

from casbd.cli._common import json_option
from casbd.cli.governance._commands import act_on
from casbd.cli.governance._settings import rails, way_back
from casbd.clock import now
from casbd.config import reading
from casbd.governance import reverting
from casbd.store.state.operator import person


@click.command("revert")
@click.argument("command_id", metavar="ID")
@json_option
@click.pass_obj
def revert(configuration: Path, /, command_id: str, as_json: bool) -> None:
    """Take back what a command has done, where its connector can. The beginning of the id is enough.

    That is a command of its own; when it is done the first one is `reverted`. Ceilings, breaker, cool-down and protection do not hold it;
    `governance.mode: dry_run` and `governance stop` do. Exit code 1 where there is no way back.
    """
    settings, who = reading.load(configuration), person()
    today = rails(settings)
    act_on(
        configuration,
        [command_id],
        "governance revert",
        "would take it back (governance.mode is dry_run)" if today.care.mode == "dry_run" else "takes it back within seconds",
        lambda connection, command: reverting.revert(
            connection, command, way_back(settings, command.connector, command.action), who, today, now()
        ),
        as_json=as_json,
    )
