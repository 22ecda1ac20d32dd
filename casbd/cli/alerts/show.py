"""`casbd alerts show`."""

from __future__ import annotations

from pathlib import Path

import click

from casbd.cli._common import json_option, moment, open_store, table, write_lines
from casbd.cli._screen import screen
from casbd.cli.alerts._chosen import chosen
from casbd.wire import json_lines


@click.command("show")
@click.argument("alert_id")
@json_option
@click.pass_obj
def show(configuration: Path, alert_id: str, as_json: bool) -> None:
    """Show one alert and its activities' ids. The beginning of an alert's id is enough."""
    with open_store(configuration) as store:
        (alert,) = map(screen(configuration).alert, chosen(store.connection, [alert_id]))
    if as_json:
        write_lines([json_lines.alert(alert)])
        return
    rows = [(name, getattr(alert, name)) for name in alert.__struct_fields__]
    rows = [(name, moment(value) if name in json_lines.ALERT_TIMES else value) for name, value in rows]
    table("", ("field", "value"), [entry for entry in rows if entry[1] not in (None, "", (), False)])
