"""The configured policies, and what the store knows of them."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import click

from casbd.cli import EXIT_NO
from casbd.cli._common import cell
from casbd.config import reading
from casbd.config.connector_actions import connector_actions
from casbd.documents import nearest
from casbd.errors import Mistakes, StoreError
from casbd.governance.rails import meaning
from casbd.model.activity import Activity
from casbd.model.costly import SetAside
from casbd.plugins import Enricher, registry
from casbd.policies import loading
from casbd.policies.exceptions import exempted, load_exemptions
from casbd.policies.lacking import lacking
from casbd.policies.policy import Policy
from casbd.records.finished import finish
from casbd.store.database import Store, is_new
from casbd.store.state import policy_counts, set_aside

if TYPE_CHECKING:
    from casbd.pipeline.enrichment import Enrichment


class Loaded:
    """The configured policies, whatever else is wrong in the configuration. Mistakes where a rule file of casbd's has some."""

    def __init__(self, configuration: Path) -> None:
        self.settings, _ = reading.read(configuration)
        self._connectors = connector_actions(self.settings)

    @cached_property
    def policies(self) -> list[Policy]:
        """All of them, by id. Of Sigma files that cannot be used only the number is reported."""
        rule_set = loading.load_rule_set(self.settings.rules, self._connectors)
        files = len({mistake.file for mistake in rule_set.unusable})
        if files:
            files_are = "a rule file cannot be used and is" if files == 1 else f"{files} rule files cannot be used and are"
            click.echo(f"casbd: {files_are} left out (`casbd check` says why)", err=True)
        return rule_set.policies

    @cached_property
    def paths(self) -> list[Path]:
        """All rule files."""
        return loading.rule_files(self.settings.rules)

    def one(self, policy_id: str) -> Policy:
        """The policy with this id, whatever is wrong in other files; where there is none, the end of the program."""
        likely = [path for path in self.paths if path.stem == policy_id]
        likely += [path for path in self.paths if policy_id.startswith(f"{path.stem}-")]  # one of several rules of a Sigma file
        for path in likely:
            for policy in loading.load_all_of(path, self._connectors, others=self.paths):
                if policy.id == policy_id:
                    return exempted(policy, load_exemptions(self.settings.rules, None))
        hint = nearest(policy_id, [path.stem for path in self.paths])
        hint = hint if hint.startswith("did") else "`casbd policies list` shows them"
        click.echo(f"casbd: there is no policy {cell(policy_id)} ({hint})", err=True)
        sys.exit(EXIT_NO)

    def counts(self) -> dict[str, tuple[int, int]]:
        """Matches and alerts by policy; none where it never ran."""
        try:
            with Store(self.settings.state_dir, readonly=True) as store:
                return policy_counts.counts(store.connection)
        except StoreError as error:
            if not is_new(self.settings.state_dir):
                click.echo(f"casbd: how often policies matched is not known: {cell(str(error))}", err=True)
            return {}

    def set_aside(self, policies: Sequence[Policy]) -> Mapping[str, SetAside]:
        """Those of some policies that are not asked any more, as they cost too much."""
        try:
            with Store(self.settings.state_dir, readonly=True) as store:
                return set_aside.of(store.connection, {policy.id: meaning(policy) for policy in policies})
        except StoreError:  # `counts` has reported it
            return {}

    def lacks(self, policies: Sequence[Policy]) -> dict[str, list[str]]:
        """What the configuration does not have for the fields that policies look at, in words, by policy."""
        lacks: dict[str, list[str]] = {}
        for lack in lacking(self.settings, policies, self._enrichers):
            for policy in lack.policies:
                lacks.setdefault(policy.id, []).append(lack.needs)
        return lacks

    def read(self, form: str, raw: str) -> Sequence[Activity]:
        """The activities of a raw record, finished and enriched as the stream would."""
        plugin, record = registry.load("formats", form), raw.encode()
        activities = [*plugin(plugin.Options()).parse(record)]
        for activity in activities:
            finish(activity, record, raw)
            activity.source = form
        self._enrichment.enrich(activities)
        return activities

    @cached_property
    def _enrichment(self) -> Enrichment:
        from casbd.pipeline.enrichment import Enrichment

        return Enrichment(self._enrichers)

    @cached_property
    def _enrichers(self) -> list[Enricher]:
        from casbd.pipeline.enrichment import configured

        enrichers, mistakes = configured(self.settings.enrichers)
        if mistakes:
            raise Mistakes(mistakes)
        return [*enrichers]
