"""`casbd rejects`."""

from __future__ import annotations

import click

from casbd.cli._commands import Commands


@click.command("rejects", cls=Commands, package=__name__)
def rejects() -> None:
    """See the records that could not be read."""
