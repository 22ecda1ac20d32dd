"""`casbd governance stop`."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click

from casbd.cli import EXIT_RETRY
from casbd.cli._changes import OneLine, store_to_change
from casbd.clock import monotonic, now
from casbd.store.database import Store, in_use
from casbd.store.state import audit, governance_moments, governance_stop
from casbd.store.state.governance_stop import Stopped
from casbd.store.state.operator import person

LOOK_AGAIN = 0.05


@click.command("stop")
@click.option("--reason", type=OneLine(), default="", help="Why, for the others.")
@click.option("--wait", type=click.IntRange(0, 3600), default=300, help="Seconds to wait for commands that are being carried out just now.")
@click.pass_obj
def stop(configuration: Path, reason: str, wait: int) -> None:
    """Let nothing leave for any connector until `governance start`, whatever is restarted or reloaded.

    When this returns with exit code 0 nothing is under way: a command that is being carried out just now is waited for, as nobody can
    stop it. Exit code 75: it takes longer. Commands wait, and get too old after an hour (governance.max_activity_age). `casbd status`,
    `run --once` and the metric `casbd_governance_stopped` say that it is stopped.
    """
    with store_to_change(configuration) as store:
        with store.transaction() as connection:
            before = governance_stop.stopped(connection)
            if before is None:
                governance_stop.stop(connection, Stopped(now(), person(), reason))
                audit.add(connection, now(), "governance stop", "", {"reason": reason})
        click.echo(f"Governance is stopped{' already' if before else ''}: nothing leaves until `casbd governance start`.", err=True)
        _wait_for_what_is_under_way(store, wait)


def _wait_for_what_is_under_way(store: Store, seconds: int) -> None:
    deadline, has_said_so = monotonic() + seconds, False
    while under_way := governance_moments.sending(store.connection):
        if not in_use(store.directory):
            click.echo(f"casbd ended while {', '.join(under_way)} was being carried out: whether it was done nobody knows.", err=True)
            return
        if not has_said_so:
            click.echo(f"Waiting for what is being carried out just now: {', '.join(under_way)}", err=True)
            has_said_so = True
        if monotonic() >= deadline:
            click.echo("casbd: it is still being carried out; `casbd governance list` will show what came of it", err=True)
            sys.exit(EXIT_RETRY)
        time.sleep(LOOK_AGAIN)
