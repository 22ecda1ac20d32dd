"""`casbd run`."""

from __future__ import annotations

import gc
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from casbd.cli import EXIT_NO, EXIT_RETRY
from casbd.cli._common import cell
from casbd.cli._progress import progress

if TYPE_CHECKING:
    from casbd.config.settings import Settings
    from casbd.daemon.service import Outcome


@click.command("run")
@click.option("--once", is_flag=True, help="Read all there is, deliver it, report what was not read, and exit.")
@click.option("--show", is_flag=True, help="With --once: print the alerts in the end, and where they went.")
@click.pass_obj
def run(configuration: Path, once: bool, show: bool) -> None:
    """Run the daemon: follow the inputs, apply the policies, deliver alerts. With --once read all there is, deliver it, and exit.

    Under systemd it says when it is ready, feeds the watchdog, reloads on SIGHUP and stops in order on SIGTERM. A broken
    configuration is exit code 78. With --once 0 means that all was read and delivered; 1 that something was not read and
    somebody must look at it; 75 that trying again may help: something was not delivered (also where governance is stopped and
    commands wait), or is still being written.
    """
    from casbd.daemon import service
    from casbd.daemon.logs import to_standard_error

    to_standard_error("warning" if once else "info")
    with progress() if once else nullcontext() as progress_shown:
        gc.freeze()  # what is loaded now stays; batches hold many objects and no cycles
        gc.set_threshold(100_000, 50, 50)
        outcome = service.run(configuration, once=once, progress=progress_shown)
    if once and show:
        _show(outcome.settings)
    if once:
        _tell_unread(outcome)
        _tell_late(outcome.settings)
    held = once and _commands_are_held(outcome.settings)
    if not outcome.delivered_all:
        click.echo("casbd: not everything could be delivered; it waits for the next run (see `casbd status`)", err=True)
    kinds = {one.kind for one in outcome.unread}
    if once and "unread" in kinds:
        sys.exit(EXIT_NO)
    if held or not outcome.delivered_all or (once and "waiting" in kinds):
        sys.exit(EXIT_RETRY)


def _tell_unread(outcome: Outcome) -> None:
    """What was not read, a line each, and how many records were rejects."""
    from casbd.cli._unread import lines

    for line in lines([one for one in outcome.unread if one.kind != "left_out"]):
        click.echo(f"casbd: not read: {line}", err=True)
    for name, number in outcome.rejects.items():
        click.echo(f"casbd: {number:,} records of input {cell(name)} could not be read (see `casbd rejects list`)", err=True)


def _tell_late(settings: Settings) -> None:
    """What a later run will judge."""
    from casbd.cli._late import late_line
    from casbd.daemon.gathered_status import late
    from casbd.store.database import Store

    with Store(settings.state_dir, readonly=True) as store:
        waiting = late(store)
    if waiting is not None:
        click.echo(f"casbd: {late_line(waiting)}", err=True)


def _commands_are_held(settings: Settings) -> bool:
    """Whether commands wait because governance is stopped; a line says so in any case."""
    from casbd.governance.standing import Standing
    from casbd.store.database import Store

    with Store(settings.state_dir, readonly=True) as store:
        standing = Standing.of(store)
    if warning := standing.line():
        click.echo(f"casbd: {cell(warning)}", err=True)
    return standing.by is not None and standing.waiting > 0


def _show(settings: Settings) -> None:
    """All alerts of the store as a table, what was read, and where the messages are."""
    from casbd.cli._common import table
    from casbd.cli.alerts._table import COLUMNS, LESS, WHAT_HAPPENED, row, style
    from casbd.daemon.gathered_status import gather
    from casbd.store.database import Store
    from casbd.store.state import raised_alerts

    less = [name for name in LESS if name in COLUMNS[:WHAT_HAPPENED]]
    with Store(settings.state_dir, readonly=True) as store:
        alerts = (row(alert)[:WHAT_HAPPENED] for alert in raised_alerts.find(store.connection))
        table("Alerts", COLUMNS[:WHAT_HAPPENED], alerts, style, less=less)
        inputs = gather(store, [], []).inputs
    read = ", ".join(f"{sum(getattr(entry, name) for entry in inputs)} {name}" for name in ("records", "duplicates", "rejects"))
    click.echo(f"Read: {read}. The activity log is in {settings.state_dir}.")
    for output in settings.outputs:
        where = getattr(output.options, "path", None) or getattr(output.options, "host", output.type)
        click.echo(f"Alerts went to {output.name}: {where}")
