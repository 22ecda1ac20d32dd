"""Blocks of activities, as they wait for an output."""

from __future__ import annotations

import pytest
from builders import HOUR, NOON, record, settings

from casbd.errors import Rejected, Retry
from casbd.outbox import worker as module
from casbd.store.state import outbox, refused
from tests.outbox.destinations import PATIENCE, Memory, Unsure, id_of

pytestmark = pytest.mark.usefixtures("short_pauses")


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
            found += [id_of(row.alert())] if row.kind == "alert" else [id_of(a) for a in core.block(row.block_id)]
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
        (found,) = refused.listed(core.store.connection, "siem")
        assert (found.item().activity_id, found.reason) == (wanted[4], "odd")

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
