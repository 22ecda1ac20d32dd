"""`casbd ips`."""

from __future__ import annotations

import click

from casbd.cli._commands import Commands


@click.command("ips", cls=Commands, package=__name__)
def ips() -> None:
    """Show what came from IP addresses, and say what they are."""
