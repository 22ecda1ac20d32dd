"""`casbd policies backtest`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click

from casbd.cli import _bars
from casbd.cli._common import Time, cell, check_span, json_option, open_store, write_lines
from casbd.cli._retag import log_of, retag_option
from casbd.cli._screen import screen
from casbd.cli.policies._loaded import Loaded
from casbd.clock import monotonic
from casbd.model.alert import Alert
from casbd.policies import loading
from casbd.policies.policy import Policy
from casbd.records.timestamps import iso
from casbd.wire import json_lines

MOST_BARS = 31


@click.command("backtest")
@click.argument("policy")
@click.option("--from", "since", type=Time(), help="Only activities not before this time.")
@click.option("--to", "until", type=Time(end=True), help="Only activities not after this time; a day alone is included.")
@retag_option
@json_option
@click.pass_obj
def backtest(configuration: Path, /, policy: str, since: int | None, until: int | None, retag: bool, as_json: bool) -> None:
    """Run a policy over the stored activity log: the alerts that it would have raised.

    POLICY is the id of a configured policy, enabled or not, or the path of a rule file that is not installed yet.
    """
    from casbd.backtest.stored_log import would_have_raised

    check_span(since, until)
    begun = monotonic()
    several = _of_file(Path(policy)) if policy.endswith((".yaml", ".yml")) else [Loaded(configuration).one(policy)]
    shown = screen(configuration)
    alerts: list[Alert] = []
    with open_store(configuration) as store:
        for chosen in several:
            log = log_of(configuration, store, retag=retag)
            alerts += map(shown.alert, would_have_raised(chosen, log, since, until))
        number = log.looked_at
    alerts.sort(key=lambda alert: (alert.first_activity, alert.alert_id))
    if as_json:
        write_lines(map(json_lines.alert, alerts))
    else:
        _chart("day", Counter(iso(alert.first_activity)[:10] for alert in alerts), by_size=False)
        _chart("user", Counter(alert.user or "(nobody's alone)" for alert in alerts), by_size=True)
    seconds = monotonic() - begun
    click.echo(
        f"{len(alerts)} alerts of {cell(', '.join(one.id for one in several))} in {number} activities; it took {seconds:.1f} s", err=True
    )


def _of_file(path: Path) -> list[Policy]:
    """The policies of a file; rules that a correlation refers to lie beside it."""
    others = [other for other in path.parent.glob("*.y*ml") if other != path] if path.parent.is_dir() else []
    return loading.load_all_of(path, others=others)


def _chart(title: str, counts: Counter[str], *, by_size: bool) -> None:
    """Numbers as bars, at most so many as a screen holds."""
    shown = counts.most_common(MOST_BARS) if by_size else sorted(counts.items())[-MOST_BARS:]
    _bars.draw((title, "alerts"), shown)
