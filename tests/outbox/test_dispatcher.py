"""Delivery with real worker threads, and destinations in memory that fail in every way they may."""

from __future__ import annotations

import sqlite3
import threading
import time

import pytest
from builders import NOON, record

from casbd.errors import Rejected, Retry, StoreError
from casbd.model.alert import Alert
from casbd.outbox import worker as module
from casbd.outbox.to_output import ToOutput
from casbd.outbox.worker import Worker
from casbd.pseudonyms import Pseudonyms
from casbd.store.database import Store
from casbd.store.state import outbox
from tests.outbox.destinations import PATIENCE, Memory, expected, id_of

pytestmark = pytest.mark.usefixtures("short_pauses")


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

        def failed(*args, **options):
            if left[0]:
                left[0] -= 1
                raise sqlite3.OperationalError("database or disk is full")
            real(*args, **options)

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
        assert time.monotonic() - begun < PATIENCE / 2
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
                if any(id_of(item) == wanted[2] for item in items):
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


class TestPauses:
    @pytest.fixture
    def worker(self, core, monkeypatch):
        monkeypatch.setattr(module, "MIN_BACKOFF_SECONDS", 0.5)
        monkeypatch.setattr(module, "MAX_BACKOFF_SECONDS", 60.0)
        return Worker("siem", ToOutput("siem", Memory(), lambda: NOON), core.store, lambda: NOON)

    @pytest.mark.parametrize("longest", [4.0, 60.0])
    def test_grow_up_to_what_the_destination_bears(self, worker, longest, monkeypatch):
        """Of an output few seconds, as who looks at the SIEM when it is back must not wait."""
        assert worker._delivering.longest_pause == 4.0
        monkeypatch.setattr(ToOutput, "longest_pause", longest)
        pauses = [0.0]
        for _ in range(12):
            pauses.append(worker._pause_after(Retry("down"), pauses[-1]))

        assert 0.4 <= pauses[1] <= 0.5
        assert all(0.4 <= later <= longest for later in pauses[1:])
        assert pauses[-1] >= 0.8 * longest

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
