"""`casbd policies scorecard`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from casbd.cli import _insights
from casbd.cli._common import json_option, open_store, table, write_lines
from casbd.cli.policies._loaded import Loaded
from casbd.wire import json_lines

if TYPE_CHECKING:
    from casbd.reports.scorecard import Score

COLUMNS = ("policy", "verdict", "alerts", "open", "true", "harmless", "false", "a week", "share", "closed in", "alone", "why")
LESS = ("closed in", "share", "harmless", "open", "alone", "a week")
STYLES = {"keep": "green", "tune": "yellow", "retire": "red", "no data": "dim"}


@click.command("scorecard")
@_insights.span_options_of(90)
@json_option
@click.pass_obj
def show_scorecard(configuration: Path, /, days: int, as_of: int | None, as_json: bool) -> None:
    """Score each policy by its alerts of the last days (--days) before now or --as-of: keep, tune or retire it, and why.

    How many there were, what they were closed as, how many a week, which share of all alerts, in the median how long it took to close
    them, and which ATT&CK techniques no other policy watches. Few judged alerts say little: the verdict goes by what their number proves
    with 95 % certainty.
    """
    from casbd.cli.policies._logged import standings  # with DuckDB it takes longer to load than `--help` may
    from casbd.policies.coverage import coverage
    from casbd.reports.scorecard import scorecard
    from casbd.store.state import reported

    loaded, span = Loaded(configuration), _insights.span_of(days, as_of)
    with open_store(configuration) as store:
        alerts = [*reported.alerts(store.connection, span.since, span.until)]
    several = standings(loaded, loaded.policies, span)
    scores = scorecard(alerts, coverage(several), several, span.until - span.since)
    if as_json:
        write_lines(json_lines.line(_fields(score)) for score in scores)
        return
    order = [*STYLES]
    scores.sort(key=lambda score: (order.index(score.verdict), -score.alerts, score.standing.policy.id))
    table("", COLUMNS, map(_row, scores), _style, less=LESS)


def _fields(score: Score) -> dict[str, Any]:
    about = {"policy_id": score.standing.policy.id, "name": score.standing.policy.name, "state": score.standing.state}
    precision = score.precision._asdict() if score.precision else None
    return about | {name: value for name, value in score._asdict().items() if name != "standing"} | {"precision": precision}


def _row(score: Score) -> tuple[Any, ...]:
    closed_as = (score.true_positive, score.benign, score.false_positive)
    often = (f"{score.per_week:g}", f"{score.share:.0%}", None if score.hours_to_close is None else f"{score.hours_to_close:g} h")
    return score.standing.policy.id, score.verdict, score.alerts, score.open, *closed_as, *often, " ".join(score.alone), score.why


def _style(cells: Sequence[Any]) -> str:
    return STYLES.get(cells[1], "")
