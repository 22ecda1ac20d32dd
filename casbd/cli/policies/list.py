"""`casbd policies list`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from casbd.cli._common import json_option, table, write_lines
from casbd.cli.policies._columns import counting, row_of
from casbd.cli.policies._loaded import Loaded
from casbd.cli.policies._templates import require_template
from casbd.model.costly import SetAside
from casbd.policies.policy import Policy
from casbd.wire import json_lines

COLUMNS = ("policy", "name", "severity", "mode", "counts", "tests", "matches", "alerts")
LESS = ("name", "counts", "tests")


@click.command("list")
@click.option("--template", metavar="T", help="Only those made from this template.")
@json_option
@click.pass_obj
def list_policies(configuration: Path, /, template: str | None, as_json: bool) -> None:
    """List the policies, with how often each matched and alerted since the store began.

    Matches of a simulated policy are counted too, and its alerts are those that it would have raised. One that is `set aside` costs too
    much and is not asked until its filters change (`casbd status` shows what it took). Exit code 1 where there is no such template.
    """
    loaded = Loaded(configuration)
    policies = loaded.policies
    if template is not None:
        _require_known(template, policies)
    counts, aside = loaded.counts(), loaded.set_aside(policies)
    rows = [(policy, aside.get(policy.id), *counts.get(policy.id, (0, 0))) for policy in policies if template in (None, policy.template)]
    if as_json:
        write_lines(json_lines.line(row_of(*row)) for row in rows)
        return
    table("", COLUMNS, [_row(*row) for row in rows], _style, less=LESS)


def _require_known(template: str, own: Sequence[Policy]) -> None:
    from casbd.policies.templates import templates

    names = {policy.template for policy in own} - {""}
    if template not in names:
        require_template(template, names | {policy.id for policy in templates()})


def _row(policy: Policy, aside: SetAside | None, matches: int, alerts: int) -> tuple[Any, ...]:
    mode = "disabled" if not policy.enabled else "set aside" if aside else policy.mode
    return policy.id, policy.name, policy.severity, mode, counting(policy), len(policy.tests), matches, alerts


def _style(cells: Sequence[Any]) -> str:
    return {"disabled": "dim", "set aside": "red", "simulate": "cyan"}.get(cells[3], "")
