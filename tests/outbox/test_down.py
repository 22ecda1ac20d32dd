"""A destination that is down: who is told, what waits, and how it recovers."""

from __future__ import annotations

import pytest
from builders import HOUR, NOON, events, record

from casbd.errors import Retry
from casbd.outbox import to_output
from casbd.outbox import worker as module
from casbd.outbox.worker import Worker
from casbd.store.state import outbox
from tests.outbox.destinations import PATIENCE, Memory, Unsure

pytestmark = pytest.mark.usefixtures("short_pauses")


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
