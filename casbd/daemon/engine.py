"""What a reload replaces as a whole: policies, enrichers and formats, built from the configuration and checked."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from casbd.config.connector_actions import connector_actions
from casbd.config.place import MAIL
from casbd.config.reading import read as read_settings
from casbd.config.settings import PluginSettings, Settings
from casbd.daemon.doubts import doubts
from casbd.errors import Mistake, Mistakes
from casbd.governance.configured import rails_of
from casbd.governance.protected import unknown_ceilings, unknown_protected
from casbd.governance.rails import meaning
from casbd.model.governance import ACTIONS
from casbd.notifications import messengers
from casbd.notifications.recipients import Recipients
from casbd.pipeline.enrichment import configured
from casbd.pipeline.scan import Scanner
from casbd.plugins import Connector, Enricher, Format, Grouping, Options, Output, registry
from casbd.policies import loading
from casbd.policies.loading import RuleSet
from casbd.policies.matcher import Matcher
from casbd.policies.policy import Exemption, Policy
from casbd.policies.recipient_names import notices_to_nobody, wrong_recipients
from casbd.policies.rule_places import watched_rules

log = logging.getLogger(__name__)

SURE_ENOUGH = 0.5


class Engine:
    """Settings with everything built from them. Raises Mistakes with all that is wrong in all files."""

    def __init__(self, path: Path) -> None:
        self.settings: Settings
        mistakes: list[Mistake]
        self.settings, mistakes = read_settings(path)
        rules, actions = RuleSet([]), connector_actions(self.settings)
        try:
            rules = loading.load_rule_set(self.settings.rules, actions)
        except Mistakes as error:
            mistakes += error.mistakes
        self.policies: list[Policy] = rules.policies
        self.unusable = rules.unusable
        """What is wrong in Sigma files, and links out of the rule directories: they are left out, and all other policies work."""
        self._notes = rules.notes
        self.enrichers: list[Enricher]
        self.enrichers, lists = configured(self.settings.enrichers)
        mistakes += lists
        build = _Builder(mistakes)
        build.attempt(self.settings.privacy.check)
        self.outputs: dict[str, Output] = {o.name: output for o in self.settings.outputs if (output := build.plugin("outputs", o))}
        self.connectors: dict[str, Connector] = {
            c.name: connector for c in self.settings.connectors if (connector := build.plugin("connectors", c))
        }
        knowing_groups = [enricher for enricher in self.enrichers if isinstance(enricher, Grouping)]
        mistakes += unknown_protected(path, knowing_groups)
        mistakes += unknown_ceilings(path, {*ACTIONS}.union(*(actions or {}).values()))
        mistakes += wrong_recipients(self.policies, {one.name for one in self.settings.notifications})
        mistakes += notices_to_nobody(self.policies, {one.name for one in self.settings.connectors if one.type == MAIL})
        mistakes += messengers.check(self.settings)
        if mistakes:
            raise Mistakes([*mistakes, *rules.unusable])
        self.rails = rails_of(self.settings, self.enrichers, self.policies, self.connectors)
        self.recipients = Recipients(self.settings, self.policies).people
        """By queue."""
        self.matcher = Matcher(self.policies)
        self._formats: dict[tuple[str, str], Format] = {}
        self._options: dict[str, tuple[str, Options]] = {
            entry.spec.name: (entry.spec.format, entry.options) for entry in self.settings.inputs
        }

    def scanner(self, salt: bytes) -> Scanner:
        """The first half of the pipeline."""
        return Scanner(self.format_of, self.enrichers, self.matcher, salt)

    def format_of(self, input_name: str, format_name: str) -> Format:
        """The format that reads a file of an input; one object for each pair."""
        key = (input_name, format_name)
        plugin = self._formats.get(key)
        if plugin is None:
            cls = registry.load("formats", format_name)
            configured, options = self._options.get(input_name, ("auto", None))
            plugin = self._formats[key] = cls(options if configured == format_name else cls.Options())
        return plugin

    def load_what_is_needed_later(self) -> None:
        """What scanning would load when it first needs it."""
        for name, (format_name, _) in self._options.items():
            if format_name != "auto":
                self.format_of(name, format_name)
        for enricher in self.enrichers:
            enricher.look_up(*("-" for _ in enricher.reads))

    def meanings(self) -> dict[str, str]:
        """What each policy asks for, exceptions included, as a hash."""
        return self._meanings

    @cached_property
    def _meanings(self) -> dict[str, str]:
        return {policy.id: meaning(policy) for policy in self.policies}

    def warnings(self, now: int) -> list[Mistake]:
        """What is otherwise now than the files say. Line and column as of mistakes."""
        return [exemption.note("this exception has expired and is no longer applied") for exemption in self.expired(now)]

    @cached_property
    def doubts(self) -> list[Mistake]:
        """What is no mistake, but not what a person would expect. It takes some time: a daemon has something better to do first."""
        return [*self._notes, *doubts(self.settings, self.policies, self.enrichers, self.outputs)]

    def expired(self, now: int) -> list[Exemption]:
        """The exceptions that are over."""
        own = {exemption.place: exemption for policy in self.policies for exemption in policy.exemptions}
        return [exemption for exemption in own.values() if exemption.expires is not None and exemption.expires <= now]

    def files(self) -> list[Path]:
        """Every file and directory whose change asks for a reload."""
        lists = [path for enricher in self.enrichers for path in enricher.files()]
        return [self.settings.path, *watched_rules(self.settings.rules), *lists]


class _Builder:
    """Makes plugins, and notes the mistakes in the files that they read."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        self._mistakes = mistakes

    def plugin(self, kind: registry.Kind, one: PluginSettings) -> Any:
        """The plugin, or None after noting what is wrong, and with whom: the place of a secret that is not there does not say it."""
        try:
            return registry.load(kind, one.type)(one.options)
        except Mistakes as error:
            self._mistakes += (replace(wrong, message=f"{kind.removesuffix('s')} {one.name}: {wrong.message}") for wrong in error.mistakes)
            return None

    def attempt(self, make: Callable[[], Any]) -> Any:
        """What is made, or None after noting what is wrong."""
        try:
            return make()
        except Mistakes as error:
            self._mistakes += error.mistakes
            return None


def claims(sample: Sequence[bytes]) -> dict[str, float]:
    """How sure each format is that these records are its own, 0 to 1; the surest first."""
    claims = {name: cls.claims(sample) for name, cls in registry.load_all("formats").items()}
    return dict(sorted(claims.items(), key=lambda one: -one[1]))


def detect(sample: Sequence[bytes]) -> str | None:
    """The format that is surest that these records are its own, for `format: auto`; None where none is sure enough."""
    best, sure = next(iter(claims(sample).items()))
    return best if sure >= SURE_ENOUGH else None
