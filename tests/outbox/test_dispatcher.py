"""Delivery with real worker threads, and destinations in memory that fail in every way they may."""

from __future__ import annotations

import sqlite3
import threading
import time

import msgspec
import pytest
from builders import HOUR, NOON, Core, events, record, settings

from casbd.config.governance import Governance
from casbd.errors import Rejected, Retry, StoreError
from casbd.governance.rails import Rails
from casbd.model.alert import Alert
from casbd.model.governance import GovernanceCommand
from casbd.outbox import to_output
from casbd.outbox import worker as module
from casbd.outbox.dispatcher import Dispatcher
from casbd.outbox.to_connector import ToConnector
from casbd.outbox.to_output import ToOutput
from casbd.outbox.worker import Worker
from casbd.pseudonyms import Pseudonyms
from casbd.store.database import Store
from casbd.store.state import governance_log, outbox

PATIENCE = 10
"""Seconds that a test waits for what must come; it comes in milliseconds."""


class Memory:
    """An output that takes everything, after doing as the plan says: a callable, or an exception to raise, per call."""

    def __init__(self, *plan):
        self.plan = list(plan)
        self.taken = []
        self.calls = 0
        self.closed = threading.Event()

    def send(self, items):
        self.calls += 1
        step = self.plan.pop(0) if self.plan else None
        if isinstance(step, Retry | Rejected):
            self.taken += [_id(item) for item in items[: step.sent]]
        if isinstance(step, Exception):
            raise step
        if step is not None:
            step()
        self.taken += [_id(item) for item in items]

    def execute(self, command):
        self.send([command])

    def close(self):
        self.closed.set()


def _id(item):
    for name in ("alert_id", "command_id", "activity_id"):
        if hasattr(item, name) and not isinstance(item, GovernanceCommand):
            return getattr(item, name)
    return item.command_id


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch):
    monkeypatch.setattr(module, "MIN_BACKOFF_SECONDS", 0.001)
    monkeypatch.setattr(module, "MAX_BACKOFF_SECONDS", 0.005)


@pytest.fixture
def core(make_core):
    """Five alerts wait for `siem`."""
    core = make_core(rules={"failed": {}}, settings=settings({"siem": ["alerts"], "other": ["alerts"]}))
    core.feed_records(*(record(at=n) for n in range(5)))
    return core


@pytest.fixture
def start(core):
    """Starts a dispatcher with these outputs; ends it after the test."""
    started = []

    def start(**outputs):
        dispatcher = Dispatcher(core.store, lambda: core.now)
        dispatcher.use({name: ToOutput(name, output, lambda: core.now) for name, output in outputs.items()})
        started.append(dispatcher)
        return dispatcher

    yield start
    for dispatcher in started:
        dispatcher.stop(PATIENCE)


def expected(core: Core, destination="siem"):
    return [row.alert().alert_id for row in core.waiting(destination)]


