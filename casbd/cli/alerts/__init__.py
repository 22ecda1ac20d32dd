"""`casbd alerts`."""

from __future__ import annotations

import click

from casbd.cli._commands import Commands


@click.command("alerts", cls=Commands, package=__name__)
def alerts() -> None:
    """List and show alerts, and say what they turned out to be."""
