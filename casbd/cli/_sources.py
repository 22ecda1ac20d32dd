"""What reports are made from, as the configuration names it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from casbd.cli._common import open_store
from casbd.cli._screen import screen
from casbd.cli.policies._loaded import Loaded

if TYPE_CHECKING:
    from casbd.reports.sources import Sources


@contextmanager
def sources(configuration: Path, at: int) -> Iterator[Sources]:
    """The store, settings and policies, while it lasts. at: what time it is (ms)."""
    from casbd.reports.sources import Sources

    shown = screen(configuration)
    loaded = Loaded(configuration)
    with open_store(configuration) as store:
        yield Sources(store=store, settings=loaded.settings, policies=loaded.policies, shown=shown, now=at)
