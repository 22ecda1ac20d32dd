"""A destination that waits for somebody, in a whole casbd: the others hear of it at once, and that it is over."""

import json
from contextlib import ExitStack

import pytest

from casbd.daemon.jobs import check_destinations
from casbd.daemon.service import start
from casbd.outputs import splunk_hec
from casbd.store.state import outbox, raised_alerts
from tests.notifications.alerts import alert
from tests.outputs.hec import TOKEN, Splunk

PATIENCE = 10


@pytest.fixture
def splunk(monkeypatch):
    monkeypatch.setenv("CASBD_TEST_TOKEN", TOKEN)
    server = Splunk()
    yield server
    server.stop()


@pytest.fixture
def parts_and_job(tmp_path, splunk):
    """A casbd whose second output is a file."""
    configuration = {
        "state_dir": "state",
        "rules": ["rules"],
        "inputs": [],
        "outputs": [
            {"name": "splunk", "type": "splunk_hec", "url": splunk.url, "token": {"env": "CASBD_TEST_TOKEN"}},
            {"name": "file", "type": "file", "path": "told", "format": "json"},
        ],
    }
    (tmp_path / "rules").mkdir()
    (tmp_path / "casbd.yaml").write_text(json.dumps(configuration))
    with ExitStack() as undo:
        running = start(tmp_path / "casbd.yaml", undo, once=True)
        running.parts.dispatcher.use(running.parts.destinations())
        yield running.parts, lambda: check_destinations.run(running)


def told(tmp_path):
    lines = [json.loads(line) for line in (tmp_path / "told").read_text().splitlines()]
    return [(one["policy_id"], one["event"], one["comment"]) for one in lines if one["type"] == "system"]


def test_a_disabled_token_is_told_at_once_and_so_is_its_end(tmp_path, splunk, parts_and_job, monkeypatch):
    parts, job = parts_and_job
    monkeypatch.setattr(splunk_hec, "RECHECK", 0.01)
    splunk.tokens[TOKEN] = "disabled"
    parts.raise_system(alert())
    assert not parts.dispatcher.drain(PATIENCE, 0.3)
    job()
    job()
    assert not parts.dispatcher.drain(PATIENCE, 0.3)
    assert [one for one in told(tmp_path) if "down" in one[0]] == [("casbd.destination_down", "raised", None)]
    (down,) = raised_alerts.find(parts.store.connection, policy_id="casbd.destination_down")
    assert "Token disabled (code 1)" in down.description
    assert not splunk.indexed

    splunk.tokens[TOKEN] = "enabled"
    assert parts.dispatcher.drain(PATIENCE, PATIENCE)
    assert parts.dispatcher.needing_somebody() == set()
    assert outbox.down_since(parts.store.connection) == {}
    job()
    job()
    assert parts.dispatcher.drain(PATIENCE, PATIENCE)
    assert [one for one in told(tmp_path) if "down" in one[0]][1:] == [
        ("casbd.destination_down", "closed", "Destination splunk takes messages again; it had taken none for 0 minutes.")
    ]
    assert len(splunk.indexed) == 1  # what the others are told of it, it is not
