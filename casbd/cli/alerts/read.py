"""`casbd alerts read`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from casbd.alerting.handling import reading
from casbd.cli.alerts._handled import handled, handled_options


@click.command("read")
@click.argument("alert_ids", metavar="[ID]...", nargs=-1)
@handled_options("unread")
@click.pass_obj
def read(configuration: Path, /, alert_ids: tuple[str, ...], **how: Any) -> None:
    """Mark alerts as read, all or none. The beginning of an id is enough."""
    handled(configuration, alert_ids, reading(), "read", **how)
