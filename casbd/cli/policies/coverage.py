"""`casbd policies coverage`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from casbd.cli import _insights
from casbd.cli._common import cell, json_option, table, write_lines
from casbd.cli.policies._loaded import Loaded
from casbd.cli.policies._logged import standings
from casbd.cli.policies._refused import refused
from casbd.documents.replacing import whole
from casbd.policies import attack
from casbd.policies.coverage import WATCHED, Coverage, Standing, coverage, shares, unknown
from casbd.wire import json_lines, navigator

COLORS = {
    "covered": "#31a354",
    "partly": "#a1d99b",
    "simulated": "#9ecae1",
    "no records": "#fdae6b",
    "set aside": "#fb6a4a",
    "disabled": "#bdbdbd",
    "not covered": "#ffffff",
    "not in audit records": "#636363",
}
"""Of the Navigator's layer, by state."""
STYLES = {"covered": "green", "partly": "yellow", "simulated": "cyan", "no records": "yellow", "set aside": "red"}


MOST = 4
"""Policies of a technique in the table; --json has all."""


@click.command("coverage")
@click.option(
    "--platform", "platforms", multiple=True, type=click.Choice([*attack.MATRICES.values()], case_sensitive=False),
    help="Only this cloud matrix of ATT&CK; may be given several times.",
)  # fmt: skip
@click.option("--missing", is_flag=True, help="Only techniques that no policy watches.")
@click.option("--navigator", "layer", type=click.Path(path_type=Path), help="Write a layer of the ATT&CK Navigator to this file.")
@click.option("--force", is_flag=True, help="Write over that file.")
@_insights.span_options
@json_option
@click.pass_obj
def show_coverage(
    configuration: Path,
    /,
    platforms: tuple[str, ...],
    missing: bool,
    layer: Path | None,
    force: bool,
    days: int,
    as_of: int | None,
    as_json: bool,
) -> None:
    """Show which techniques of MITRE ATT&CK the policies cover, by their tags (`attack.t1078.004`).

    Covered is a technique whose policy is enabled and whose records came in the last days (--days) before now or --as-of; partly, if the
    policy lacks what the configuration could name, or if only sub-techniques are covered. Listed are the techniques of ATT&CK's cloud
    matrices, and others that policies name.
    """
    loaded = Loaded(configuration)
    loaded.counts()  # which says it where the store cannot be read
    several = standings(loaded, loaded.policies, _insights.span_of(days, as_of))
    covered = coverage(several, platforms)
    if layer is not None:
        _write(layer, covered, days, force=force)
    shown = [one for one in covered if one.state not in (*WATCHED, "not in audit records")] if missing else covered
    if as_json:
        write_lines(json_lines.line(_fields(one)) for one in shown)
    else:
        _tell(shown, covered)
    _hints(several, days)


def _fields(one: Coverage) -> dict[str, Any]:
    technique = one.technique
    return {
        "technique_id": technique.id,
        "name": technique.name,
        "tactics": technique.tactics,
        "platforms": technique.matrices,
        "state": one.state,
        "policies": [{"policy_id": each.policy.id, "state": each.state, "needs": each.needs} for each in one.standings],
    }


def _tell(shown: Sequence[Coverage], covered: Sequence[Coverage]) -> None:
    for tactic in attack.TACTICS:
        rows = [one for one in shown if tactic in one.technique.tactics]
        share = next((share for share in shares(covered) if share.tactic == tactic), None)
        if rows:
            title = f"{tactic}: {share.watched} of {share.of} watched" if share else f"{tactic}: nothing that audit records show"
            table(title, ("technique", "name", "state", "policies"), map(_row, rows), lambda cells: STYLES.get(cells[2], "dim"))
    countable = [one for one in covered if one.state != "not in audit records"]
    watched = sum(one.state in WATCHED for one in countable)
    click.echo(f"{watched} of {len(countable)} techniques that audit records can show are watched (ATT&CK {attack.VERSION})")


def _row(one: Coverage) -> tuple[Any, ...]:
    name = f"  {one.technique.name}" if one.technique.parent else one.technique.name
    named = [each.policy.id if each.state == "covered" else f"{each.policy.id} ({each.state})" for each in one.standings]
    more = [f"and {len(named) - MOST} more"] if len(named) > MOST else []
    return one.technique.id, name, one.state, ", ".join([*named[:MOST], *more])


def _hints(several: Sequence[Standing], days: int) -> None:
    """What would cover more, on standard error."""
    if all(one.state in ("no records", "disabled") for one in several):
        click.echo(f"casbd: no activity of the last {days} days is in the log, so no technique is covered (--as-of, --days)", err=True)
    for name, policies in unknown([one.policy for one in several]).items():
        click.echo(f"casbd: ATT&CK {attack.VERSION} has no {name}, which {cell(', '.join(policies))} names", err=True)


def _write(path: Path, covered: Sequence[Coverage], days: int, *, force: bool) -> None:
    marks = [
        navigator.Mark(
            one.technique.id,
            COLORS[one.state],
            sum(each.state in WATCHED for each in one.standings) if one.state in WATCHED else None,
            "\n".join([one.state, *(f"{each.policy.id}: {each.policy.name} ({each.state})" for each in one.standings)]),
        )
        for one in covered
    ]
    description = f"What casbd's policies cover, of records of the last {days} days. The score is the number of policies."
    text = navigator.layer("casbd", description, marks, COLORS, attack=attack.VERSION, platforms=[*attack.MATRICES.values()])
    try:
        with whole(path, force=force) as file:
            file.write(text)
    except FileExistsError as error:
        raise click.BadParameter(f"{error.filename}: {error.strerror} (--force writes over it)", param_hint="--navigator") from None
    except OSError as error:
        refused(path, error)
