"""A command that waits is judged again right before it is sent."""

import pytest
from builders import HOUR, MINUTE, NOON, events, load_rules, record, settings
from msgspec.structs import replace

from casbd.errors import Retry
from casbd.governance import withdrawing
from casbd.governance.rails import Rails
from casbd.outbox.dispatcher import Dispatcher
from casbd.outbox.to_connector import ToConnector
from casbd.store.state import governance_breaker, governance_log, governance_moments, governance_stop, outbox, raised_alerts
from casbd.store.state.governance_stop import Stopped

QUEUE = "connector:entra"
SUSPEND = {"action": "suspend_user", "connector": "entra"}
RULES = {"failed": {"governance": [SUSPEND]}}


class Slow:
    """A connector that is down, until it is not. during: what happens while it carries out a command."""

    def __init__(self, *, down=False, during=lambda: None):
        self.down, self.during, self.taken = down, during, []

    def execute(self, command):
        if self.down:
            raise Retry("down")
        self.during()
        self.taken.append(command.target)


@pytest.fixture
def core(make_core):
    core = make_core(rules=RULES, settings=settings({}, mode="enforce"))
    core.feed_records(*(record(UserId=f"{name}@contoso.com") for name in "abcd"))
    assert len(core.waiting(QUEUE)) == 4
    return core


@pytest.fixture
def empty(core):
    """Lets a connector's worker do what it can; how often it came to the queue."""

    def empty(connector, delivering=None):
        delivering = delivering or ToConnector(QUEUE, connector, lambda: core.now, core.rails)
        for turn in range(100):
            try:
                worked = delivering.deliver(core.store)
            except Retry:
                worked = False
            with core.store.transaction() as connection:
                delivering.write(connection)
            delivering.written()
            if not worked:
                return turn
        raise AssertionError("the queue has no end")

    return empty


def outcome(core):
    return {(command.status, command.reason) for command in core.commands()}


CHANGES = {
    "dry run": ({"mode": "dry_run"}, RULES, "blocked", "governance.mode is dry_run by now"),
    "approval": ({"mode": "approve"}, RULES, "pending_approval", "governance.mode is approve by now, and nobody has approved it"),
    "nothing an hour": ({"max_per_hour": 0}, RULES, "blocked", "governance.max_per_hour (0) is reached"),
    "no rule": ({}, {}, "blocked", "no policy failed asks for suspend_user at entra any more"),
    "disabled": ({}, {"failed": {"enabled": False, **RULES["failed"]}}, "blocked", "the policy failed is disabled by now"),
    "simulated": ({}, {"failed": {"mode": "simulate", **RULES["failed"]}}, "blocked", "the policy failed is simulated by now"),
    "no action": ({}, {"failed": {}}, "blocked", "no policy failed asks for suspend_user at entra any more"),
    "another action": (
        {},
        {"failed": {"governance": [{"action": "notify_user", "connector": "entra"}]}},
        "blocked",
        "no policy failed asks for suspend_user at entra any more",
    ),
    "another connector": (
        {},
        {"failed": {"governance": [SUSPEND | {"connector": "okta"}]}},
        "blocked",
        "no policy failed asks for suspend_user at entra any more",
    ),
    "other filters": (
        {},
        {"failed": RULES["failed"] | {"filters": {"activity_type": {"eq": "Failed log on"}, "country": {"neq": "NO"}}}},
        "blocked",
        "the policy failed was changed since",
    ),
}


@pytest.mark.parametrize(("care", "rules", "status", "reason"), CHANGES.values(), ids=CHANGES)
def test_what_is_not_wanted_any_more_is_not_done_when_the_connector_recovers(core, empty, tmp_path, care, rules, status, reason):
    connector = Slow(down=True)
    delivering = ToConnector(QUEUE, connector, lambda: core.now, core.rails)
    core.use(load_rules(tmp_path / "reloaded", rules), settings({}, **{"mode": "enforce"} | care))
    connector.down = False

    empty(connector, delivering)

    assert connector.taken == []
    assert outcome(core) == {(status, reason)}
    assert core.waiting(QUEUE) == []
    delivery = outbox.deliveries(core.store.connection).get(QUEUE, outbox.Delivery(name=QUEUE))
    assert (delivery.delivered, delivery.refused) == (0, 4 if status == "blocked" else 0)