class TestOrder:
    def test_everything_arrives_once_in_order(self, core, start):
        wanted, output = expected(core), Memory()

        assert start(siem=output).drain(PATIENCE, PATIENCE)

        assert output.taken == wanted
        assert core.waiting() == []
        assert outbox.deliveries(core.store.connection)["siem"].delivered == 5

    def test_what_fails_in_the_middle_goes_on_there(self, core, start):
        wanted, output = expected(core), Memory(Retry("no"), Retry("half", sent=2), Retry("no"), RuntimeError("bug"), Retry("more", sent=1))

        assert start(siem=output).drain(PATIENCE, PATIENCE)

        assert output.taken == wanted
        assert outbox.deliveries(core.store.connection)["siem"].failures == 5

    @pytest.mark.parametrize("sent", [0, 2, 4])
    def test_a_refused_one_is_set_aside_and_the_others_arrive(self, core, start, sent):
        wanted, output = expected(core), Memory(Rejected("too large", sent=sent))

        assert start(siem=output).drain(PATIENCE, PATIENCE)

        assert output.taken == wanted[:sent] + wanted[sent + 1 :]
        found = outbox.deliveries(core.store.connection)["siem"]
        assert (found.refused, found.delivered, found.pending) == (1, 4, 0)
        (kind, reason) = core.store.connection.execute("SELECT kind, reason FROM refused").fetchone()
        assert (kind, reason) == ("alert", "too large")

    def test_a_refusal_stays_visible_until_something_arrives(self, core, start):
        core.store.connection.execute("DELETE FROM outbox WHERE destination = 'siem' AND seq > (SELECT min(seq) FROM outbox)")

        assert start(siem=Memory(Rejected("too large"))).drain(PATIENCE, PATIENCE)

        found = outbox.deliveries(core.store.connection)["siem"]
        assert (found.last_error, found.last_delivery, found.delivered) == ("too large", None, 0)

    @pytest.mark.parametrize("error", [Rejected("all", sent=5), Retry("all", sent=9)])
    def test_an_output_that_miscounts_does_not_send_for_ever(self, core, start, error):
        output = Memory(error)

        assert start(siem=output).drain(PATIENCE, PATIENCE)

        assert output.calls <= 2
        assert core.waiting() == []

    def test_what_comes_later_is_delivered_too(self, core, start):
        output = Memory()
        dispatcher = start(siem=output)
        assert dispatcher.drain(PATIENCE, PATIENCE)

        core.feed_records(record())
        dispatcher.wake()

        assert dispatcher.drain(PATIENCE, PATIENCE)
        assert len(output.taken) == 6

    def test_many_commits_while_it_delivers(self, core, start):
        output = Memory(Retry("no"), None, Retry("no", sent=1))
        dispatcher = start(siem=output)
        for _ in range(30):
            core.feed_records(record(), record())
            dispatcher.wake()

        assert dispatcher.drain(PATIENCE, PATIENCE)
        assert output.taken == list(dict.fromkeys(output.taken))
        assert len(output.taken) == 65


