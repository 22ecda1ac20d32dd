"""`casbd governance start`."""

from __future__ import annotations

from pathlib import Path

import click

from casbd.cli._changes import store_to_change
from casbd.clock import now
from casbd.records.timestamps import iso
from casbd.store.state import audit, governance_stop


@click.command("start")
@click.pass_obj
def start(configuration: Path) -> None:
    """Let commands leave again after `governance stop`. Each is judged again before; what is too old by now is blocked."""
    with store_to_change(configuration) as store, store.transaction() as connection:
        before = governance_stop.stopped(connection)
        if before is not None:
            governance_stop.start(connection)
            audit.add(connection, now(), "governance start", "", {"stopped_by": before.who, "since": iso(before.at)})
    click.echo("Governance is started." if before else "Governance was not stopped.", err=True)
