"""What becomes of a command: what is written down of it, what is looked at after an unknown outcome, and the way back."""

from collections import Counter

import pytest
from builders import HOUR, MINUTE, record, settings
from msgspec.structs import replace

from casbd.errors import Rejected, Retry
from casbd.governance import approving, reverting
from casbd.outbox.to_connector import ToConnector
from casbd.plugins import UNCHANGED, Done, Looked
from casbd.store.state import governance_breaker, governance_log, governance_moments, raised_alerts
from casbd.store.state.governance_breaker import Breaker

QUEUE = "connector:entra"


class Directory:
    """A stateful app. answers: what happens at each request before it is done, None for nothing; after: the same once it is done."""

    def __init__(self, *, before=(), after=(), tells=True):
        self.suspended, self.requests, self.before, self.after, self.tells = set(), [], [*before], [*after], tells

    def execute(self, command):
        self._step(self.before)
        self.requests.append((command.action, command.target, command.restore))
        (self.suspended.discard if command.action == "unsuspend_user" else self.suspended.add)(command.target)
        self._step(self.after)
        return Done(f"PATCH https://app/users/{command.target}", "204", {"was": "active"})

    def is_done(self, command):
        return (command.target in self.suspended) is (command.action != "unsuspend_user") if self.tells else None

    def _step(self, plan):
        step = plan.pop(0) if plan else None
        if step is not None:
            raise step


@pytest.fixture
def make(make_core):
    def make(action="suspend_user", **care):
        rules = {"failed": {"governance": [{"action": action, "connector": "entra"}]}}
        return make_core(rules=rules, settings=settings({}, **{"mode": "enforce"} | care))

    return make


def deliver(core, connector, delivering=None):
    """One turn of the connector's worker."""
    delivering = delivering or ToConnector(QUEUE, connector, lambda: core.now, core.rails)
    try:
        worked = delivering.deliver(core.store)
    except Retry:
        worked = False
    with core.store.transaction() as connection:
        delivering.write(connection)
    delivering.written()
    return worked


def one(core):
    (command,) = core.commands()
    return command


def test_what_was_sent_and_answered_is_written_down(make):
    core = make()
    core.feed_records(record())
    deliver(core, Directory())
    command = one(core)
    assert (command.status, command.request, command.answer) == ("succeeded", "PATCH https://app/users/a@contoso.com", "204")
    assert (command.restore, command.mode, command.duration >= 0) == ({"was": "active"}, "enforce", True)


def test_what_a_connector_says_is_one_bounded_line(make):
    class Talking(Directory):
        def execute(self, command):
            return Done("x\ny" * 10_000, "\x1b[2J", {"way": object()})

    core = make()
    core.feed_records(record())
    deliver(core, Talking())
    command = one(core)
    assert (command.status, len(command.request) <= 2000, command.restore) == ("succeeded", True, None)
    assert "\n" not in command.request
    assert "\x1b" not in command.answer


def statuses(core):
    return {command.action: command.status for command in core.commands()}


class TestUnknownOutcome:
    @pytest.mark.parametrize("restarted", [False, True])
    def test_what_was_done_is_not_done_again(self, make, restarted):
        core, app = make(), Directory(after=[Retry("timed out")])
        core.feed_records(record())
        delivering = None if restarted else ToConnector(QUEUE, app, lambda: core.now, core.rails)
        deliver(core, app, delivering)
        assert one(core).status == "queued"

        deliver(core, app, delivering)

        assert (len(app.requests), one(core).status, one(core).answer) == (1, "succeeded", "was done already")

    def test_what_was_not_done_is_done(self, make):
        core, app = make(), Directory(before=[Retry("no route")])
        core.feed_records(record())
        deliver(core, app)
        deliver(core, app)
        assert (app.requests, one(core).answer) == ([("suspend_user", "a@contoso.com", None)], "204")

    @pytest.mark.parametrize(("action", "requests", "status"), [("suspend_user", 2, "succeeded"), ("notify_user", 1, "failed")])
    def test_where_the_app_does_not_tell_only_what_may_be_done_twice_is(self, make, action, requests, status):
        core, app = make(action), Directory(after=[Retry("timed out")], tells=False)
        core.feed_records(record())
        deliver(core, app)
        deliver(core, app)
        assert (len(app.requests), one(core).status) == (requests, status)
        if status == "failed":
            assert one(core).error.startswith("unknown outcome: ")

    def test_an_app_that_says_when_to_come_again_has_not_done_it(self, make):
        core, app = make("notify_user"), Directory(before=[Retry("429", after=1)], tells=False)
        core.feed_records(record())
        delivering = ToConnector(QUEUE, app, lambda: core.now, core.rails)
        deliver(core, app, delivering)
        deliver(core, app, delivering)
        assert (len(app.requests), one(core).status) == (1, "succeeded")


