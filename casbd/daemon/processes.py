"""Processes of casbd's own that are begun at any time, to write segments: each a new Python, with nothing of what this one holds."""

from __future__ import annotations

import os
from multiprocessing import get_context
from multiprocessing.context import SpawnContext


def context() -> SpawnContext:
    """How they are started. They look for no module in the current directory (`-c` does, python(1)): it may be anybody's."""
    os.environ["PYTHONSAFEPATH"] = "1"
    return get_context("spawn")
