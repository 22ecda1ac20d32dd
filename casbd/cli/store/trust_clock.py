"""`casbd store trust-clock`."""

from __future__ import annotations

from pathlib import Path

import click

from casbd.cli._changes import store_to_change
from casbd.clock import now
from casbd.store.state import audit, retention


@click.command("trust-clock")
@click.pass_obj
def trust_clock(configuration: Path) -> None:
    """Let retention go by the clock, where `casbd status` says that it is too far ahead to be believed.

    What is too old by this clock is removed within the hour, and for good: look at `date` before.
    """
    with store_to_change(configuration) as store, store.transaction() as connection:
        at = now()
        retention.reach(connection, at)
        audit.add(connection, at, "store trust-clock", str(store.directory), {})
    click.echo("what is too old by this host's clock is removed within the hour", err=True)
