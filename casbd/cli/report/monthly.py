"""`casbd report monthly`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
import msgspec

from casbd.cli import EXIT_NO
from casbd.cli._common import cell, json_option, write_lines
from casbd.cli._document import show
from casbd.cli._sources import sources
from casbd.clock import now
from casbd.reports.month import Month
from casbd.wire import json_lines


class _MonthOption(click.ParamType[Month]):
    """`2026-10`."""

    name = "month"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Month:
        """The month."""
        try:
            return value if isinstance(value, Month) else Month.read(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


@click.command("monthly")
@click.option("--month", type=_MonthOption(), metavar="YYYY-MM", help="Left out, the last one that is over.")
@click.option("--out", type=click.Path(path_type=Path), help="Write it to a file: .html, .md or .json.")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@click.option("--mail", "by_mail", is_flag=True, help="Mail it now to those whom `reports:` in the configuration names.")
@json_option
@click.pass_obj
def monthly(configuration: Path, month: Month | None, out: Path | None, force: bool, by_mail: bool, as_json: bool) -> None:
    """Report on a month for those who are responsible: incidents, how they were handled, trend, what to tune, changes, what to do.

    An alert is of the month of its first activity. Incidents are compared with the month before. With --out it is a page with
    charts (.html, in one file, to be printed or mailed), Markdown or JSON.
    With `reports: {monthly: {to: [...]}}` in the configuration it is mailed by itself on the first day of each month.
    """
    if by_mail:
        _mail(configuration, month)
        return
    from casbd.reports.making import monthly as make  # with DuckDB it takes longer to load than `--help` may
    from casbd.reports.writing import FORMS, written

    if out is not None and out.suffix not in FORMS:
        raise click.BadParameter(f"it ends with none of {', '.join(FORMS)}", param_hint="--out")
    at = now()
    with sources(configuration, at) as known:
        report = make(known, month or Month.of(at).plus(-1))
    if out is not None:
        from casbd.documents.replacing import whole

        try:
            with whole(out, force=force) as file:
                file.write(written(report, out.suffix))
        except FileExistsError as error:
            raise click.BadParameter(f"{error.filename}: {error.strerror} (--force writes over it)", param_hint="--out") from None
    elif as_json:
        write_lines([json_lines.line(msgspec.to_builtins(report))])
    else:
        from casbd.reports.words import document

        show(document(report))


def _mail(configuration: Path, month: Month | None) -> None:
    """Mail it; the end of the program where somebody refuses it."""
    from casbd.reports.sending import send

    at = now()
    with sources(configuration, at) as known:
        try:
            refused = send(known, month or Month.of(at).plus(-1))
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--mail") from None
        to = known.settings.reports.monthly.to if known.settings.reports.monthly else ()
    for who in to:
        click.echo(f"casbd: {who}: {cell(refused[who]) if who in refused else 'mailed'}", err=True)
    if refused:
        sys.exit(EXIT_NO)