def test_what_was_tried_may_have_been_done(core, empty):
    connector = Slow(down=True)
    empty(connector)
    core.use(core.policies, settings({}, mode="dry_run"))

    empty(connector)  # a new worker, as after a restart: that it was tried is in the store

    first = next(command for command in core.commands() if command.started)
    assert (first.status, first.error) == (
        "failed",
        "given up: governance.mode is dry_run by now; it was tried before and may have been done",
    )
    assert [command.status for command in core.commands()].count("blocked") == 3


def test_another_name_severity_or_recipient_changes_nothing(core, empty, tmp_path):
    changed = RULES["failed"] | {"name": "Renamed", "severity": "high", "alert": {"suppress": "1h"}}
    core.use(load_rules(tmp_path / "reloaded", {"failed": changed}))
    connector = Slow()
    empty(connector)
    assert len(connector.taken) == 4


def test_a_lower_ceiling_holds_for_what_waits(core, empty):
    core.use(core.policies, settings({}, mode="enforce", max_per_hour=3))
    connector = Slow()

    empty(connector)

    assert len(connector.taken) == 3
    assert ("blocked", "governance.max_per_hour (3) is reached") in outcome(core)


def test_an_hour_of_sending_is_an_hour_of_sending(core, empty):
    """What was asked for at different times and waited does not go out all at once."""
    core.use(core.policies, settings({}, mode="enforce", max_per_hour=4))
    core.now += 50 * MINUTE
    connector = Slow()
    empty(connector)
    core.now += 20 * MINUTE

    core.feed_records(record(at=70 * MINUTE, UserId="e@contoso.com"))
    empty(connector)

    assert len(connector.taken) == 4


def test_a_closed_alert_is_no_reason(core, empty):
    alert = next(alert for alert in core.alerts() if alert.user == "a@contoso.com")
    with core.store.transaction() as connection:
        raised_alerts.save(connection, replace(alert, status="closed", resolution="false_positive"))
    connector = Slow()

    empty(connector)

    assert "a@contoso.com" not in connector.taken
    assert len(connector.taken) == 3
    assert ("blocked", "the alert is closed as false_positive") in outcome(core)


def test_who_became_protected_meanwhile_is_left_alone(core, empty):
    core.use(core.policies, settings({}, mode="enforce", protected_users=["a@*"]))
    connector = Slow()

    empty(connector)

    assert sorted(connector.taken) == ["b@contoso.com", "c@contoso.com", "d@contoso.com"]


def test_who_is_the_last_administrator_by_now_is_left_alone(core, empty):
    connector = Slow()
    rails = Rails(core.settings.governance, policies=core.policies, administrators=["a@contoso.com"])

    empty(connector, ToConnector(QUEUE, connector, lambda: core.now, lambda: rails))

    assert sorted(connector.taken) == ["b@contoso.com", "c@contoso.com", "d@contoso.com"]


