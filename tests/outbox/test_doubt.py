"""What a receiver may not have read stays, and is sent again."""

from __future__ import annotations

import pytest
from builders import NOON

from casbd.outbox.dispatcher import Dispatcher
from casbd.store.state import outbox
from tests.outbox.destinations import PATIENCE, Unsure, expected

pytestmark = pytest.mark.usefixtures("short_pauses")


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
