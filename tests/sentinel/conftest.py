"""Modules beside the tests can be imported by their names; `workspace` has what casbd makes of all samples and of the quick start."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from own_events import casbd, lay_out
from workspace import Workspace

from casbd.activity_log import ActivityLog
from casbd.store.database import Store
from casbd.store.state import governance_log, raised_alerts


@pytest.fixture(scope="session")
def items(tmp_path_factory):
    """The alerts, activities and commands themselves. One alert was closed."""
    place = tmp_path_factory.mktemp("sentinel")
    lay_out(place, "{name: json, type: file, path: sent.json, format: json, send: [alerts, activities, governance]}")
    assert casbd(place, "run", "--once").returncode in (0, 1)  # 1: some samples are records that cannot be read
    sent = map(json.loads, (place / "sent.json").read_text().splitlines())
    closed = next(message["alert_id"] for message in sent if message["type"] == "alert")
    assert casbd(place, "alerts", "close", closed, "--as", "false_positive").returncode == 0
    casbd(place, "run", "--once")
    store = Store(place / "state")
    try:
        activities = [activity for several in ActivityLog(store).scan() for activity in several]
        return [*raised_alerts.find(store.connection), *activities, *governance_log.every(store.connection)]
    finally:
        store.close()


@pytest.fixture(scope="session")
def workspace(items, tmp_path_factory):
    return Workspace(tmp_path_factory.mktemp("workspace"), items, datetime(2026, 12, 1, tzinfo=UTC))
