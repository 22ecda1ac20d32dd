"""`casbd alerts export`."""

from __future__ import annotations

from pathlib import Path

import click

from casbd.alerting.export import export_alerts
from casbd.cli._common import cell, open_store
from casbd.cli._exporting import writing
from casbd.cli._screen import screen
from casbd.cli.alerts._filters import checked, filter_options
from casbd.store.state import alert_queue
from casbd.store.state.alert_filters import AlertFilters


@click.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@filter_options("open")
@click.option("--force", is_flag=True, help="Write over FILE if it is there.")
@click.pass_obj
def export(configuration: Path, /, file: Path, filters: AlertFilters, force: bool) -> None:
    """Export alerts to FILE: .csv or .ndjson; those that are open, the newest first, unless filters say otherwise.

    In CSV a text that a spreadsheet might take for a formula has an apostrophe in front. FILE.part is what is not yet whole.
    """
    shown = screen(configuration)
    with open_store(configuration) as store, writing(file):
        filters = checked(filters, configuration, store, shown)
        try:
            number = export_alerts(map(shown.alert, alert_queue.listed(store.connection, filters)), file, force=force)
        except ValueError as error:
            raise click.BadParameter(cell(error), param_hint="FILE") from None
    click.echo(f"casbd: {number:,} alerts in {cell(file)}", err=True)