class TestApproval:
    def approve(self, core, who="anna"):
        with core.store.transaction() as connection:
            return approving.approve(connection, one(core), who, core.settings.governance, core.rails().moment(core.now))

    def test_it_is_sent_then_though_its_activity_is_old_by_now(self, make):
        core, app = make(mode="approve"), Directory()
        core.feed_records(record())
        assert not deliver(core, app)
        core.now += 5 * HOUR
        self.approve(core)
        deliver(core, app)
        assert (one(core).status, one(core).who, one(core).mode, len(app.requests)) == ("succeeded", "anna", "approve", 1)

    def test_what_waits_for_too_long_after_it_is_not(self, make):
        core, app = make(mode="approve"), Directory()
        core.feed_records(record())
        self.approve(core)
        core.now += HOUR + 1
        deliver(core, app)
        assert (one(core).status, app.requests) == ("blocked", [])

    def test_it_is_judged_again(self, make):
        core, app = make(mode="approve"), Directory()
        core.feed_records(record())
        self.approve(core)
        (alert,) = core.alerts()
        with core.store.transaction() as connection:
            raised_alerts.save(connection, replace(alert, status="closed", resolution="benign"))
        deliver(core, app)
        assert (one(core).status, one(core).reason, app.requests) == ("blocked", "the alert is closed as benign", [])

    def test_who_became_protected_is_left_alone(self, make):
        core, app = make(mode="approve"), Directory()
        core.feed_records(record())
        self.approve(core)
        core.use(core.policies, settings({}, mode="approve", protected_users=["a@contoso.com"]))
        deliver(core, app)
        assert (one(core).status, app.requests) == ("blocked", [])

    @pytest.mark.parametrize(("now", "ahead"), [(24 * HOUR, 0), (-HOUR, 26 * HOUR)])
    def test_too_late_by_either_clock(self, make, now, ahead):
        core = make(mode="approve")
        core.feed_records(record())
        core.now, core.ahead = core.now + now, ahead
        with pytest.raises(ValueError, match="nobody approved it within 1d"):
            self.approve(core)
        with core.store.transaction() as connection:
            approving.expire(connection, core.settings.governance, core.rails().moment(core.now))
        assert (one(core).status, one(core).reason) == ("rejected", "nobody approved it within 1d (governance.approval_timeout)")

    def test_not_where_the_same_was_asked_for_since(self, make):
        core, app = make("require_sign_in_again", mode="approve"), Directory()
        core.feed_records(record())
        waiting = one(core)
        core.use(core.policies, settings({}, mode="enforce"))
        core.now += MINUTE
        core.feed_records(record(at=MINUTE))
        deliver(core, app)
        with pytest.raises(ValueError, match="require_sign_in_again was asked for since"), core.store.transaction() as connection:
            approving.approve(connection, waiting, "anna", core.settings.governance, core.rails().moment(core.now))
        assert (len(app.requests), core.waiting(QUEUE)) == (1, [])

    def test_not_twice_and_not_what_is_over(self, make):
        core, app = make(mode="approve"), Directory()
        core.feed_records(record())
        self.approve(core)
        with pytest.raises(ValueError, match="it is queued"):
            self.approve(core)
        deliver(core, app)
        with pytest.raises(ValueError, match="it is succeeded"):
            self.approve(core)

    def test_the_breaker_holds_it(self, make):
        core = make(mode="approve")
        core.feed_records(record())
        with core.store.transaction() as connection:
            governance_breaker.open_it(connection, Breaker(core.now, "full"))
        with pytest.raises(ValueError, match="the breaker is open"):
            self.approve(core)
        assert core.waiting(QUEUE) == []

    def test_the_ceiling_of_what_is_sent_holds_and_opens_it(self, make):
        core, app = make(mode="approve", max_per_hour=1), Directory()
        core.feed_records(record(), record(UserId="b@contoso.com"))
        with core.store.transaction() as connection:
            for command in core.commands():
                approving.approve(connection, command, "anna", core.settings.governance, core.rails().moment(core.now))
        while deliver(core, app):
            pass
        assert sorted(command.status for command in core.commands()) == ["blocked", "succeeded"]
        assert governance_breaker.opened(core.store.connection).reason == "governance.max_per_hour (1) is reached"


