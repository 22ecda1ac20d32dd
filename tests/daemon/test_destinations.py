"""A destination that takes nothing for long is told to the others."""

import pytest
from builders import HOUR, MINUTE, NOON, record, settings

from casbd.daemon.destinations import Outages, down_alerts
from casbd.store.state import outbox
from casbd.store.state.outbox import Part


@pytest.fixture
def core(make_core):
    core = make_core(rules={"failed": {}}, settings=settings({"siem": ["alerts"], "file": ["alerts"]}))
    core.feed_records(record(), record(at=1))
    with core.store.transaction() as connection:
        outbox.failed(connection, "siem", "siem.example:514: Connection refused", NOON)
        outbox.failed(connection, "gone", "refused", NOON)
    return core


def down(core, at):
    return down_alerts(core.store, {"siem", "file"}, 2 * HOUR, at)


def test_not_before_its_time(core):
    assert down(core, NOON + 2 * HOUR - 1) == {}


def test_after_the_clock_was_set_back(core):
    assert down(core, NOON - HOUR) == {}
    assert [*down(core, NOON - 24 * HOUR)] == ["siem"]


def test_it_says_since_when_why_and_what_waits(core):
    (alert,) = down(core, NOON + 2 * HOUR).values()
    assert alert.title == "Destination siem takes no messages"
    assert alert.description == (
        "Destination siem has taken nothing since 2026-01-01T12:00:00.000Z (siem.example:514: Connection refused)."
        " 2 messages wait, the oldest since 2026-01-01T12:00:00.000Z."
    )


@pytest.mark.parametrize(
    ("queue", "policy"),
    [("siem", "casbd.destination_down"), ("connector:entra", "casbd.connector_down"), ("notify:soc", "casbd.recipient_down")],
)
def test_it_says_of_what_kind_the_destination_is(core, queue, policy):
    with core.store.transaction() as connection:
        outbox.failed(connection, queue, "refused", NOON)
    (alert,) = down_alerts(core.store, {queue}, 2 * HOUR, NOON + 2 * HOUR).values()
    assert alert.policy_id == policy


def test_what_is_delivered_while_it_looks_does_not_end_the_service(core):
    """A worker takes rows out between any two statements."""
    core.feed_records(record(at=2))
    seqs, looking = [row.seq for row in core.waiting("siem")], core.store.another()

    def deliver(_: str) -> None:
        with core.store.transaction() as connection:
            outbox.settle(connection, "siem", [Part(seqs.pop(0), 1, 0, whole=True)] if seqs else [])

    looking.connection.set_trace_callback(deliver)
    assert "siem" in down_alerts(looking, {"siem", "file"}, 2 * HOUR, NOON + 2 * HOUR)
    assert "siem" in outbox.deliveries(looking.connection)


def test_the_others_get_it_once_an_outage(core):
    before = {name: len(core.waiting(name)) for name in ("siem", "file")}
    for at in (2 * HOUR, 3 * HOUR):
        for name, alert in down(core, NOON + at).items():
            core.pipeline.raise_system(alert, besides=name)
    assert {name: len(core.waiting(name)) for name in ("siem", "file")} == {"siem": before["siem"], "file": before["file"] + 1}

    with core.store.transaction() as connection:
        outbox.recovered(connection, "siem")
    assert down(core, NOON + 9 * HOUR) == {}
    with core.store.transaction() as connection:
        outbox.failed(connection, "siem", "again", NOON + 10 * HOUR)
    (alert,) = down(core, NOON + 12 * HOUR).values()
    assert core.pipeline.raise_system(alert, besides="siem")


def test_one_that_waits_for_somebody_is_told_at_once(core):
    assert down_alerts(core.store, {"siem", "file"}, 2 * HOUR, NOON, {"siem"}).keys() == {"siem"}
    assert down_alerts(core.store, {"siem", "file"}, 2 * HOUR, NOON, {"file", "gone"}) == {}


@pytest.mark.parametrize("killed", [False, True])
def test_the_end_of_an_outage_is_told_once(core, killed):
    outages, queues = Outages(), {"siem", "file"}
    (alert,) = down(core, NOON + 2 * HOUR).values()
    core.pipeline.raise_system(alert, besides="siem")
    assert outages.over(core.store, queues, NOON + 2 * HOUR) == {}
    with core.store.transaction() as connection:
        outbox.recovered(connection, "siem")
    if killed:
        outages = Outages()
    assert outages.over(core.store, queues, NOON + 3 * HOUR) == {
        alert.alert_id: "Destination siem takes messages again; it had taken none for 180 minutes."
    }
    assert outages.over(core.store, queues, NOON + 4 * HOUR) == {}


def test_another_outage_is_another_one(core):
    outages, queues = Outages(), {"siem", "file"}
    (alert,) = down(core, NOON + 2 * HOUR).values()
    assert outages.over(core.store, queues, NOON) == {}
    with core.store.transaction() as connection:
        outbox.recovered(connection, "siem")
        outbox.failed(connection, "siem", "again", NOON + 3 * HOUR)
    assert outages.over(core.store, queues, NOON + 3 * HOUR).keys() == {alert.alert_id}
    assert outages.over(core.store, queues, NOON + 4 * HOUR) == {}


class TestOver:
    """`siem` and `gone` are down since noon."""

    @staticmethod
    def over(core, outages, *queues):
        return [*outages.over(core.store, queues, NOON + 5 * MINUTE).values()]

    @pytest.mark.parametrize("restarted", [False, True])
    def test_one_that_leaves_the_configuration_meanwhile(self, core, restarted):
        outages = Outages()
        assert self.over(core, outages, "siem", "gone", "file") == []
        for alert in down_alerts(core.store, {"siem", "gone"}, 0, NOON).values():
            core.pipeline.raise_system(alert)
        outages = Outages() if restarted else outages
        said = "Destination gone is not configured any more; it had taken none for 5 minutes."
        assert self.over(core, outages, "siem", "file") == [said]
        assert self.over(core, outages, "siem", "file") == []
        assert outbox.down_since(core.store.connection) == {"siem": NOON}

    def test_its_next_outage_is_another_one_when_it_comes_back(self, core):
        outages = Outages()
        self.over(core, outages, "siem", "gone", "file")
        (before,) = down_alerts(core.store, {"gone"}, 0, NOON).values()
        self.over(core, outages, "siem", "file")
        with core.store.transaction() as connection:
            outbox.failed(connection, "gone", "refused", NOON + HOUR)
        (after,) = down_alerts(core.store, {"gone"}, 0, NOON + HOUR).values()
        assert before.alert_id != after.alert_id
