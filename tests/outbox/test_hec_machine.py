"""The same machine with Splunk in the place of the receiver: what an indexer has not acknowledged is sent again, whatever crashes when."""

from __future__ import annotations

import os

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from casbd.outputs.splunk_hec import SplunkHec, SplunkHecOptions
from tests.outbox.test_delivery_machine import DeliveryMachine
from tests.outputs.hec import Splunk
from tests.outputs.receivers import Time

BUSY = 503, {"text": "Server is busy", "code": 9}, {}


class SplunkHost:
    """A collector and the output to it, as the machine sees a receiver. To read is to index; after a reset it is another process."""

    acknowledged = True

    def __init__(self) -> None:
        self.server = Splunk(acknowledges=True, at_once=False)
        self.time = Time()
        self.fails_after = self.too_careful = 0
        self.faults: list = []
        self.crashed = False
        self._new()

    def _new(self) -> None:
        options = {"url": self.server.url, "token": {"env": "CASBD_TEST_TOKEN"}, "acknowledge": True}
        small = SplunkHecOptions.model_validate(options).model_copy(update={"max_request": 1500})
        self.output = SplunkHec(small, timer=self.time)

    @property
    def sent(self) -> list[int]:
        return [number for _, number, _ in self.server.queue]

    read = 0

    @property
    def ever_read(self) -> list[str]:
        return list(dict.fromkeys(self.server.ids()))

    @property
    def seen(self) -> set[str]:
        return {*self.server.ids()}

    @property
    def ended(self) -> str:
        return ""

    @ended.setter
    def ended(self, how: str) -> None:
        if how == "reset":
            self.server.crash()
            self.crashed = True

    def send(self, items) -> None:
        self.server.faults = [*self.faults]
        try:
            self.output.send(items)
        finally:
            self.crashed |= self.faults != self.server.faults and "crashes" in self.faults
            self.faults = self.server.faults = []

    def unread(self) -> int:
        return self.output.unread()

    def conclude(self) -> None:
        self.server.index()
        self.time.now += 301  # of what a crash has lost the acknowledgement never comes
        assert not self.output.unread()

    def close(self) -> None:
        self.output.close()

    def program_reads(self, number: int) -> None:
        self.server.index(number)

    def disconnect(self) -> None:
        self.output.close()
        self._new()


class HecMachine(DeliveryMachine):
    def make_host(self) -> SplunkHost:
        return SplunkHost()

    @rule(faults=st.lists(st.sampled_from([None, BUSY, "drops", "takes and drops", "crashes"]), max_size=3))
    def it_will_have_trouble(self, faults: list) -> None:
        self.host.faults = faults

    @rule(seconds=st.sampled_from([1, 100, 301]))
    def time_goes_by(self, seconds: int) -> None:
        self.host.time.now += seconds

    @invariant()
    def it_is_read_in_order(self) -> None:
        """But for what Splunk lost, which comes behind what it had taken by the time that casbd found out."""
        if hasattr(self, "core") and not self.host.crashed:
            assert self.host.ever_read == self.queued[: len(self.host.ever_read)]

    def teardown(self) -> None:
        if hasattr(self, "core"):
            self.host.faults = []
        super().teardown()
        if hasattr(self, "core"):
            self.host.close()
            self.host.server.stop()


HecMachine.TestCase.settings = hypothesis_settings(max_examples=60, stateful_step_count=30)


class TestHec(HecMachine.TestCase):
    def setUp(self) -> None:
        os.environ["CASBD_TEST_TOKEN"] = "11111111-2222-3333-4444-555555555555"  # the environment of each test is put back