class TestRevert:
    def revert(self, core, way_back="unsuspend_user"):
        with core.store.transaction() as connection:
            first = next(command for command in core.commands() if not command.reverts)
            return reverting.revert(connection, first, way_back, "anna", core.rails(), core.now)

    def test_the_first_one_is_reverted_when_the_way_back_is_done(self, make):
        core, app = make(), Directory()
        core.feed_records(record())
        deliver(core, app)
        back = self.revert(core)
        assert (back.action, back.who, back.status) == ("unsuspend_user", "anna", "queued")
        assert statuses(core) == {"suspend_user": "succeeded", "unsuspend_user": "queued"}
        core.now += MINUTE
        deliver(core, app)
        assert app.requests[-1] == ("unsuspend_user", "a@contoso.com", {"was": "active"})
        assert {command.action: command.status for command in core.commands()} == {
            "suspend_user": "reverted",
            "unsuspend_user": "succeeded",
        }
        assert app.suspended == set()

    def test_nothing_holds_it_but_a_dry_run(self, make):
        core, app = make(max_per_hour=1), Directory()
        core.feed_records(record())
        deliver(core, app)
        with core.store.transaction() as connection:
            governance_breaker.open_it(connection, Breaker(core.now, "full"))
        core.use([], settings({}, mode="approve", protected_users=["a@contoso.com"], max_per_hour=0))
        self.revert(core)
        deliver(core, app)
        assert app.suspended == set()

        core.use([], settings({}))
        with pytest.raises(ValueError, match="it is reverted"):
            self.revert(core)

    def test_in_a_dry_run_nothing_is_sent(self, make):
        core, app = make(), Directory()
        core.feed_records(record())
        deliver(core, app)
        core.use([], settings({}))
        assert self.revert(core).status == "dry_run"
        assert core.waiting(QUEUE) == []

    def test_where_there_is_none(self, make):
        core, app = make(), Directory()
        core.feed_records(record())
        with pytest.raises(ValueError, match="it is queued"):
            self.revert(core)
        deliver(core, app)
        with pytest.raises(ValueError, match="suspend_user has no way back at the connector entra"):
            self.revert(core, way_back=None)

    def test_who_was_suspended_by_somebody_else_stays_suspended(self, make):
        core, app = make(), Directory()
        core.feed_records(record())
        deliver(core, app)
        with core.store.transaction() as connection:
            governance_log.save(connection, replace(core.commands()[0], answer=UNCHANGED))
        with pytest.raises(ValueError, match="nothing was done that could be taken back: it was so already"):
            self.revert(core)

    def test_once(self, make):
        core, app = make(), Directory(before=[None, Rejected("403")])
        core.feed_records(record())
        deliver(core, app)
        back = self.revert(core)
        with pytest.raises(ValueError, match=f"already: {back.command_id}"):
            self.revert(core)
        deliver(core, app)
        with pytest.raises(ValueError, match=f"retry {back.command_id}"):
            self.revert(core)

    def test_it_takes_no_room_from_what_is_to_be_done(self, make):
        core, app = make(max_per_hour=2), Directory()
        core.feed_records(record())
        deliver(core, app)
        self.revert(core)
        deliver(core, app)
        assert governance_moments.number_since(core.store.connection, "tried", core.rails().moment(core.now), HOUR) == 1


