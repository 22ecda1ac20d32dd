"""`casbd outputs replay`: what it counts, asks and stores; that it is sent is of `tests/pipeline/test_replaying.py`."""

import pytest
from builders import HOUR, NOON, Core, record, settings

from casbd.cli.outputs import replay as module
from casbd.pipeline import replaying
from casbd.store.state import audit, replays
from tests.cli.conftest import lines


@pytest.fixture
def core(tmp_path):
    (tmp_path / "casbd.yaml").write_text(
        "state_dir: core/state\noutputs:\n  - {name: siem, type: file, path: alerts, send: [alerts, activities]}\n"
        "  - {name: soc, type: stdout, filters: {user: {startswith: b}}}\n"
    )
    core = Core(tmp_path / "core", rules={"failed": {}}, settings=settings({"siem": ["alerts", "activities"]}))
    for hours in range(4):
        core.now = NOON + hours * HOUR
        core.feed_records(record(at=hours * HOUR, UserId=f"{'ab'[hours % 2]}@contoso.com"))
    yield core
    core.close()


@pytest.fixture
def replay(run, core, tmp_path):
    return lambda *arguments, **more: run("outputs", "replay", *arguments, config=tmp_path / "casbd.yaml", **more)


SPAN = ["--from", "2026-01-01T13:00Z", "--to", "2026-01-01T14:00Z"]


def test_says_how_many_and_the_trail_who_asked(core, replay):
    assert lines(replay("siem", *SPAN, "--json")) == [{"name": "siem", "alerts": 2, "activities": 2}]
    (asked,) = replays.waiting(core.store.connection)
    assert (asked.destination, asked.since, asked.until) == ("siem", NOON + HOUR, NOON + 2 * HOUR)
    (entry,) = audit.listed(core.store.connection, action="outputs replay")
    span = {"from": "2026-01-01T13:00:00.000Z", "to": "2026-01-01T14:00:00.000Z"}
    assert (entry.target, entry.detail) == ("siem", {**span, "alerts": 2, "activities": 2})


def test_counts_what_the_output_is_sent(core, replay):
    assert replay("soc", *SPAN, errors=True) == "1 alerts and 0 activities are sent to soc once more\n"


def test_where_there_is_nothing_nothing_is_asked_for(core, replay):
    assert lines(replay("siem", "--from", "2030-01-01", "--to", "2030-01-02", "--json")) == [{"name": "siem", "alerts": 0, "activities": 0}]
    assert replays.waiting(core.store.connection) == []


def test_asks_first_where_it_is_many(core, replay, monkeypatch):
    monkeypatch.setattr(module, "_MANY", 3)
    replay("siem", *SPAN, code=130)
    assert replays.waiting(core.store.connection) == []
    replay("siem", *SPAN, "--yes")
    assert len(replays.waiting(core.store.connection)) == 1


def queue_a_page(core, page=None):
    output = settings({"siem": ["alerts", "activities"]}).outputs[0]
    replaying._page(core.store, output, page or replays.waiting(core.store.connection)[0], lambda: core.now, {})


def test_tells_what_is_left_and_is_cancelled(core, replay, monkeypatch):
    monkeypatch.setattr(replaying, "PAGE", 1)
    replay("siem", *SPAN)
    span = {"name": "siem", "from": "2026-01-01T13:00:00.000Z", "to": "2026-01-01T14:00:00.000Z"}
    assert lines(replay("siem", "--json")) == [{**span, "alerts": 2, "activities": 2}]
    queue_a_page(core)
    assert lines(replay("siem", "--json")) == [{**span, "alerts": 1, "activities": 2}]
    assert lines(replay("soc", "--json")) == []
    waiting = len(core.waiting("siem"))
    assert lines(replay("soc", "--cancel", "--json")) == [{"name": "soc", "cancelled": 0}]
    assert lines(replay("siem", "--cancel", "--json")) == [{"name": "siem", "cancelled": 1}]
    assert lines(replay("siem", "--json")) == replays.waiting(core.store.connection) == []
    assert len(core.waiting("siem")) == waiting
    entries = [one.detail for one in audit.listed(core.store.connection, action="outputs replay")]
    assert {"from": span["from"], "to": span["to"], "cancelled": True} in entries


def test_one_that_is_cancelled_while_a_page_is_queued_does_not_come_back(core, replay):
    replay("siem", *SPAN)
    (page,) = replays.waiting(core.store.connection)
    replay("siem", "--cancel")
    queue_a_page(core, page)
    assert replays.waiting(core.store.connection) == []


def test_wrong_use(replay):
    assert "--to needs --from" in replay("siem", "--to", "2026-01-02", code=2)
    assert "--cancel takes neither" in replay("siem", "--cancel", *SPAN, code=2)
    assert "no such output" in replay("nobody", *SPAN, code=2)
    assert "it lies after --to" in replay("siem", "--from", "2026-01-02", "--to", "2026-01-01", code=2)
