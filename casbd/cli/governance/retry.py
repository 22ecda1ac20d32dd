"""`casbd governance retry`."""

from __future__ import annotations

from pathlib import Path

import click

from casbd.cli._common import json_option
from casbd.cli.governance._commands import act_on, both_clocks
from casbd.config import governance as section
from casbd.governance import approving
from casbd.store.state.operator import person


@click.command("retry")
@click.argument("command_id", metavar="ID")
@json_option
@click.pass_obj
def retry(configuration: Path, /, command_id: str, as_json: bool) -> None:
    """Try a failed command again, under its id. The beginning of the id is enough.

    Where the connector can tell, it looks first whether it was done after all.
    """
    care, who = section.read(configuration), person()
    act_on(
        configuration,
        [command_id],
        "governance retry",
        "is tried again within seconds",
        lambda connection, command: approving.retry(connection, command, who, care, both_clocks()),
        as_json=as_json,
    )
