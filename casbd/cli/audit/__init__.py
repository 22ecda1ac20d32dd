"""`casbd audit`."""

from __future__ import annotations

import click

from casbd.cli._commands import Commands


@click.command("audit", cls=Commands, package=__name__)
def audit() -> None:
    """See who changed what: alerts, policies, IP ranges, the configuration."""
