"""`casbd policies list`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from casbd.cli._common import json_option, table, write_lines
from casbd.cli.policies._columns import counting
from casbd.cli.policies._loaded import Loaded
from casbd.cli.policies._templates import require_template
from casbd.policies.policy import Policy
from casbd.wire import json_lines

if TYPE_CHECKING:
    from casbd.cli.policies._logged import Listed

COLUMNS = ("policy", "name", "severity", "mode", "counts", "tests", "matches", "alerts", "since", "last match", "needs")
LESS = ("since", "needs", "last match", "name", "counts", "tests")


@click.command("list")
@click.option("--template", metavar="T", help="Only those made from this template.")
@json_option
@click.pass_obj
def list_policies(configuration: Path, /, template: str | None, as_json: bool) -> None:
    """List the policies, with how often each matched and alerted since the store began.

    Matches of a simulated policy are counted too, and its alerts are those that it would have raised. One that is `set aside` costs too
    much and is not asked until its filters change (`casbd status` shows what it took). Since when it has matched and when last is told of
    what is kept; needed is what the configuration could name, and records that did not come in the last 30 days. Exit code 1 where there is
    no such template.
    """
    from casbd.cli.policies._logged import listed  # with DuckDB it takes longer to load than `--help` may

    loaded = Loaded(configuration)
    policies = loaded.policies
    if template is not None:
        _require_known(template, policies)
    rows = listed(loaded, [policy for policy in policies if template in (None, policy.template)])
    if as_json:
        write_lines(json_lines.line(row.fields()) for row in rows)
    else:
        table("", COLUMNS, map(_row, rows), _style, less=LESS)


def _require_known(template: str, own: Sequence[Policy]) -> None:
    from casbd.policies.templates import templates

    names = {policy.template for policy in own} - {""}
    if template not in names:
        require_template(template, names | {policy.id for policy in templates()})


def _row(one: Listed) -> tuple[Any, ...]:
    policy = one.policy
    mode = "disabled" if not policy.enabled else "set aside" if one.aside else policy.mode
    known = (one.matches, one.alerts, one.first, one.last, "; ".join(one.needs))
    return policy.id, policy.name, policy.severity, mode, counting(policy), len(policy.tests), *known


def _style(cells: Sequence[Any]) -> str:
    return {"disabled": "dim", "set aside": "red", "simulate": "cyan"}.get(cells[3], "")
