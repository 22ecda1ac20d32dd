"""`casbd trial`."""

from __future__ import annotations

import click


@click.command("trial")
@click.option("--doors", default=1, help="So many doors.")
def trial(doors: int) -> None:
    """Try the doors."""
    click.echo(f"{doors} tried")
