"""`casbd outputs list`."""

from __future__ import annotations

from pathlib import Path

import click
from msgspec.structs import asdict

from casbd.cli._common import json_option, open_store, table, write_lines
from casbd.config import place
from casbd.daemon.gathered_status import OutputStatus, one_output
from casbd.store.state import outbox
from casbd.wire import json_lines

_COLUMNS = ("output", "waiting", "oldest waits since", "in doubt", "delivered", "sent", "refused", "down since", "last error")


@click.command("list")
@json_option
@click.pass_obj
def list_outputs(configuration: Path, /, as_json: bool) -> None:
    """List outputs: what waits and since when, what was delivered and refused, since when one takes nothing, and why.

    Delivered is what the receiver has acknowledged, sent what nobody acknowledges. One that is no longer configured is there while
    something waits for it.
    """
    names = place.names(configuration, "outputs")
    with open_store(configuration) as store:
        deliveries = outbox.deliveries(store.connection)
    gone = [name for name, one in deliveries.items() if name not in names and ":" not in name and one.pending]
    found = [one_output(name, deliveries, names) for name in (*names, *gone)]
    if as_json:
        write_lines(json_lines.line(asdict(one)) for one in found)
    else:
        table("", _COLUMNS, map(_row, found), less=("sent", "in doubt", "oldest waits since"))


def _row(one: OutputStatus) -> tuple[object, ...]:
    name = one.name if one.configured else f"{one.name} (not configured)"
    numbers = (one.in_doubt, one.delivered, one.sent, one.refused)
    return name, one.pending, _second(one.oldest_pending), *numbers, _second(one.down_since), one.last_error


def _second(time: str | None) -> str:
    return time[:19].replace("T", " ") if time else ""
