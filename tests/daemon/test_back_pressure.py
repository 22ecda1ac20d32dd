"""Reading pauses while an outbox is full, and nobody looks more often than needed."""

from contextlib import ExitStack

import pytest
from builders import events, record

from casbd.daemon import back_pressure
from casbd.daemon.service import read_everything, start
from casbd.model.alert import Alert
from casbd.store.state import input_progress, outbox

CONFIGURATION = """
state_dir: state
outbox: {max_size: 1000}
inputs: [{name: in, path: in/*, format: m365}]
outputs: [{name: siem, type: file, path: out}, {name: other, type: file, path: out2}]
"""


@pytest.fixture
def running(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in/log").write_bytes(record() + b"\n")
    (tmp_path / "casbd.yaml").write_text(CONFIGURATION)
    with ExitStack() as undo:
        running = start(tmp_path / "casbd.yaml", undo)
        running.parts.dispatcher.stop(10)  # what is put into the outbox waits
        yield running


@pytest.fixture
def fill(running):
    """Puts alerts into these queues, so many bytes in each."""
    alert = Alert(alert_id="a", policy_id="p", policy_name="p", policy_type="activity", severity="low")

    def fill(**queues):
        with running.parts.store.transaction() as connection:
            connection.execute("DELETE FROM outbox")
            for queue, size in queues.items():
                outbox.add(connection, queue, alert)
                connection.execute("UPDATE outbox SET size = ? WHERE destination = ?", (size, queue))

    return fill


def test_it_pauses_when_a_queue_is_over_its_bound_and_goes_on_when_not(running, fill, caplog):
    pressure = running.back_pressure
    fill(siem=1000, gone=1001)  # for one that is not configured nobody waits
    assert (pressure.look(), pressure.full) == (False, "")
    fill(siem=1001, other=1001)
    assert (pressure.look(), pressure.full) == (True, "other, siem")
    assert pressure.look()
    fill()
    assert (pressure.look(), pressure.full) == (False, "")
    assert events(caplog, "casbd.daemon.back_pressure") == [
        ("WARNING", "reading pauses: an outbox is full", {"destinations": ["other", "siem"]}),
        ("WARNING", "reading goes on", {"destinations": []}),
    ]


def test_it_looks_every_two_seconds(running, fill, monkeypatch):
    passed = [1000.0]
    monkeypatch.setattr(back_pressure, "monotonic", lambda: passed[0])
    assert not running.back_pressure.is_on()
    fill(siem=1001)
    passed[0] += 2.0
    assert not running.back_pressure.is_on()
    passed[0] += 0.1
    assert running.back_pressure.is_on()


def test_nothing_is_read_meanwhile(running, fill, monkeypatch):
    pauses = []
    monkeypatch.setattr(running.loop, "pause", pauses.append)
    fill(siem=1001)
    running.back_pressure.look()
    assert not running.loop.work()
    assert (pauses, input_progress.counts(running.parts.store.connection)["in"].received) == ([0.5], 0)
    fill()
    running.back_pressure.look()
    assert running.loop.work()
    assert input_progress.counts(running.parts.store.connection)["in"].received == 1


def test_a_run_to_the_end_delivers_and_reads_on(running, fill, monkeypatch):
    monkeypatch.setattr(running.loop, "pause", lambda _: None)
    monkeypatch.setattr(running.parts.dispatcher, "drain", lambda *_: fill() or True)
    fill(siem=1001)
    running.back_pressure.look()
    assert read_everything(running)
    assert input_progress.counts(running.parts.store.connection)["in"].received == 1


def test_it_ends_where_the_destination_takes_nothing(running, fill, monkeypatch):
    monkeypatch.setattr(running.loop, "pause", lambda _: None)
    monkeypatch.setattr(running.parts.dispatcher, "drain", lambda *_: True)
    fill(siem=1001)
    running.back_pressure.look()
    assert not read_everything(running)