class TestOthers:
    def test_a_dead_one_delays_only_itself(self, core, start):
        blocked, dead, alive = threading.Event(), Memory(), Memory()
        dead.plan = [lambda: blocked.wait(PATIENCE)]
        dispatcher = start(siem=dead, other=alive)

        assert dispatcher._workers["other"].idle.wait(PATIENCE)

        assert len(alive.taken) == 5
        assert dead.taken == []
        blocked.set()
        assert dispatcher.drain(PATIENCE, PATIENCE)
        assert len(dead.taken) == 5

    def test_a_failing_one_is_not_waited_for_without_end(self, core, start):
        dispatcher = start(siem=Memory(*[Retry("down")] * 100_000), other=Memory())

        assert dispatcher.drain(PATIENCE, 0.05) is False

        assert len(core.waiting("siem")) == 5
        assert core.waiting("other") == []

    def test_stop_leaves_the_rest_in_the_outbox(self, core, start):
        output = Memory(*[Retry("down", sent=0)] * 100_000)
        dispatcher = start(siem=output)

        dispatcher.stop(PATIENCE)

        assert output.closed.is_set()
        assert len(core.waiting()) == 5

    def test_stop_does_not_wait_for_one_that_hangs(self, core, start):
        sending, go_on = threading.Event(), threading.Event()
        dispatcher = start(siem=Memory(lambda: sending.set() or go_on.wait(PATIENCE)))
        assert sending.wait(PATIENCE)
        begun = time.monotonic()
        dispatcher.stop(0.05)
        assert time.monotonic() - begun < PATIENCE / 2
        go_on.set()

    @pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
    def test_a_worker_that_died_does_not_hold_up_drain(self, core, start, monkeypatch):
        def die(*_):
            raise SystemExit

        monkeypatch.setattr(Worker, "_step", die)

        started = time.monotonic()
        assert not start(siem=Memory()).drain(PATIENCE, PATIENCE)
        assert time.monotonic() - started < PATIENCE / 2

    def test_a_full_disk_does_not_end_a_worker(self, core, start, monkeypatch):
        """Neither noting the failure nor taking out what was delivered works; then there is room again."""
        real, left = outbox.failed, [3]

        def failed(*args):
            if left[0]:
                left[0] -= 1
                raise sqlite3.OperationalError("database or disk is full")
            real(*args)

        monkeypatch.setattr(outbox, "failed", failed)
        output = Memory(*[Retry("down")] * 4)

        assert start(siem=output).drain(PATIENCE, PATIENCE)
        assert len(output.taken) == 5
        assert left == [0]

    def test_a_reload_starts_stops_and_replaces_workers(self, core, start):
        old, new, other = Memory(*[Retry("down")] * 100_000), Memory(), Memory()
        dispatcher = start(siem=old)

        makers = {name: ToOutput(name, o, lambda: core.now) for name, o in {"siem": new, "other": other}.items()}
        dispatcher.use(makers, changed=["siem"])

        assert dispatcher.drain(PATIENCE, PATIENCE)
        assert old.closed.is_set()
        assert len(new.taken) == len(other.taken) == 5

        dispatcher.use({})
        assert new.closed.wait(PATIENCE)
        assert other.closed.wait(PATIENCE)

    def test_a_reload_does_not_wait_for_one_that_hangs_nor_overtake_it(self, core, start):
        wanted, sending, go_on = expected(core), threading.Event(), threading.Event()

        def hang():
            sending.set()
            assert go_on.wait(PATIENCE)

        old, new, newest = Memory(hang), Memory(), Memory()
        dispatcher = start(siem=old)
        assert sending.wait(PATIENCE)

        begun = time.monotonic()
        for output in (new, newest):
            dispatcher.use({"siem": ToOutput("siem", output, lambda: core.now)}, changed=["siem"])
        assert time.monotonic() - begun < 1
        core.feed_records(record(at=9))
        assert not dispatcher.drain(0.2, PATIENCE)
        assert new.calls == newest.calls == 0

        go_on.set()
        assert dispatcher.drain(PATIENCE, PATIENCE)
        assert (old.taken, new.taken) == (wanted, [])
        assert len(newest.taken) == 1

    def test_what_was_sent_and_could_not_be_written_down_is_not_sent_again(self, core, start, monkeypatch):
        wanted, output = expected(core), Memory()
        real, left = outbox.settle, [3]

        def settle(*args, **options):
            if left[0]:
                left[0] -= 1
                raise sqlite3.OperationalError("database or disk is full")
            real(*args, **options)

        monkeypatch.setattr(outbox, "settle", settle)

        assert start(siem=output).drain(PATIENCE, PATIENCE)
        assert output.taken == wanted
        assert core.waiting() == []

    def test_a_message_that_an_output_breaks_over_is_set_aside(self, core, start):
        wanted = expected(core)

        class Broken(Memory):
            def send(self, items):
                if any(_id(item) == wanted[2] for item in items):
                    raise KeyError("hostile")
                super().send(items)

        output = Broken()
        assert start(siem=output).drain(PATIENCE, PATIENCE)

        assert output.taken == wanted[:2] + wanted[3:]
        (reason,) = core.store.connection.execute("SELECT reason FROM refused").fetchone()
        assert reason == "internal error: KeyError"

    def test_a_worker_waits_until_it_can_open_the_store(self, core, start, monkeypatch):
        real, left = Store.another, [2]

        def another(store):
            if left[0]:
                left[0] -= 1
                raise StoreError("unable to open database file")
            return real(store)

        monkeypatch.setattr(Store, "another", another)
        output = Memory()
        assert start(siem=output).drain(PATIENCE, PATIENCE)
        assert len(output.taken) == 5

    def test_an_unchanged_worker_goes_on(self, core, start):
        output = Memory()
        dispatcher = start(siem=output)
        worker = dispatcher._workers["siem"]

        dispatcher.use({"siem": ToOutput("siem", Memory(), lambda: core.now)})

        assert dispatcher._workers["siem"] is worker


