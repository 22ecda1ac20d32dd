"""`casbd policies`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from casbd import config, policies, registry
from casbd.cli import EXIT_NO
from casbd.cli._common import cell, json_option, table, write_lines
from casbd.documents import nearest
from casbd.errors import StoreError
from casbd.policies import Policy
from casbd.store import policies as counted
from casbd.store.database import Store
from casbd.wire import json_lines

if TYPE_CHECKING:
    from casbd.alerting.trial import Outcome
    from casbd.enrichment import Enrichment
    from casbd.model.activity import Activity

COLUMNS = ("policy", "name", "severity", "mode", "counts", "tests", "matches", "alerts")
LESS = ("name", "counts", "tests")


@click.group("policies")
def command() -> None:
    """List, show and test policies."""


@command.command("list")
@json_option
@click.pass_obj
def list_policies(configuration: Path, /, as_json: bool) -> None:
    """List the policies, with how often each matched and alerted since the store began.

    Matches of a simulated policy are counted too, and its alerts are those that it would have raised.
    """
    loaded = Loaded(configuration)
    counts = loaded.counts()
    if as_json:
        write_lines(json_lines.line(_told(policy, *counts.get(policy.id, (0, 0)))) for policy in loaded.policies)
        return
    table("", COLUMNS, [_row(policy, *counts.get(policy.id, (0, 0))) for policy in loaded.policies], _style, less=LESS)


@command.command("show")
@click.argument("policy_id")
@click.pass_obj
def show(configuration: Path, /, policy_id: str) -> None:
    """Show a policy's file."""
    policy = Loaded(configuration).one(policy_id)
    click.echo(f"# {policy.path}", err=True)
    click.echo(policy.path.read_text(encoding="utf-8"), nl=False)


@command.command("test")
@click.argument("policy_id", required=False)
@json_option
@click.pass_obj
def test(configuration: Path, /, policy_id: str | None, as_json: bool) -> None:
    """Run the tests inside the rule files, of all policies or of one. Exit code 1 if any fails."""
    from casbd.alerting import trial

    loaded = Loaded(configuration)
    chosen = [loaded.one(policy_id)] if policy_id else loaded.policies
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


class Loaded:
    """The configured policies, whatever else is wrong in the configuration. Mistakes where a rule file has some."""

    def __init__(self, configuration: Path) -> None:
        self.settings, mistakes = config.read(configuration)
        connectors = None if mistakes else {connector.name for connector in self.settings.connectors}
        self.policies = sorted(policies.load(self.settings.rules, connectors), key=lambda policy: policy.id)

    def one(self, policy_id: str) -> Policy:
        """The policy with this id, or the end of the program."""
        for policy in self.policies:
            if policy.id == policy_id:
                return policy
        hint = nearest(policy_id, [policy.id for policy in self.policies])
        click.echo(f"casbd: there is no policy {cell(policy_id)}" + (f" ({hint})" if hint else ""), err=True)
        sys.exit(EXIT_NO)

    def counts(self) -> dict[str, tuple[int, int]]:
        """Matches and alerts by policy; none where casbd never ran."""
        try:
            with Store(self.settings.state_dir, readonly=True) as store:
                return counted.counts(store.connection)
        except StoreError:
            return {}

    def read(self, form: str, raw: str) -> Sequence[Activity]:
        """The activities of a raw record, enriched as the daemon would."""
        plugin = registry.load("formats", form)
        activities: Sequence[Activity] = plugin(plugin.Options()).parse(raw.encode())
        for activity in activities:
            activity.raw, activity.source = raw, form
        self._enrichment.enrich(activities)
        return activities

    @cached_property
    def _enrichment(self) -> Enrichment:
        from casbd.enrichment import Enrichment

        enrichers = [registry.load("enrichers", name)(options) for name, options in self.settings.enrichers.items()]
        return Enrichment(sorted(enrichers, key=lambda enricher: enricher.order))


def _told(policy: Policy, matches: int, alerts: int) -> dict[str, Any]:
    return {
        "policy_id": policy.id,
        "name": policy.name,
        "severity": policy.severity,
        "category": policy.category,
        "enabled": policy.enabled,
        "mode": policy.mode,
        "matches": matches,
        "alerts": alerts,
        "tests": len(policy.tests),
        "tags": policy.tags,
        "file": str(policy.path),
    }


def _row(policy: Policy, matches: int, alerts: int) -> tuple[Any, ...]:
    counting = f"{policy.match.repeated} in {_length(policy.match.within)}" if policy.match else "each"
    mode = policy.mode if policy.enabled else "disabled"
    return policy.id, policy.name, policy.severity, mode, counting, len(policy.tests), matches, alerts


def _length(milliseconds: int) -> str:
    """`90s`, `5m`, `2h`, `1d`: as in the rule file."""
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)):
        if milliseconds % size == 0:
            return f"{milliseconds // size}{unit}"
    return f"{milliseconds}ms"


def _style(cells: Sequence[Any]) -> str:
    return {"disabled": "dim", "simulate": "cyan"}.get(cells[3], "")


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
