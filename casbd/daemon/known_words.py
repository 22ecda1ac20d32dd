"""What fields with few values can hold at all: what casbd's formats write there, and what the configuration's mappings say."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from casbd import registry
from casbd.config import Settings
from casbd.formats import table_words
from casbd.plugins import Enricher, Telling, Words


def known_words(settings: Settings, enrichers: Sequence[Enricher] = ()) -> Mapping[str, frozenset[str]]:
    """By field, patterns of fnmatch. Fields into which an input may put anything are left out.

    Of `format: auto` nobody knows which format it will find: it counts as the formats whose words are casbd's own.
    """
    found = table_words() | {"source": set(registry.names("formats")), "input": {entry.spec.name for entry in settings.inputs}}
    anything = set()
    told: list[Words] = [cls.words for cls in registry.load_all("formats").values()]
    told += [enricher.words() for enricher in enrichers if isinstance(enricher, Telling)]
    for entry in settings.inputs:
        own: dict[str, Collection[str] | None] = {}
        if entry.spec.format != "auto":
            own |= registry.load("formats", entry.spec.format).words
        if isinstance(entry.options, Telling):
            own |= entry.options.words()
        anything |= {field for field, values in own.items() if values is None}
        told.append(own)
    for words in told:
        for field, values in words.items():
            found.setdefault(field, set()).update(values or ())
    return {field: frozenset(values) for field, values in found.items() if field not in anything and field in _FEW}


_FEW = ("activity_type", "app", "source", "input", "user_groups")
"""Fields whose values are casbd's own, or the configuration's."""