class Unsure(Memory):
    """An output that does not know what was read; `doubt` says how many of the latest items may not have been."""

    acknowledged = True

    def __init__(self, *plan, doubt=0):
        super().__init__(*plan)
        self.doubt = doubt
        self.broken = threading.Event()

    def unread(self):
        if self.broken.is_set():
            self.broken.clear()
            raise Retry("reset", unread=self.doubt)
        return self.doubt

    def conclude(self):
        if self.doubt:
            raise Retry("no answer", unread=self.doubt)


class TestDoubt:
    def test_what_is_in_doubt_stays_and_is_not_called_delivered(self, core, start):
        output = Unsure(doubt=2)
        dispatcher = start(siem=output)
        assert dispatcher._workers["siem"].idle.wait(PATIENCE)

        found = outbox.deliveries(core.store.connection)["siem"]
        assert (found.delivered, found.in_doubt, found.pending, found.size) == (3, 2, 0, 0)
        assert len(core.waiting()) == 2
        output.doubt = 0
        assert dispatcher.drain(PATIENCE, PATIENCE)
        found = outbox.deliveries(core.store.connection)["siem"]
        assert (found.delivered, found.in_doubt, found.pending) == (5, 0, 0)

    def test_a_break_is_noticed_with_nothing_new_to_send(self, core, start):
        wanted, output = expected(core), Unsure(doubt=2)
        dispatcher = start(siem=output)
        worker = dispatcher._workers["siem"]
        assert worker.idle.wait(PATIENCE)
        worker.idle.clear()
        output.broken.set()

        assert worker.idle.wait(PATIENCE)  # nobody wakes it: it looks by itself
        assert output.taken == wanted + wanted[3:]

    def test_what_is_in_doubt_at_the_end_is_not_done(self, core, start):
        dispatcher = start(siem=Unsure(doubt=1))

        assert not dispatcher.drain(PATIENCE, 0.01)
        dispatcher.stop(PATIENCE)
        found = outbox.deliveries(core.store.connection)["siem"]
        assert (found.delivered, found.in_doubt, found.pending) == (4, 0, 1)

    def test_after_a_kill_what_was_in_doubt_waits(self, core, start):
        dispatcher = start(siem=Unsure(doubt=2))
        assert dispatcher._workers["siem"].idle.wait(PATIENCE)
        Dispatcher(core.store, lambda: core.now)  # another process, which never saw the first one end

        found = outbox.deliveries(core.store.connection)["siem"]
        assert (found.in_doubt, found.pending, found.oldest) == (0, 2, NOON)

    def test_datagrams_are_sent_and_not_delivered(self, core, start):
        output = Unsure()
        output.acknowledged = False
        assert start(siem=output).drain(PATIENCE, PATIENCE)

        found = outbox.deliveries(core.store.connection)["siem"]
        assert (found.delivered, found.sent, found.in_doubt, found.pending) == (0, 5, 0, 0)

    def test_what_is_in_doubt_does_not_fill_the_outbox(self, core, start):
        dispatcher = start(siem=Unsure(doubt=5))
        assert dispatcher._workers["siem"].idle.wait(PATIENCE)

        assert "siem" not in outbox.pending(core.store.connection)


