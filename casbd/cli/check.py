"""`casbd check`."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import click
from msgspec.structs import asdict, replace

from casbd.cli import EXIT_NO
from casbd.cli._common import cell, json_option, write_lines
from casbd.clock import now
from casbd.errors import Mistake, Mistakes
from casbd.plugins.explained import Explained
from casbd.wire import json_lines


@click.command("check")
@json_option
@click.pass_obj
def check(configuration: Path, as_json: bool) -> None:
    """Check configuration, rules and lists; print every mistake with file, line and column. Exit code 1 if any.

    A Sigma file that cannot be used, or a link out of the rule directories, is a mistake here; the daemon leaves it out and
    runs with all other policies.

    What is no mistake, but will hardly do what is meant, is a warning, on standard error; with --json a line with
    `"severity": "warning"`. Of what the service may write, the user of the state directory decides: run it as this user.
    """
    from casbd.daemon.engine import Engine

    try:
        engine = Engine(configuration)
    except Mistakes as error:
        _tell(error.mistakes, as_json)
        sys.exit(EXIT_NO)
    warnings = [*engine.doubts, *engine.warnings(now())]
    if as_json:
        write_lines(json_lines.line(asdict(warning) | {"severity": "warning"}) for warning in warnings)
    for warning in () if as_json else warnings:
        click.echo(cell(replace(warning, message=f"warning: {warning.message}")), err=True)
    if engine.unusable:
        _tell(engine.unusable, as_json)
        files = len({mistake.file for mistake in engine.unusable})
        click.echo(f"casbd runs without {files} rule file{'s' if files > 1 else ''}; all other policies work", err=True)
        sys.exit(EXIT_NO)
    if not as_json:
        for output in engine.settings.outputs:
            if isinstance(output.options, Explained) and (meaning := output.options.meaning()):
                click.echo(cell(f"output {output.name}: {meaning}"), err=True)
        counts = {"policies": sum(policy.enabled for policy in engine.policies)}
        counts |= {"inputs": len(engine.settings.inputs), "outputs": len(engine.outputs), "connectors": len(engine.connectors)}
        click.echo(f"{configuration}: no mistakes ({', '.join(f'{name}: {count}' for name, count in counts.items())})", err=True)


def _tell(mistakes: Iterable[Mistake], as_json: bool) -> None:
    if as_json:
        write_lines(json_lines.line(asdict(mistake)) for mistake in mistakes)
        return
    for mistake in mistakes:
        click.echo(cell(mistake))
