"""`casbd notify`."""

from __future__ import annotations

import click

from casbd.cli._commands import Commands


@click.command("notify", cls=Commands, package=__name__)
def notify() -> None:
    """See whether alerts reach the people who are to be told."""
