"""What fields with few values can hold at all: what casbd's formats write there, and what the configuration's mappings say."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from casbd.config.settings import InputSettings, Settings
from casbd.formats import table_words
from casbd.plugins import Enricher, Telling, Words, registry

Detected = Mapping[str, Collection[str]]
"""By input, the formats that its files turned out to be."""


def known_words(settings: Settings, enrichers: Sequence[Enricher] = (), detected: Detected | None = None) -> Mapping[str, frozenset[str]]:
    """By field, patterns of fnmatch. Fields into which an input may put anything are left out.

    What `format: auto` will find nobody knows: what it has found counts, and all formats for the words that are their own.
    """
    by_field = table_words() | {"source": set(registry.names("formats")), "input": {entry.spec.name for entry in settings.inputs}}
    anything = set()
    vocabularies: list[Words] = [cls.words for cls in registry.load_all("formats").values()]
    vocabularies += [enricher.words() for enricher in enrichers if isinstance(enricher, Telling)]
    for entry in settings.inputs:
        for own in _of_input(entry, (detected or {}).get(entry.spec.name, ())):
            anything |= {field for field, values in own.items() if values is None}
            vocabularies.append(own)
    for words in vocabularies:
        for field, values in words.items():
            by_field.setdefault(field, set()).update(values or ())
    return {field: frozenset(values) for field, values in by_field.items() if field not in anything and field in _FEW}


def _of_input(entry: InputSettings, detected: Collection[str]) -> Iterator[Words]:
    """What each of its formats writes, as the options say."""
    auto = entry.spec.format == "auto"
    for name in detected if auto else [entry.spec.format]:
        cls = registry.load("formats", name)
        options = cls.Options() if auto else entry.options
        yield {**cls.words, **(options.words() if isinstance(options, Telling) else {})}


_FEW = ("activity_type", "app", "source", "input", "user_groups")
"""Fields whose values are casbd's own, or the configuration's."""
