"""`casbd notify test`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from casbd.cli import EXIT_NO
from casbd.cli._common import cell, json_option, write_lines
from casbd.clock import now
from casbd.wire import json_lines


@click.command("test")
@click.argument("name", required=False)
@json_option
@click.pass_obj
def test(configuration: Path, /, name: str | None, as_json: bool) -> None:
    """Send one marked message to each recipient, or to NAME. Exit code 1 where one failed, with the reason.

    Recipients are those of `notifications`, and addresses and telephone numbers in rule files. Nothing of the daemon's is touched.
    """
    from casbd.daemon.engine import Engine
    from casbd.notifications.messengers import messenger, try_out

    engine = Engine(configuration)
    people = {person.name: messenger(person, engine.settings) for person in engine.recipients.values()}
    if name is not None and name not in people:
        raise click.BadParameter(f"no such recipient: {name}. There are: {', '.join(people) or 'none'}", param_hint="NAME")
    failed = False
    for outcome in try_out([(one, way) for one, way in people.items() if name in (None, one)], now()):
        failed = failed or bool(outcome.error)
        if as_json:
            write_lines([json_lines.line({"name": outcome.name, "sent": not outcome.error, "error": outcome.error or None})])
        else:
            click.echo(cell(f"{outcome.name}: failed: {outcome.error}" if outcome.error else f"{outcome.name}: sent"))
    if not people:
        click.echo("casbd: the configuration has no `notifications`, and no rule file names anybody", err=True)
    if failed:
        sys.exit(EXIT_NO)
