"""`casbd inputs`."""

from __future__ import annotations

import click

from casbd.cli._commands import Commands


@click.command("inputs", cls=Commands, package=__name__)
def inputs() -> None:
    """See what casbd makes of exported files, before or without following them."""