class TestRetry:
    def retry(self, core):
        with core.store.transaction() as connection:
            return approving.retry(connection, core.commands()[0], "anna", core.settings.governance, core.rails().moment(core.now))

    def test_under_the_same_id(self, make):
        core, app = make(), Directory(before=[Rejected("403")])
        core.feed_records(record())
        deliver(core, app)
        failed = one(core)
        assert (failed.status, failed.error) == ("failed", "403")
        core.now += 3 * HOUR
        self.retry(core)
        deliver(core, app)
        assert (one(core).command_id, one(core).status, one(core).error, one(core).who) == (failed.command_id, "succeeded", None, "anna")

    def test_a_person_may_repeat_what_nobody_else_may(self, make):
        core, app = make("notify_user"), Directory(before=[None, Retry("no route")], after=[Retry("timed out")], tells=False)
        core.feed_records(record())
        deliver(core, app)
        deliver(core, app)
        assert one(core).error.startswith("unknown outcome")
        core.now += MINUTE
        self.retry(core)
        core.now += MINUTE
        deliver(core, app)
        deliver(core, app)  # of that try nobody knows again
        assert (one(core).status, len(app.requests)) == ("failed", 1)
        core.now += MINUTE
        self.retry(core)
        deliver(core, app)
        assert (one(core).status, len(app.requests)) == ("succeeded", 2)

    def test_only_what_failed(self, make):
        core = make()
        core.feed_records(record())
        with pytest.raises(ValueError, match="it is queued"):
            self.retry(core)

    def test_not_where_the_same_was_asked_for_since(self, make):
        core, app = make(), Directory(before=[Rejected("403")])
        core.feed_records(record())
        deliver(core, app)
        core.now += MINUTE
        core.feed_records(record(at=MINUTE))
        with pytest.raises(ValueError, match="suspend_user was asked for since"):
            self.retry(core)

    def test_what_was_done_after_all_is_not_done_again(self, make):
        core, app = make(), Directory(after=[Retry("timed out")])
        core.feed_records(record())
        deliver(core, app)
        core.now += HOUR + MINUTE
        deliver(core, app)
        assert one(core).status == "failed"
        self.retry(core)
        deliver(core, app)
        assert (len(app.requests), one(core).answer) == (1, "was done already")


def test_a_person_that_asks_with_no_policy_is_held_by_the_same_rails(make):
    from casbd.governance.asking import ask

    core, app = make(protected_users=["boss@contoso.com"]), Directory()
    with core.store.transaction() as connection:
        asked = [
            ask(connection, "suspend_user", f"{who}@contoso.com", "entra", "anna", core.rails(), core.now) for who in ("boss", "b", "b")
        ]
    assert [command.status for command in asked] == ["blocked", "queued", "blocked"]
    deliver(core, app)
    assert app.suspended == {"b@contoso.com"}
    done = governance_log.get(core.store.connection, asked[1].command_id)
    assert (done.status, done.who, done.policy_id) == ("succeeded", "anna", None)


class Roles(Directory):
    """An app whose users' roles are gone once they are taken away."""

    def __init__(self, **plan):
        super().__init__(**plan)
        self.roles, self.looks, self.names = {"a@contoso.com": "owner"}, [], ["7", "a@contoso.com"]

    def look(self, command):
        self._step(self.looks)
        return Looked(self.names, {"role": self.roles[command.target]} if command.target in self.roles else None)

    def execute(self, command):
        self.roles.pop(command.target, None)
        super().execute(command)
        return Done("DELETE https://app/roles", "204")