class TestClocks:
    def test_an_hour_passes_when_both_clocks_say_so(self, make_core):
        core = make_core(rules=RULES, settings=settings({}, mode="enforce", max_per_hour=1))
        core.feed_records(record())
        core.now += HOUR + MINUTE
        core.ahead = -HOUR  # the time of day was set an hour ahead
        core.feed_records(record(at=core.now - NOON, UserId="b@contoso.com"))
        assert [command.status for command in core.commands()] == ["queued", "blocked"]

        core.ahead = MINUTE
        with core.store.transaction() as connection:
            governance_breaker.close(connection)
        core.feed_records(record(at=core.now - NOON, UserId="c@contoso.com"))
        assert len(core.waiting(QUEUE)) == 2

    def test_a_clock_that_is_set_back_does_not_begin_a_new_hour(self, make_core):
        core = make_core(rules=RULES, settings=settings({}, mode="enforce", max_per_hour=1))
        core.feed_records(record())
        core.now -= 3 * HOUR
        core.feed_records(record(at=core.now - NOON, UserId="b@contoso.com"))
        assert len(core.waiting(QUEUE)) == 1

    def test_of_another_boot_the_time_of_day_is_known(self, core):
        with core.store.transaction() as connection:
            connection.execute("UPDATE governance_moments SET boot = 'another', uptime = 0")
            moment = core.rails().moment(core.now)
            assert governance_moments.number_since(connection, "decided", moment, HOUR) == 4
            later = core.rails().moment(core.now + HOUR + 1)
            assert governance_moments.number_since(connection, "decided", later, HOUR) == 0

    def test_the_ceiling_of_sending_goes_by_both_too(self, core, empty):
        connector = Slow()
        core.use(core.policies, settings({}, mode="enforce", max_per_hour=4))
        core.now += 30 * MINUTE
        empty(connector)
        assert len(connector.taken) == 4
        core.now += HOUR + MINUTE
        core.ahead -= HOUR + MINUTE
        with core.store.transaction() as connection:
            moment = core.rails().moment(core.now)
            assert governance_moments.number_since(connection, "tried", moment, HOUR) == 4

    def test_a_clock_that_is_set_back_does_not_make_a_command_younger(self, core, empty):
        core.now, core.ahead = NOON - MINUTE, 2 * HOUR
        connector = Slow()
        empty(connector)
        assert connector.taken == []
        assert {command.status for command in core.commands()} == {"failed"}


def test_a_dry_run_keeps_nothing_from_being_done(make_core):
    core = make_core(rules=RULES, settings=settings({}, mode="dry_run"))
    core.feed_records(record())
    core.feed_records(record())
    core.use(core.policies, settings({}, mode="enforce"))

    core.feed_records(record())
    core.feed_records(record())

    assert sorted(command.status for command in core.commands()) == ["blocked", "blocked", "dry_run", "queued"]


def test_nor_does_what_nobody_has_approved(make_core):
    core = make_core(rules=RULES, settings=settings({}, mode="approve"))
    core.feed_records(record())
    core.use(core.policies, settings({}, mode="enforce"))
    core.feed_records(record())
    assert sorted(command.status for command in core.commands()) == ["pending_approval", "queued"]


class TestStop:
    @pytest.fixture
    def stop(self, core):
        def stop():
            with core.store.transaction() as connection:
                governance_stop.stop(connection, Stopped(core.now, "anna"))

        return stop

    def test_nothing_leaves_until_it_is_started_again(self, core, empty, stop):
        stop()
        connector = Slow()
        assert empty(connector) == 0
        core.reopen()
        empty(connector)
        assert (connector.taken, len(core.waiting(QUEUE))) == ([], 4)

        with core.store.transaction() as connection:
            governance_stop.start(connection)
        empty(connector)
        assert len(connector.taken) == 4

    def test_between_two_commands(self, core, empty, stop):
        connector = Slow()

        def during():
            with core.store.another() as store, store.transaction() as connection:
                assert len(governance_moments.sending(connection)) == 1
                governance_stop.stop(connection, Stopped(core.now, "anna"))

        connector.during = during
        empty(connector)
        assert len(connector.taken) == 1
        assert governance_moments.sending(core.store.connection) == []

    def test_it_is_soon_seen_that_it_was_started(self, core, stop, caplog):
        delivering = ToConnector(QUEUE, Slow(), lambda: core.now, core.rails)
        stop()
        for _ in range(2):
            assert not delivering.deliver(core.store)
            stopped = ("WARNING", "governance is stopped, commands wait", {"destination": QUEUE, "by": "anna"})
            assert events(caplog, "casbd.outbox") == [stopped]
        assert delivering.look_again <= 2
        assert delivering.standing() == 0  # that it is well again nobody knows


