"""Governance commands, as they wait for a connector."""

from __future__ import annotations

import msgspec
import pytest
from builders import HOUR, NOON, record, settings

from casbd.config.governance import Governance
from casbd.errors import Rejected, Retry
from casbd.governance.rails import Rails
from casbd.outbox.dispatcher import Dispatcher
from casbd.outbox.to_connector import ToConnector
from casbd.store.state import governance_log, outbox
from tests.outbox.destinations import PATIENCE, Memory

pytestmark = pytest.mark.usefixtures("short_pauses")


class TestCommands:
    @pytest.fixture
    def core(self, make_core):
        rules = {"failed": {"governance": [{"action": "suspend_user", "connector": "entra"}]}}
        core = make_core(rules=rules, settings=settings({}, mode="enforce"))
        core.feed_records(record(UserId="a@contoso.com"), record(UserId="b@contoso.com"))
        return core

    @pytest.fixture
    def run(self, core):
        def run(connector):
            dispatcher = Dispatcher(core.store, lambda: core.now)
            dispatcher.use({"connector:entra": ToConnector("connector:entra", connector, lambda: core.now, core.rails)})
            try:
                return dispatcher.drain(PATIENCE, PATIENCE)
            finally:
                dispatcher.stop(PATIENCE)

        return run

    @pytest.fixture
    def deliver(self, core):
        """Has the first command delivered, and writes down what became of it."""

        def deliver(delivering):
            assert delivering.deliver(core.store)
            with core.store.transaction() as connection:
                delivering.write(connection)
            delivering.written()

        return deliver

    def test_are_carried_out_in_order(self, core, run):
        wanted = [row.command().command_id for row in core.waiting("connector:entra")]
        connector = Memory(Retry("busy"), RuntimeError("bug"))

        assert run(connector)

        assert connector.taken == wanted
        assert [(c.status, c.finished) for c in governance_log.every(core.store.connection)] == [("succeeded", NOON)] * 2
        delivery = outbox.deliveries(core.store.connection)["connector:entra"]
        assert (delivery.delivered, delivery.last_delivery, delivery.down_since) == (2, NOON, None)

    def test_a_refused_one_failed(self, core, run):
        assert run(Memory(Rejected("no such user")))

        assert sorted((c.status, c.error, c.finished) for c in core.commands()) == [
            ("failed", "no such user", NOON),
            ("succeeded", None, NOON),
        ]
        assert outbox.deliveries(core.store.connection)["connector:entra"].refused == 1
        ((body, *said),) = core.store.connection.execute("SELECT body, reason, stored FROM refused")
        assert (b"suspend_user" in body, said) == (True, ["no such user", NOON])

    @pytest.mark.parametrize(("error", "why"), [(Retry("down"), "down"), (KeyError("user"), "internal error: KeyError")])
    def test_after_an_hour_it_is_given_up(self, core, deliver, error, why):
        down = Memory(error)
        delivering = ToConnector("connector:entra", down, lambda: core.now, core.rails)
        with pytest.raises(type(error)):
            deliver(delivering)
        core.now += HOUR

        deliver(delivering)

        assert {(c.status, c.error, c.finished) for c in core.commands()} == {
            ("failed", f"given up after an hour: {why}", core.now),
            ("queued", None, None),
        }

    def test_why_one_failed_is_not_said_of_another(self, core, deliver):
        """The first one fails and is taken back, the second succeeds; what the third waited for nobody knows."""
        core.feed_records(record(UserId="c@contoso.com"))
        delivering = ToConnector("connector:entra", Memory(Retry("down")), lambda: core.now, core.rails)
        with pytest.raises(Retry):
            deliver(delivering)
        with core.store.transaction() as connection:
            tried = next(one for one in core.commands() if one.started)
            governance_log.save(connection, msgspec.structs.replace(tried, status="rejected"))
        deliver(delivering)
        deliver(delivering)
        core.now += HOUR
        deliver(delivering)
        late = "given up: casbd came to it more than an hour after it was asked for"
        assert {(c.status, c.error) for c in core.commands()} == {("rejected", None), ("succeeded", None), ("failed", late)}

    def test_what_was_asked_for_before_a_downtime_of_hours_is_not_done_after_it(self, core, run):
        core.now += 5 * HOUR
        connector = Memory()

        assert run(connector)

        assert connector.taken == []
        late = "the activity was 5 hours ago, and governance.max_activity_age is 1h"
        assert {(c.status, c.reason, c.error, c.finished) for c in core.commands()} == {("blocked", late, None, core.now)}
        assert core.waiting("connector:entra") == []
        assert outbox.deliveries(core.store.connection)["connector:entra"].last_error == late

    def test_what_was_tried_and_is_too_late_by_now_may_have_been_done(self, core, deliver):
        connector = Memory(*[Retry("down")] * 100)
        delivering = ToConnector("connector:entra", connector, lambda: core.now, core.rails)
        with pytest.raises(Retry):
            deliver(delivering)
        core.now += HOUR + 1

        deliver(delivering)
        deliver(delivering)

        late = "the activity was 60 minutes ago, and governance.max_activity_age is 1h"
        assert sorted((c.status, c.error) for c in core.commands() if c.error) == [("failed", f"given up: {late}; before that: down")]
        assert [c.reason for c in core.commands() if c.status == "blocked"] == [late]

    def test_a_longer_age_does_not_mean_to_try_for_longer(self, core, deliver):
        core.now += HOUR
        patient = Rails(Governance(mode="enforce", max_activity_age="30d"))

        deliver(ToConnector("connector:entra", Memory(), lambda: core.now, lambda: patient))

        assert sorted((c.status, c.error) for c in core.commands() if c.error) == [
            ("failed", "given up: casbd came to it more than an hour after it was asked for")
        ]
