"""`casbd users`."""

from __future__ import annotations

import click

from casbd.cli._commands import Commands


@click.command("users", cls=Commands, package=__name__)
def users() -> None:
    """Show what users did, and list them."""
