"""What a reload replaces as a whole: policies, enrichers and formats, built from the configuration and checked."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from casbd import policies, registry
from casbd.config import Settings
from casbd.config import load as load_settings
from casbd.errors import Mistake, Mistakes
from casbd.pipeline import Scanner
from casbd.plugins import Enricher, Format, Options
from casbd.policies import Matcher, Policy

log = logging.getLogger(__name__)

SURE_ENOUGH = 0.5


class Engine:
    """Settings with everything built from them. Raises Mistakes with all that is wrong in all files."""

    def __init__(self, path: Path) -> None:
        self.settings: Settings = load_settings(path)
        mistakes: list[Mistake] = []
        self.policies: list[Policy] = []
        try:
            connectors = {connector.name for connector in self.settings.connectors}
            self.policies = policies.load(self.settings.rules, connectors)
        except Mistakes as error:
            mistakes += error.found
        self.enrichers: list[Enricher] = []
        for name, options in self.settings.enrichers.items():
            try:
                self.enrichers.append(registry.load("enrichers", name)(options))
            except Mistakes as error:
                mistakes += error.found
        if mistakes:
            raise Mistakes(mistakes)
        self.enrichers.sort(key=lambda enricher: enricher.order)
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
        found = self._formats.get(key)
        if found is None:
            cls = registry.load("formats", format_name)
            configured, options = self._options.get(input_name, ("auto", None))
            found = self._formats[key] = cls(options if configured == format_name else cls.Options())
        return found

    def files(self) -> list[Path]:
        """Every file and directory whose change asks for a reload."""
        watched = [self.settings.path, *rule_files(self.settings.rules)]
        for enricher in self.enrichers:
            watched += enricher.files()
        return watched

    def outputs(self) -> Iterator[tuple[str, Any]]:
        """Name and a maker of each output."""
        for output in self.settings.outputs:
            yield output.name, (registry.load("outputs", output.type), output.options)

    def connectors(self) -> Iterator[tuple[str, Any]]:
        """Name and class with options of each connector."""
        for connector in self.settings.connectors:
            yield connector.name, (registry.load("connectors", connector.type), connector.options)


def rule_files(directories: Sequence[Path]) -> list[Path]:
    """The rule directories and all files in them."""
    found: list[Path] = []
    for directory in directories:
        found.append(directory)
        found += sorted(path for path in directory.rglob("*") if path.suffix in (".yaml", ".yml") or path.is_dir())
    return found


def detect(sample: Sequence[bytes]) -> str | None:
    """The format that is surest that these records are its own, for `format: auto`; None where none is sure enough."""
    claims = {name: cls.claims(sample) for name, cls in registry.load_all("formats").items()}
    best = max(claims, key=lambda name: claims[name])
    return best if claims[best] >= SURE_ENOUGH else None
