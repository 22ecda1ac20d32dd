"""`casbd report policies`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from casbd.cli._common import json_option, moment, table, write_lines
from casbd.cli._sources import sources
from casbd.clock import now
from casbd.records.timestamps import parse
from casbd.wire import json_lines

if TYPE_CHECKING:
    from casbd.reports.policies import PolicyReport

COLUMNS = ("policy", "state", "matches", "alerts", "open", "true", "harmless", "false", "false share", "last match", "last change")
LESS = ("harmless", "true", "last change")


@click.command("policies")
@json_option
@click.pass_obj
def policies(configuration: Path, /, as_json: bool) -> None:
    """Report on each policy: matches, alerts, how they were closed, share of false ones, last match, last change, state.

    Matches are counted since the store began, alerts as long as they are kept. The share is of the alerts that were closed as something.
    The last change of a file that has not been changed since casbd began is the file's own time.
    """
    from casbd.reports.policies import policies as report  # with DuckDB it takes longer to load than `--help` may

    with sources(configuration, now()) as known:
        reports = report(known)
    if as_json:
        write_lines(json_lines.line(msgspec.to_builtins(one)) for one in reports)
    else:
        table("", COLUMNS, map(_row, reports), less=LESS)


def _row(one: PolicyReport) -> tuple[Any, ...]:
    share = None if one.false_share is None else f"{100 * one.false_share:.0f} %"
    changed = moment(parse(one.last_change)) if one.last_change else None
    numbers = (one.matches, one.alerts, one.open, one.true_positive, one.benign, one.false_positive)
    return one.policy_id, one.state, *numbers, share, one.last_match, changed