class TestDown:
    def test_since_the_first_failure_until_it_takes_messages_again(self, core, start, caplog):
        def later():
            core.now += HOUR
            assert outbox.down_since(core.store.another().connection) == {"siem": NOON}

        output = Memory(Retry("down"), Retry("still down"), later)
        assert start(siem=output).drain(PATIENCE, PATIENCE)

        assert outbox.down_since(core.store.connection) == {}
        assert outbox.deliveries(core.store.connection)["siem"].last_error is None
        assert events(caplog, "casbd.outbox") == [
            ("WARNING", "a destination does not take messages; they wait", {"destination": "siem", "reason": "down"}),
            ("WARNING", "a destination takes messages again", {"destination": "siem", "down_seconds": 3600}),
        ]

    def test_a_restart_does_not_begin_it_anew(self, core, start):
        dispatcher = start(siem=Memory(*[Retry("down")] * 100_000))
        assert not dispatcher.drain(PATIENCE, 0.02)
        dispatcher.stop(PATIENCE)
        core.now += HOUR
        dispatcher = start(siem=Memory(*[Retry("down")] * 100_000))
        assert not dispatcher.drain(PATIENCE, 0.02)

        assert outbox.down_since(core.store.connection) == {"siem": NOON}
        dispatcher.stop(PATIENCE)
        assert start(siem=Memory()).drain(PATIENCE, PATIENCE)
        assert outbox.down_since(core.store.connection) == {}

    def test_one_that_takes_a_message_and_resets_is_down(self, core, start):
        """Else a receiver that reads nothing would be well again every second."""
        output = Unsure(doubt=5)
        dispatcher = start(siem=output)
        worker = dispatcher._workers["siem"]
        for _ in range(3):
            assert worker.idle.wait(PATIENCE)
            core.now += 1000
            worker.idle.clear()
            output.broken.set()
            worker.wake()
        assert worker.idle.wait(PATIENCE)

        assert outbox.down_since(core.store.connection) == {"siem": NOON + 1000}

    @pytest.mark.parametrize("seconds", [10, 30, 60])
    def test_one_that_takes_all_and_goes_again_and_again_is_down_all_the_time(self, core, start, monkeypatch, caplog, seconds):
        """A load balancer without a receiver behind it: it gives that up after some seconds, or a minute."""
        passed, pauses = [1000.0], []
        monkeypatch.setattr(to_output, "monotonic", lambda: passed[0])
        pause_after = Worker._pause_after
        monkeypatch.setattr(Worker, "_pause_after", lambda self, error, last: pauses.append(last) or pause_after(self, error, last))
        output = Unsure(doubt=5)
        worker = start(siem=output)._workers["siem"]

        def looks(*, at_broken: bool):
            worker.idle.clear()
            if at_broken:
                output.broken.set()
            worker.wake()
            assert worker.idle.wait(PATIENCE)

        assert worker.idle.wait(PATIENCE)
        for _ in range(3):
            looks(at_broken=True)
            assert outbox.down_since(core.store.connection) == {"siem": NOON}
            core.now += seconds * 1000
            passed[0] += seconds
            looks(at_broken=False)
        told = [record.getMessage() for record in caplog.records if record.name.startswith("casbd.outbox")]
        assert len(told) == (1 if seconds < module.WELL_SECONDS else 6)
        assert all(pauses[1:]) == (seconds < module.WELL_SECONDS)
        looks(at_broken=True)
        output.doubt = 0
        looks(at_broken=False)
        core.now += HOUR
        output.doubt = 5
        core.feed_records(*(record(at=n) for n in range(100, 105)))
        looks(at_broken=False)
        looks(at_broken=True)
        assert outbox.down_since(core.store.connection) == {"siem": core.now}  # in between it had proved good


