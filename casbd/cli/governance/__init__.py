"""`casbd governance`."""

from __future__ import annotations

import click

from casbd.cli._commands import Commands


@click.command("governance", cls=Commands, package=__name__)
def governance() -> None:
    """See what was done to accounts, or would have been; approve it, take it back, ask for it, or stop all."""
