"""What the configured files say of addresses today."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from casbd.cli._common import cell
from casbd.config import reading
from casbd.pipeline.enrichment import configured
from casbd.plugins import Enricher, Lacking


def address_enrichers(configuration: Path) -> list[Enricher]:
    """The enrichers that look at the address, in their order; a file that cannot be read is warned of and left out."""
    settings, _ = reading.read(configuration)
    enrichers, mistakes = configured(settings.enrichers, lambda enricher: enricher.reads == ("ip_address",))
    for mistake in mistakes:
        click.echo(cell(mistake), err=True)
    return enrichers


def lacking(enrichers: Sequence[Enricher]) -> dict[str, str]:
    """The fields of which they know nothing for want of a file, and what it takes."""
    return {field: text for enricher in enrichers if isinstance(enricher, Lacking) for field, text in enricher.lacks().items()}
