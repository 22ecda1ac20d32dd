"""Filters of an output that cost too much: it waits and says why, nothing is lost, and with better ones all is sent that meets them."""

import pytest
from builders import MINUTE, NOON, failures, record, repeated, settings
from msgspec.structs import replace

from casbd.activity_log.opened import ALL
from casbd.alerting import telling, wishes
from casbd.errors import Retry
from casbd.filters.bounded import Answer, Bounded
from casbd.filters.effort import TooCostly
from casbd.filters.tree import Condition
from casbd.outbox.to_output import ToOutput
from casbd.outbox.worker import Worker
from casbd.pipeline import replaying
from casbd.store.state import outbox, raised_alerts, replays
from tests.outbox.destinations import Memory

ALERTS = Condition("user", "eq", ("eva@contoso.com",))
ACTIVITIES = Condition("user", "startswith", ("eva@", "adam@"))


@pytest.fixture
def costs(monkeypatch):
    """Makes all filters cost too much from now on, or nothing any more."""
    asked = Bounded.of

    def end(*_):
        raise TooCostly

    def costs(too_much):
        monkeypatch.setattr(Bounded, "of", end if too_much else asked)

    return costs


def sent_to(core, filters):
    """A destination, and what delivers to it by these filters."""
    output = Memory()
    return output, ToOutput("siem", output, lambda: core.now, filters=filters)


def deliver_all(core, delivering):
    while delivering.deliver(core.store):
        with core.store.transaction() as connection:
            delivering.write(connection)
        delivering.written()


@pytest.fixture
def core(make_core):
    """An alert each of Eva and Adam is raised, while the filters that ask for Eva's cost too much."""

    def make(send, filters, rules=None):
        configured = settings({"siem": send})
        configured = replace(configured, outputs=(replace(configured.outputs[0], filters=filters),))
        return make_core(rules=rules or {"failed": {}}, settings=configured)

    return make


def two(at=0):
    return [record(UserId=f"{name}@contoso.com", at=at) for name in ("eva", "adam")]


class TestAlerts:
    @pytest.fixture
    def core(self, core, costs):
        costs(True)
        core = core(["alerts"], ALERTS)
        core.feed_records(*two())
        return core

    def test_wait_until_it_is_known_whether_they_are_sent(self, core):
        assert [(row.kind, row.undecided) for row in core.waiting()] == [("alert", True)] * 2
        output, delivering = sent_to(core, ALERTS)
        with pytest.raises(Retry, match=r"^its `filters` cost so much .* Ask for less") as caught:
            delivering.deliver(core.store)
        assert (caught.value.lasting, caught.value.stands, caught.value.after) == (True, True, 60.0)
        assert output.taken == []
        assert len(core.waiting()) == 2

    def test_those_that_meet_better_filters_are_sent(self, core, costs):
        costs(False)
        output, delivering = sent_to(core, ALERTS)
        deliver_all(core, delivering)
        assert output.taken == [alert.alert_id for alert in core.alerts() if alert.user == "eva@contoso.com"]
        assert core.waiting() == []

    def test_all_are_sent_where_there_are_no_filters_any_more(self, core):
        output, delivering = sent_to(core, None)
        deliver_all(core, delivering)
        assert len(output.taken) == 2

    def test_who_was_sent_one_is_noted_before_anything_can_become_of_it(self, core, costs):
        costs(False)
        _, delivering = sent_to(core, None)
        for _ in range(2):
            assert delivering.deliver(core.store, 1)
            assert delivering.unwritten
            with core.store.transaction() as connection:
                delivering.write(connection)
            delivering.written()

    def test_only_who_was_sent_one_hears_what_becomes_of_it(self, core, costs):
        costs(False)
        deliver_all(core, sent_to(core, ALERTS)[1])
        with core.store.transaction() as connection:
            for alert in core.alerts():
                telling.change(connection, replace(alert, status="closed"), "closed", wishes.of(core.settings), core.now)
        assert [row.alert().user for row in core.waiting()] == ["eva@contoso.com"]

    def test_one_that_was_closed_meanwhile_is_sent_as_closed(self, core, costs):
        with core.store.transaction() as connection:
            for alert in core.alerts():
                raised_alerts.save(connection, replace(alert, status="closed"))
        costs(False)
        got = []
        output, delivering = sent_to(core, ALERTS)
        output.send = got.extend
        deliver_all(core, delivering)
        assert [(alert.user, alert.event) for alert in got] == [("eva@contoso.com", "closed")]

    def test_about_casbd_itself_are_sent_whatever_filters_cost(self, core):
        (output,) = core.settings.outputs
        wish = wishes.of_output(replace(output, send=("alerts", "system")))
        assert wish.wants(replace(core.alerts()[0], category="system")) is Answer.YES


