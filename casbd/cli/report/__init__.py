"""`casbd report`."""

from __future__ import annotations

import click

from casbd.cli._commands import Commands


@click.command("report", cls=Commands, package=__name__)
def report() -> None:
    """Report on a month, and on the policies."""
