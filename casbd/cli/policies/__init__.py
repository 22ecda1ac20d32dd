"""`casbd policies`: a file each."""

from __future__ import annotations

import click

from casbd.cli._commands import Commands


@click.command("policies", cls=Commands, package=__name__)
def policies() -> None:
    """List, show, test, explain, backtest, make and switch policies."""
