"""What the configuration says of governance, for what a person asks for: the rails, and what connectors can take back."""

from __future__ import annotations

from casbd.config.settings import Settings
from casbd.errors import Mistakes
from casbd.governance.configured import rails_of
from casbd.governance.rails import Rails
from casbd.pipeline.enrichment import configured
from casbd.plugins import Connector, registry


def rails(settings: Settings) -> Rails:
    """The rails of today. Mistakes where the group file is wrong: nobody in it would be protected."""
    enrichers, mistakes = configured(settings.enrichers, lambda cls: cls.section == "organization")
    if mistakes:
        raise Mistakes(mistakes)
    return rails_of(settings, enrichers, None, _connectors(settings))


def _connectors(settings: Settings) -> dict[str, Connector]:
    """Those that can be built here: a credential of the service's is none of a shell's."""
    connectors = {}
    for one in settings.connectors:
        try:
            connectors[one.name] = registry.load("connectors", one.type)(one.options)
        except Mistakes:
            continue
    return connectors


def way_back(settings: Settings, connector: str, action: str) -> str | None:
    """The action that takes another one back at a connector; None where there is none."""
    types = [one.type for one in settings.connectors if one.name == connector]
    ways: dict[str, str] = getattr(registry.load("connectors", types[0]), "ways_back", {}) if types else {}
    return ways.get(action)
