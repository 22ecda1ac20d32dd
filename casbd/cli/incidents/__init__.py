"""`casbd incidents`."""

from __future__ import annotations

import click

from casbd.cli._commands import Commands


@click.command("incidents", cls=Commands, package=__name__)
def incidents() -> None:
    """List and show incidents, which are alerts of one user (or address) that belong together, and say what they turned out to be."""
