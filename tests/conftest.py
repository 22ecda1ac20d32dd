"""`builders.py` can be imported by every test; a `core` is casbd without inputs, enrichers and threads."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from builders import Core


@pytest.fixture
def make_core(tmp_path):
    """Makes a `Core` in a directory of its own; closes its store after the test."""
    cores = []

    def make(name="state", **options):
        core = Core(tmp_path / name, **options)
        cores.append(core)
        return core

    yield make
    for core in cores:
        core.close()
