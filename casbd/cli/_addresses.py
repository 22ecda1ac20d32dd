"""What the configured files say of addresses today."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from casbd.cli._common import cell
from casbd.config import reading
from casbd.errors import Mistakes
from casbd.plugins import Enricher, Lacking, registry


def address_enrichers(configuration: Path) -> list[Enricher]:
    """The enrichers that look at the address, in their order; a file that cannot be read is told, and does without."""
    settings, _ = reading.read(configuration)
    enrichers: list[Enricher] = []
    for name, cls in registry.load_all("enrichers").items():
        if cls.reads != ("ip_address",) or name not in settings.enrichers:
            continue
        try:
            enrichers.append(cls(settings.enrichers[name]))
        except Mistakes as error:
            for mistake in error.found:
                click.echo(cell(mistake), err=True)
    return sorted(enrichers, key=lambda enricher: enricher.order)


def lacking(enrichers: Sequence[Enricher]) -> dict[str, str]:
    """The fields of which they know nothing for want of a file, and what it takes."""
    return {field: text for enricher in enrichers if isinstance(enricher, Lacking) for field, text in enricher.lacks().items()}
