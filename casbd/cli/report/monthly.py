"""`casbd report monthly`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import msgspec

from casbd.cli._common import json_option, write_lines
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
@json_option
@click.pass_obj
def monthly(configuration: Path, month: Month | None, out: Path | None, force: bool, as_json: bool) -> None:
    """Report on a month for those who are responsible: incidents, how they were handled, trend, what to tune, changes, what to do.

    An alert is of the month of its first activity. Incidents are compared with the month before. With --out it is a page with
    charts (.html, in one file, to be printed or mailed), Markdown or JSON.
    """
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
