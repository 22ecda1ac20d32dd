"""A dispatcher with five alerts that wait."""

from __future__ import annotations

import pytest
from builders import record, settings

from casbd.outbox import worker as module
from casbd.outbox.dispatcher import Dispatcher
from casbd.outbox.to_output import ToOutput
from tests.outbox.destinations import PATIENCE


@pytest.fixture
def short_pauses(monkeypatch):
    monkeypatch.setattr(module, "MIN_BACKOFF_SECONDS", 0.001)
    monkeypatch.setattr(module, "MAX_BACKOFF_SECONDS", 0.005)


@pytest.fixture
def core(make_core):
    """Five alerts wait for `siem`."""
    core = make_core(rules={"failed": {}}, settings=settings({"siem": ["alerts"], "other": ["alerts"]}))
    core.feed_records(*(record(at=n) for n in range(5)))
    return core


@pytest.fixture
def start(core):
    """Starts a dispatcher with these outputs; ends it after the test."""
    started = []

    def start(**outputs):
        dispatcher = Dispatcher(core.store, lambda: core.now)
        dispatcher.use({name: ToOutput(name, output, lambda: core.now) for name, output in outputs.items()})
        started.append(dispatcher)
        return dispatcher

    yield start
    for dispatcher in started:
        dispatcher.stop(PATIENCE)
