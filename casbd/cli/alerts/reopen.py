"""`casbd alerts reopen`."""

from __future__ import annotations

from pathlib import Path

import click

from casbd.cli._common import json_option
from casbd.cli.alerts._changed import change


@click.command("reopen")
@click.argument("alert_ids", metavar="ID...", nargs=-1, required=True)
@json_option
@click.pass_obj
def reopen(configuration: Path, /, alert_ids: tuple[str, ...], as_json: bool) -> None:
    """Open closed alerts again, all or none. Their resolution goes, their comment stays."""
    change(configuration, "alerts reopen", alert_ids, {"status": "open", "resolution": None}, as_json=as_json)
