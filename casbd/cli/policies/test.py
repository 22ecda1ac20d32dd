"""`casbd policies test`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from casbd.cli import EXIT_NO
from casbd.cli._common import cell, json_option, write_lines
from casbd.cli.policies._loaded import Loaded

if TYPE_CHECKING:
    from casbd.backtest.trial import Outcome


@click.command("test")
@click.argument("policy_id", required=False)
@json_option
@click.pass_obj
def test(configuration: Path, /, policy_id: str | None, as_json: bool) -> None:
    """Run the tests inside the rule files, of all policies or of one. Exit code 1 if any fails."""
    from casbd.backtest import trial

    loaded = Loaded(configuration)
    chosen = [loaded.one(policy_id)] if policy_id is not None else loaded.policies
    outcomes = [trial.run(policy, example, loaded.read) for policy in chosen for example in policy.tests]
    failed = [outcome for outcome in outcomes if not outcome.passed]
    if as_json:
        write_lines(map(msgspec.json.encode, outcomes))
    else:
        for outcome in failed:
            _tell(outcome)
        without = sum(not policy.tests for policy in chosen)
        more = f"; {without} of {len(chosen)} policies have no test" if without else ""
        click.echo(f"{len(outcomes) - len(failed)} of {len(outcomes)} tests passed{more}", err=True)
    if failed:
        sys.exit(EXIT_NO)


def _tell(outcome: Outcome) -> None:
    """A failed test, for people: what differs, one line each."""
    click.secho(f"FAILED {cell(outcome.policy_id)}: {cell(outcome.test)}", fg="red")
    if outcome.error:
        click.echo(f"    {cell(outcome.error)}")
        return
    if isinstance(outcome.expected, int) or isinstance(outcome.got, int):
        click.echo(f"    alerts: expected {outcome.expected}, got {outcome.got}")
        return
    if len(outcome.expected) != len(outcome.got):
        click.echo(f"    alerts: expected {len(outcome.expected)}, got {len(outcome.got)}")
    for number, (expected, got) in enumerate(zip(outcome.expected, outcome.got, strict=False), 1):
        for name in expected:
            if expected[name] != got[name]:
                click.echo(f"    alert {number}, {name}: expected {cell(expected[name])}, got {cell(got[name])}")
