"""`casbd run`."""

from __future__ import annotations

import gc
import sys
from pathlib import Path

import click

from casbd.cli import EXIT_RETRY


@click.command("run")
@click.option("--once", is_flag=True, help="Read all there is, deliver it, and exit (75 if something could not be delivered).")
@click.pass_obj
def command(configuration: Path, once: bool) -> None:
    """Run the daemon: follow the inputs, apply the policies, deliver alerts.

    Under systemd it says when it is ready, feeds the watchdog, reloads on SIGHUP and stops in order on SIGTERM. A broken
    configuration is exit code 78.
    """
    from casbd.daemon.logs import to_standard_error
    from casbd.daemon.service import Service

    to_standard_error("warning" if once else "info")
    service = Service(configuration, once=once)
    gc.freeze()  # what is loaded now stays; batches hold many objects and no cycles
    gc.set_threshold(100_000, 50, 50)
    service.run()
    if not service.delivered_all:
        click.echo("casbd: not everything could be delivered; it waits for the next run (see `casbd status`)", err=True)
        sys.exit(EXIT_RETRY)
