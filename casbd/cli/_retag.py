"""`--retag`: the activity log as today's ranges and lists of addresses have it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from casbd.activity_log import ActivityLog
from casbd.store.database import Store

F = TypeVar("F", bound=Callable[..., Any])


def retag_option(function: F) -> F:
    """`--retag`."""
    help_text = "With the categories and tags that today's IP ranges and lists say; looks at more activities."
    return click.option("--retag", is_flag=True, help=help_text)(function)


def log_of(configuration: Path, store: Store, *, retag: bool) -> ActivityLog:
    """The log as it was stored, or with today's categories and tags. A range file that cannot be read is warned of and left out."""
    if not retag:
        return ActivityLog(store)
    from casbd.activity_log.retagged import Retagged  # with the enrichers, longer to load than most searches take
    from casbd.cli._addresses import address_enrichers
    from casbd.pipeline.enrichment import Enrichment
    from casbd.plugins import Reasoning

    ranges = [enricher for enricher in address_enrichers(configuration) if isinstance(enricher, Reasoning)]
    return Retagged(store, Enrichment(ranges).enrich)