class TestCancel:
    def cancel(self, core, command):
        with core.store.another() as store, store.transaction() as connection:
            return withdrawing.cancel(connection, command, "anna", core.now)

    def test_it_is_taken_out_of_the_queue(self, core, empty):
        for command in core.commands()[:3]:
            assert self.cancel(core, command).status == "rejected"
        connector = Slow()
        empty(connector)
        assert len(connector.taken) == 1
        assert ("rejected", "cancelled by anna") in outcome(core)

    def test_a_worker_that_has_it_in_its_hand_already_sees_it(self, core, empty):
        command = core.commands()[0]
        with core.store.transaction() as connection:
            governance_log.save(connection, replace(command, status="rejected"))  # and its row is still there
        connector = Slow()
        empty(connector)
        assert (len(connector.taken), core.waiting(QUEUE)) == (3, [])
        assert outbox.deliveries(core.store.connection)[QUEUE].refused == 0

    def test_what_was_being_carried_out_when_casbd_was_killed_can_be(self, core):
        command = core.commands()[0]
        with core.store.transaction() as connection:
            governance_moments.note(connection, command.command_id, "sending", core.rails().moment(core.now))
        with pytest.raises(ValueError, match="being carried out"):
            self.cancel(core, command)
        Dispatcher(core.store, lambda: core.now)  # of the next process
        self.cancel(core, command)
        assert next(one for one in core.commands() if one.command_id == command.command_id).status == "rejected"

    def test_what_is_being_carried_out_cannot_be(self, core, empty):
        connector, told = Slow(), []

        def during():
            command = next(one for one in core.commands() if one.command_id in governance_moments.sending(core.store.connection))
            with pytest.raises(ValueError, match="being carried out"):
                self.cancel(core, command)
            told.append(command)

        connector.during = during
        empty(connector)
        assert len(told) == len(connector.taken) == 4

    def test_what_is_over_cannot_be(self, core, empty):
        empty(Slow())
        with pytest.raises(ValueError, match="it is succeeded"):
            self.cancel(core, core.commands()[0])

    def test_what_another_connector_carries_out_cannot_be_after_this_one_is_done(self, core, empty):
        with core.store.transaction() as connection:
            governance_moments.note(connection, "another", "sending", core.rails().moment(core.now))
        empty(Slow())
        assert governance_moments.sending(core.store.connection) == ["another"]

    def test_of_what_was_tried_nobody_knows(self, core, empty):
        empty(Slow(down=True))
        command = next(one for one in core.commands() if one.started)
        assert self.cancel(core, command).error == "given up: cancelled by anna; it was tried before and may have been done"


def test_a_connector_that_is_gone_gets_nothing_when_one_of_its_name_comes(core, empty):
    with core.store.transaction() as connection:
        assert withdrawing.of_gone_connectors(connection, {"entra", "okta"}, core.now) == []
        assert len(withdrawing.of_gone_connectors(connection, {"okta"}, core.now)) == 4
    connector = Slow()
    empty(connector)
    assert connector.taken == []
    assert outcome(core) == {("blocked", "there is no connector entra any more")}


def test_a_person_who_was_forgotten_is_not_acted_on(core, empty):
    with core.store.transaction() as connection:
        connection.execute("DELETE FROM governance")
    connector = Slow()
    empty(connector)
    assert (connector.taken, core.waiting(QUEUE)) == ([], [])


def test_a_command_that_is_done_is_out_of_the_queue_at_once(core):
    delivering = ToConnector(QUEUE, Slow(), lambda: core.now, core.rails)
    delivering.deliver(core.store)
    with core.store.transaction() as connection:
        delivering.write(connection)
    assert len(core.waiting(QUEUE)) == 3
