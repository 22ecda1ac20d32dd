"""Policies that cost too much, and activities that no policy was asked about: one alert each, an entry in the audit trail, the log."""

import pytest
from builders import HOUR, NOON, chunk, record

from casbd.model.costly import Costly
from casbd.store.state import audit, raised_alerts, set_aside

COST = Costly("slow", 0.25, 1, 100, NOON, "/in/a.json, byte 0")
TITLES = ["slow costs too much and is set aside", "Input m365: no policy was asked about some activities"]


@pytest.fixture
def core(make_core):
    return make_core(rules={"slow": {"mode": "simulate"}})


def feed(core, costly=(), unasked=0):
    """A batch of which the scanner says so."""
    batch = core.scanner.scan(chunk([record()]))
    batch.costly, batch.unasked = [*costly], unasked
    return core.pipeline.commit([batch])


def sent(core):
    return [row.alert() for row in core.waiting()]


def test_a_policy_is_set_aside_once(core, caplog):
    simulated = 1
    assert [feed(core, [COST]) - simulated for _ in range(2)] == [1, 0]
    assert [alert.title for alert in sent(core)] == TITLES[:1]
    assert [(entry.levelname, entry.message) for entry in caplog.records] == [("ERROR", TITLES[0])]
    (aside,) = set_aside.of(core.store.connection, core.meanings()).values()
    assert (aside.policy_id, aside.at, aside.cost) == ("slow", NOON, COST)
    (entry,) = audit.listed(core.store.connection)
    assert (entry.at, entry.who, entry.action, entry.target) == (NOON, "casbd", "policies set aside", "slow")
    assert entry.detail == {
        "policy_id": "slow", "seconds": 0.25, "activities": 1, "characters": 100, "since": NOON, "place": "/in/a.json, byte 0"
    }  # fmt: skip


def test_one_that_a_reload_removed_is_nobodys(core):
    assert feed(core, [Costly("gone", 1, 1, 1, NOON, ""), COST]) == 2
    assert [alert.title for alert in sent(core)] == TITLES[:1]


def test_of_activities_there_is_an_alert_an_hour_that_counts_them(core):
    for unasked in (3, 0, 4):
        feed(core, unasked=unasked)
    core.now += HOUR
    feed(core, unasked=5)
    assert [(alert.title, alert.activity_count) for alert in sent(core)] == [(TITLES[1], 3), (TITLES[1], 7), (TITLES[1], 5)]
    assert sorted(a.activity_count for a in raised_alerts.find(core.store.connection)) == [5, 7]
