"""A worker in the test's own thread: what it does when something fails, and what it logs of it."""

from __future__ import annotations

import math
import sqlite3

import pytest
from builders import NOON, events, record, settings

from casbd.errors import Retry, StoreError
from casbd.outbox import worker as module
from casbd.outbox.to_output import ToOutput
from casbd.outbox.worker import Worker
from casbd.store.database import Store
from casbd.store.state import outbox

FULL = sqlite3.OperationalError("database or disk is full")


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(module, "MAX_BACKOFF_SECONDS", 0.0)


@pytest.fixture
def core(make_core):
    """Sixteen alerts wait for `siem`."""
    core = make_core(rules={"failed": {}}, settings=settings({"siem": ["alerts"]}))
    core.feed_records(*(record(at=n) for n in range(16)))
    return core


class Output:
    """Does as the plan says at each call, takes the rest, and has its worker stop once there is nothing more."""

    acknowledged = True

    def __init__(self, core, *plan, at_its_end=None):
        self.core, self.plan, self.at_its_end = core, [*plan], at_its_end
        self.sizes, self.taken, self.concluded, self.closed = [], 0, [], False
        self.worker = Worker("siem", ToOutput("siem", self, lambda: core.now), core.store, lambda: core.now)

    def send(self, items):
        self.sizes.append(len(items))
        step = self.plan.pop(0) if self.plan else None
        if isinstance(step, Exception):
            raise step
        if step is not None:
            step()
        self.taken += len(items)

    def unread(self):
        if self.taken == 16:
            self.worker.stop()
        return 0

    def conclude(self):
        self.concluded.append(self.taken)
        if self.at_its_end is not None:
            raise self.at_its_end

    def close(self):
        self.closed = True


def break_at(monkeypatch, name, times, error=FULL):
    """Has a function of the store's outbox fail so many times."""
    real, left = getattr(outbox, name), [times]

    def broken(*arguments, **options):
        if left[0]:
            left[0] -= 1
            raise error
        return real(*arguments, **options)

    monkeypatch.setattr(outbox, name, broken)


def test_after_a_failure_less_is_sent_at_once_and_then_more_and_more(core, monkeypatch):
    monkeypatch.setattr(module, "BATCH", 8)
    output = Output(core, *[Retry("too much")] * 5)
    output.worker.run()
    assert output.sizes == [8, 4, 2, 1, 1, 1, 2, 4, 8, 1]


def test_a_bug_in_an_output_is_logged_and_shown_as_what_it_is(core, caplog):
    shown = []

    def look():
        delivery = outbox.deliveries(core.store.connection)["siem"]
        shown.append((delivery.last_error, delivery.last_error_at, delivery.down_since, delivery.failures))

    core.now += 1000
    Output(core, RuntimeError("bug"), look).worker.run()

    assert shown == [("RuntimeError: bug", NOON + 1000, NOON + 1000, 1)]
    assert events(caplog, "casbd.outbox")[:2] == [
        ("ERROR", "delivery failed", {"destination": "siem"}),
        ("WARNING", "a destination does not take messages; they wait", {"destination": "siem", "reason": "RuntimeError: bug"}),
    ]


def test_a_failure_that_cannot_be_noted_is_logged(core, caplog, monkeypatch):
    break_at(monkeypatch, "failed", 1)
    Output(core, Retry("down")).worker.run()
    noted = ("ERROR", "a failed delivery could not be noted", {"destination": "siem", "error": "database or disk is full"})
    assert noted in events(caplog, "casbd.outbox")


def test_what_was_sent_is_written_down_before_more_is_sent(core, caplog, monkeypatch):
    break_at(monkeypatch, "settle", 2)  # after the delivery, and with the note that this failed
    output = Output(core)
    output.worker.run()
    assert output.sizes == [16]
    assert [event for _, event, _ in events(caplog, "casbd.outbox")].count("delivery failed") == 1


class TestTheEnd:
    def test_what_is_not_confirmed_is_logged_and_sent_again(self, core, caplog):
        with core.store.transaction() as connection:
            outbox.handed_over(connection, "siem", 5, NOON)
            outbox.handed_over(connection, "other", 5, NOON)
        Output(core, at_its_end=Retry("no answer")).worker.run()
        assert events(caplog, "casbd.outbox") == [
            ("WARNING", "a destination did not confirm what it got last", {"destination": "siem", "reason": "no answer"})
        ]
        assert [*core.store.connection.execute("SELECT name, reached FROM destinations ORDER BY name")] == [("other", 5), ("siem", 0)]

    def test_a_full_disk_ends_it_in_order(self, core, caplog, monkeypatch):
        break_at(monkeypatch, "begin_anew", 1)
        output = Output(core)
        output.worker.run()
        assert output.closed
        assert events(caplog, "casbd.outbox") == [
            ("ERROR", "the last deliveries could not be noted", {"destination": "siem", "error": "database or disk is full"})
        ]

    def test_it_says_good_bye_when_asked_to_and_all_is_sent(self, core):
        output = Output(core)
        output.worker.concluding.set()
        output.worker.run()
        assert {*output.concluded} == {16}


def test_without_a_store_it_waits_until_it_is_stopped(core, caplog, monkeypatch):
    def another(_):
        raise StoreError("too many open files")

    monkeypatch.setattr(Store, "another", another)
    output = Output(core)
    output.worker.stop()
    with pytest.raises(StoreError):
        output.worker.run()
    assert output.closed
    assert events(caplog, "casbd.outbox") == [
        ("ERROR", "a destination cannot be served yet", {"destination": "siem", "error": "too many open files"})
    ]


class Standing:
    """Delivers once; its connection has lasted so long."""

    look_again, unwritten = 0.0, False

    def __init__(self, seconds):
        self.seconds, self.worker = seconds, None

    def deliver(self, store, most=0):
        self.worker.stop()
        return False

    def conclude(self):
        pass

    def standing(self):
        return self.seconds

    def write(self, connection):
        pass

    def written(self):
        pass

    def close(self):
        pass


@pytest.mark.parametrize(
    ("seconds", "is_waited_for", "is_down"),
    [(2.9, False, True), (3.0, True, True), (29.9, True, True), (30.0, True, False), (math.inf, True, False)],
)
def test_a_connection_must_last_to_be_worth_waiting_for_and_longer_to_be_well(core, seconds, is_waited_for, is_down):
    with core.store.transaction() as connection:
        outbox.failed(connection, "siem", "down", NOON)
    delivering = Standing(seconds)
    delivering.worker = worker = Worker("siem", delivering, core.store, lambda: core.now)
    worker.failing_since = 1.0
    worker.run()
    assert (worker.failing_since is None, "siem" in outbox.down_since(core.store.connection)) == (is_waited_for, is_down)
