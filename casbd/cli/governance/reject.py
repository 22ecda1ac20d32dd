"""`casbd governance reject`."""

from __future__ import annotations

from pathlib import Path

import click

from casbd.cli._changes import OneLine
from casbd.cli._common import json_option
from casbd.cli.governance._commands import act_on, both_clocks
from casbd.governance import approving
from casbd.store.state.operator import person


@click.command("reject")
@click.argument("command_ids", metavar="ID...", nargs=-1, required=True)
@click.option("--comment", type=OneLine(), default="", help="Why, for the others.")
@json_option
@click.pass_obj
def reject(configuration: Path, /, command_ids: tuple[str, ...], comment: str, as_json: bool) -> None:
    """Say no to commands that wait for approval. The beginning of an id is enough."""
    who = person()
    act_on(
        configuration,
        command_ids,
        "governance reject",
        "is rejected",
        lambda connection, command: approving.reject(connection, command, who, comment, both_clocks()),
        as_json=as_json,
        comment=comment,
    )
