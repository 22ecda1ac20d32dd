"""`casbd outputs`."""

from __future__ import annotations

import click

from casbd.cli._commands import Commands


@click.command("outputs", cls=Commands, package=__name__)
def outputs() -> None:
    """See how delivery to outputs goes, try one out, send again."""
