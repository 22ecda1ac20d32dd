"""`casbd alerts reopen`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from casbd.alerting.handling import reopening
from casbd.cli.alerts._handled import handled, handled_options


@click.command("reopen")
@click.argument("alert_ids", metavar="[ID]...", nargs=-1)
@handled_options("closed")
@click.pass_obj
def reopen(configuration: Path, /, alert_ids: tuple[str, ...], **how: Any) -> None:
    """Open closed alerts again, all or none. Their resolution goes, their comment stays."""
    handled(configuration, alert_ids, reopening(), "reopen", **how)
