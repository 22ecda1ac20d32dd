"""`casbd queries`."""

from __future__ import annotations

import click

from casbd.cli._commands import Commands


@click.command("queries", cls=Commands, package=__name__)
def queries() -> None:
    """Searches by name, for `--query NAME`: saved ones, and those that casbd suggests."""
