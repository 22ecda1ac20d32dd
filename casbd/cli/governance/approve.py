"""`casbd governance approve`."""

from __future__ import annotations

from pathlib import Path

import click

from casbd.cli._common import json_option
from casbd.cli.governance._commands import act_on, both_clocks
from casbd.config import governance as section
from casbd.governance import approving
from casbd.store.state.operator import person


@click.command("approve")
@click.argument("command_ids", metavar="ID...", nargs=-1, required=True)
@json_option
@click.pass_obj
def approve(configuration: Path, /, command_ids: tuple[str, ...], as_json: bool) -> None:
    """Have commands carried out that wait for approval. The beginning of an id is enough.

    Each is judged again right before it is sent, and blocked where its user is protected by now, its alert closed, its policy changed or a
    ceiling reached. Exit code 1 where one could not be approved: it does not wait, it is too late, or the breaker is open.
    """
    care, who = section.read(configuration), person()
    act_on(
        configuration,
        command_ids,
        "governance approve",
        "is approved, and leaves within seconds",
        lambda connection, command: approving.approve(connection, command, who, care, both_clocks()),
        as_json=as_json,
    )