class TestBlocks:
    @pytest.fixture
    def core(self, make_core, monkeypatch):
        """Two blocks of seven activities, and an alert behind each; three go at a time."""
        monkeypatch.setattr(module, "BATCH", 3)
        core = make_core(
            rules={"one": {"filters": {"action_type": {"eq": "UserLoginFailed"}}}}, settings=settings({"siem": ["alerts", "activities"]})
        )
        for start in (0, 10):
            core.feed_records(record(at=start), *(record(at=start + n, Operation="UserLoggedIn") for n in range(1, 7)))
        return core

    def test_waiting_are_messages_not_rows(self, core):
        found = outbox.deliveries(core.store.connection)["siem"]
        assert (found.pending, len(core.waiting())) == (16, 4)

    def test_a_part_of_a_block_is_in_doubt(self, core, start):
        wanted, output = self.wanted(core), Unsure(doubt=4)
        dispatcher = start(siem=output)
        worker = dispatcher._workers["siem"]
        assert worker.idle.wait(PATIENCE)
        found = outbox.deliveries(core.store.connection)["siem"]
        assert (found.delivered, found.in_doubt, found.pending) == (12, 4, 0)
        worker.idle.clear()
        output.broken.set()
        worker.wake()

        assert worker.idle.wait(PATIENCE)
        assert output.taken == wanted + wanted[-4:]

    def wanted(self, core):
        found = []
        for row in core.waiting():
            found += [_id(row.alert())] if row.kind == "alert" else [_id(a) for a in core.block(row.block_id)]
        return found

    def test_go_in_parts_and_in_order_with_the_alerts(self, core, start):
        wanted, output = self.wanted(core), Memory(Retry("x"), None, Retry("half", sent=2), RuntimeError("bug"))

        assert start(siem=output).drain(PATIENCE, PATIENCE)

        assert output.taken == wanted
        assert len(wanted) == 16

    def test_a_refused_activity_is_skipped(self, core, start):
        wanted, output = self.wanted(core), Memory(None, Rejected("odd", sent=1))

        assert start(siem=output).drain(PATIENCE, PATIENCE)

        assert output.taken == wanted[:4] + wanted[5:]
        (body,) = core.store.connection.execute("SELECT body FROM refused").fetchone()
        assert wanted[4].encode() in body

    def test_a_restart_goes_on_within_a_block(self, core, start):
        output = Memory(None, *[Retry("down")] * 100_000)
        dispatcher = start(siem=output)
        assert not dispatcher.drain(PATIENCE, 0.05)
        dispatcher.stop(PATIENCE)
        sent = len(output.taken)
        assert sent == 3
        core.reopen()

        again = Memory()
        assert start(siem=again).drain(PATIENCE, PATIENCE)
        assert len(again.taken) == 16 - sent
        assert not {*again.taken} & {*output.taken[1:]} - {*output.taken[:1]}

    def test_retention_keeps_what_is_still_to_be_sent(self, core, start):
        from casbd.store.log import blocks

        with core.store.transaction() as connection:
            assert blocks.prune(connection, NOON + HOUR) == 0
        assert start(siem=Memory()).drain(PATIENCE, PATIENCE)
        with core.store.transaction() as connection:
            assert blocks.prune(connection, NOON + HOUR) == 2


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


class TestPauses:
    @pytest.fixture
    def worker(self, core, monkeypatch):
        monkeypatch.setattr(module, "MIN_BACKOFF_SECONDS", 0.5)
        monkeypatch.setattr(module, "MAX_BACKOFF_SECONDS", 60.0)
        return Worker("siem", ToOutput("siem", Memory(), lambda: NOON), core.store, lambda: NOON)

    def test_grow_up_to_a_minute(self, worker):
        pauses = [0.0]
        for _ in range(12):
            pauses.append(worker._pause_after(Retry("down"), pauses[-1]))

        assert 0.4 <= pauses[1] <= 0.5
        assert all(0.4 <= later <= 60 for later in pauses[1:])
        assert pauses[-1] >= 48

    def test_are_what_the_receiver_asks_within_reason(self, worker):
        assert worker._pause_after(Retry("slow down", after=7), 0.5) == 7
        assert worker._pause_after(Retry("slow down", after=1e9), 0.5) == 600


def test_an_alert_is_sent_as_it_was_when_it_was_raised(core, start):
    received = []

    class Keeping(Memory):
        def send(self, items):
            received.extend(items)

    assert start(siem=Keeping()).drain(PATIENCE, PATIENCE)
    assert all(isinstance(item, Alert) for item in received)
    assert received == sorted(core.alerts(), key=lambda alert: alert.first_activity)


def test_pseudonyms_are_those_of_the_present_configuration(core):
    """A reload puts others in the place; what is stored has the names."""
    now = Pseudonyms(("user",), b"0" * 16)

    class Users(Memory):
        def send(self, items):
            self.taken += [item.user for item in items]

    output = Users()
    delivering = ToOutput("siem", output, lambda: core.now, lambda: now)
    for _ in range(2):
        delivering.deliver(core.store, 1)
        now = Pseudonyms(("user",), b"1" * 16)
    assert {row.alert().user for row in core.waiting()} == {"a@contoso.com"}
    assert output.taken == [Pseudonyms(("user",), key * 16).user("a@contoso.com") for key in (b"0", b"1")]
