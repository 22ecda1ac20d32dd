"""`casbd activities`."""

from __future__ import annotations

import click

from casbd.cli._commands import Commands


@click.command("activities", cls=Commands, package=__name__)
def activities() -> None:
    """Search the activity log."""