def test_alerts_that_were_decided_before_do_not_wait(core, costs):
    core = core(["alerts"], ALERTS)
    core.feed_records(*two())
    costs(True)
    core.feed_records(*two(at=MINUTE))
    output, delivering = sent_to(core, ALERTS)
    assert delivering.deliver(core.store)
    assert len(output.taken) == 1
    with pytest.raises(Retry):
        delivering.deliver(core.store)


def test_of_an_alert_that_grows_nothing_is_queued_again_and_again(core, costs):
    costs(True)
    core = core(["alerts"], ALERTS, repeated(3))
    core.feed_records(*failures(*(number * MINUTE for number in range(4)), UserId="eva@contoso.com"))
    core.feed_records(*failures(*(number * MINUTE for number in range(4, 40)), UserId="eva@contoso.com"))
    costs(False)
    output, delivering = sent_to(core, ALERTS)
    deliver_all(core, delivering)
    assert len(output.taken) <= 2
    assert set(output.taken) == {alert.alert_id for alert in core.alerts()}


class TestActivities:
    @pytest.fixture
    def core(self, core):
        core = core(["activities"], ACTIVITIES)
        core.feed_records(*two(), record(UserId="other@contoso.com"), *two(at=MINUTE))
        return core

    def test_wait_in_their_place(self, core, costs):
        costs(True)
        output, delivering = sent_to(core, ACTIVITIES)
        with pytest.raises(Retry):
            delivering.deliver(core.store)
        assert output.taken == []
        costs(False)
        output, delivering = sent_to(core, ACTIVITIES)
        deliver_all(core, delivering)
        assert len(output.taken) == 4
        assert core.waiting() == []

    @pytest.mark.parametrize("too_much", [False, True])
    def test_of_a_replay_wait_too(self, core, costs, too_much):
        deliver_all(core, sent_to(core, ACTIVITIES)[1])
        costs(too_much)
        with core.store.transaction() as connection:
            replays.ask(connection, "siem", NOON, NOON + MINUTE)
        while replaying.go_on(core.store, core.settings, lambda: core.now, {}):
            pass
        assert {row.undecided for row in core.waiting()} == {too_much}
        costs(False)
        output, delivering = sent_to(core, ACTIVITIES)
        deliver_all(core, delivering)
        assert len(output.taken) == 4

    def test_of_a_replay_heavy_filters_are_not_asked_in_sql(self, core):
        (output,) = core.settings.outputs
        heavy = replace(output, filters=Condition("user", "substring", tuple(f"eva{one}" for one in range(1000))))
        assert replaying._Choosing(heavy, lambda: 0).where == ALL
        assert replaying._Choosing(output, lambda: 0).where != ALL


def test_the_destination_is_down_for_somebody_to_change_it_and_well_again_afterwards(core, costs, monkeypatch):
    core = core(["activities"], ACTIVITIES)
    core.feed_records(*two())

    def run(waits):
        output, delivering = sent_to(core, ACTIVITIES)
        worker = Worker("siem", delivering, core.store, lambda: core.now)
        monkeypatch.setattr(getattr(worker, waits), "wait", lambda _: worker.stop())
        worker.run()
        return worker.needs_somebody, output.taken

    costs(True)
    assert run("_stopping") == (True, [])
    assert outbox.deliveries(core.store.connection)["siem"].last_error.startswith("its `filters` cost so much")
    costs(False)
    needs_somebody, taken = run("_wake")
    assert (needs_somebody, len(taken)) == (False, 2)
    assert outbox.down_since(core.store.connection) == {}
