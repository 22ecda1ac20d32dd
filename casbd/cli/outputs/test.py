"""`casbd outputs test`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from casbd.cli import EXIT_NO
from casbd.cli._common import cell, json_option, write_lines
from casbd.cli.outputs._named import named
from casbd.clock import now
from casbd.wire import json_lines


@click.command("test")
@click.argument("name")
@json_option
@click.pass_obj
def test(configuration: Path, /, name: str, as_json: bool) -> None:
    """Send one marked message to the output NAME, and say what came of it. Exit code 1 where it was not taken, with the receiver's reason.

    It is an informational alert about casbd itself, `Test message`, which goes past the queue, whatever `send` says. Nothing of the
    daemon's is touched; for a `file` be the user that casbd runs as.
    """
    from casbd.alerting.raising import test_message
    from casbd.outbox.trying import try_out

    answer = try_out(named(configuration, name), test_message(now()))
    if as_json:
        write_lines([json_lines.line({"name": name, "taken": answer.taken, "answer": answer.words})])
    else:
        click.echo(cell(f"{name}: {answer.words}"))
    if not answer.taken:
        sys.exit(EXIT_NO)
