"""`builders.py` and what is beside it can be imported by every test; a `core` is casbd without inputs, enrichers and threads.

Hypothesis's settings for all tests are here. No deadline: on a busy machine an example may take any time, which is no fault of
casbd's. Where `CI` is set the examples are always the same, so that a test that fails fails because of the change.
"""

import os
import sys
from pathlib import Path

import hypothesis
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from builders import Core
from certificates import Authority

for name in ("COLUMNS", "LINES"):  # GNU readline leaves a terminal's size to the processes that xdist starts; casbd would go by it
    os.environ.pop(name, None)

collect_ignore = ["added_parts"]

hypothesis.settings.register_profile("casbd", deadline=None, derandomize=bool(os.environ.get("CI")))
hypothesis.settings.load_profile("casbd")


@pytest.fixture(autouse=True)
def environment_as_it_was():
    """casbd sets PYTHONSAFEPATH for the processes that it starts; here a later test's own programs would not find what is beside them."""
    before = os.environ.copy()
    yield
    if os.environ != before:
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch):
    """Servers of tests are on loopback."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"), "ca")


@pytest.fixture(scope="session")
def other_authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("other"), "other")


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