class TestWhatTheWayBackNeeds:
    def test_is_written_down_before_anything_is_done(self, make):
        """Here casbd is killed between what is done and its answer, and begins anew."""
        core = make()
        core.feed_records(record())
        app = Roles(after=[KeyboardInterrupt])
        with pytest.raises(KeyboardInterrupt):
            deliver(core, app)
        assert one(core).restore == {"role": "owner"}
        assert app.roles == {}
        core.now += MINUTE
        deliver(core, app)
        assert (one(core).status, one(core).answer, one(core).restore) == ("succeeded", "was done already", {"role": "owner"})

    def test_stays_where_it_is_refused_halfway(self, make):
        core = make()
        core.feed_records(record())
        deliver(core, Roles(after=[Rejected("no")]))
        assert (one(core).status, one(core).restore) == ("failed", {"role": "owner"})

    def test_without_it_nothing_is_done(self, make):
        core = make()
        core.feed_records(record())
        app = Roles()
        app.looks = [Retry("busy"), Rejected("not found")]
        for status in ("queued", "failed"):
            deliver(core, app)
            assert (one(core).status, app.requests) == (status, [])

    def test_what_somebody_did_before_it_could_be_looked_at_is_not_taken_back(self, make):
        class Telling(Roles):
            def execute(self, command):
                return Done(answer=UNCHANGED) if command.target in self.suspended else super().execute(command)

        core, app = make(), Telling()
        core.feed_records(record())
        app.looks = [Retry("no token")]
        delivering = ToConnector(QUEUE, app, lambda: core.now, core.rails)
        deliver(core, app, delivering)
        app.suspended.add("a@contoso.com")
        core.now += MINUTE
        deliver(core, app, delivering)
        assert (one(core).status, one(core).answer) == ("succeeded", UNCHANGED)

    def test_is_what_was_before_the_first_try(self, make):
        core = make()
        core.feed_records(record())
        app = Roles(before=[Retry("busy")])
        deliver(core, app)
        app.roles["a@contoso.com"] = "member"
        core.now += MINUTE
        deliver(core, app)
        assert (one(core).status, app.requests[0][2]) == ("succeeded", {"role": "owner"})


class TestAnAccountIsProtectedUnderAllItsNames:
    @pytest.fixture
    def core(self, make):
        core = make(protected_users=["breakglass@contoso.com", "admin-*@contoso.com"])
        core.feed_records(record())
        return core

    @pytest.mark.parametrize("name", ["breakglass@contoso.com", "Admin-7@contoso.com"])
    def test_so_nothing_is_done_to_an_alias(self, core, name):
        app = Roles()
        app.names = ["7", "a@contoso.com", name]
        deliver(core, app)
        assert (one(core).status, app.requests) == ("blocked", [])
        assert one(core).reason == f"a@contoso.com is {name} there, whom governance protects"
        assert one(core).started is None

    def test_what_was_tried_before_may_have_been_done(self, core):
        app = Roles(after=[Retry("timed out")])
        deliver(core, app)
        app.names = ["breakglass@contoso.com"]
        core.now += MINUTE
        deliver(core, app)
        assert (one(core).status, len(app.requests)) == ("failed", 1)
        assert "whom governance protects; it was tried before and may have been done" in one(core).error

    def test_a_way_back_is_for_everybody(self, core):
        app = Roles()
        deliver(core, app)
        app.names = ["breakglass@contoso.com"]
        with core.store.transaction() as connection:
            back = reverting.revert(connection, one(core), "unsuspend_user", "eva", core.rails(), core.now)
        deliver(core, app)
        assert governance_log.get(core.store.connection, back.command_id).status == "succeeded"


def test_a_thousand_alerts_in_a_minute_are_twenty_actions_and_an_open_breaker(make):
    core, app = make(max_per_hour=20), Directory()
    core.feed_records(*(record(at=number * 60, UserId=f"{number}@contoso.com") for number in range(1000)))
    while deliver(core, app):
        pass
    assert len(app.requests) == len(app.suspended) == 20
    assert Counter(command.status for command in core.commands()) == {"succeeded": 20, "blocked": 980}
    assert governance_breaker.opened(core.store.connection) is not None
