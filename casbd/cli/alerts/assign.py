"""`casbd alerts assign`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from casbd.alerting.handling import assigning
from casbd.cli._changes import OneLine
from casbd.cli._common import cell
from casbd.cli.alerts._filters import NOBODY
from casbd.cli.alerts._handled import handled, handled_options

_LONGEST = 320
"""Characters of an e-mail address (RFC 5321, 4.5.3.1)."""


@click.command("assign")
@click.argument("alert_ids", metavar="[ID]...", nargs=-1)
@click.argument("who", type=OneLine())
@handled_options("open")
@click.pass_obj
def assign(configuration: Path, /, alert_ids: tuple[str, ...], who: str, **how: Any) -> None:
    """Say who looks after alerts, all or none: a name or an address; `-` is nobody. The beginning of an id is enough."""
    if not 0 < len(who) <= _LONGEST:
        raise click.BadParameter(f"a name of 1 to {_LONGEST} characters, or - for nobody", param_hint="WHO")
    whom = None if who == NOBODY else who
    handled(configuration, alert_ids, assigning(whom), f"assign to {cell(whom or 'nobody')}", **how)
