"""Telling people, as a machine: whatever fails, and whenever casbd is killed, each alert is told at least once, and the same message
again is the same one.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from pathlib import Path

from builders import MINUTE, Core, record, settings
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec.structs import replace

from casbd.config.notifications import Notification
from casbd.documents.mail_server import MailServer
from casbd.errors import Rejected, Retry
from casbd.notifications import wording
from casbd.outbox.to_people import ToPeople
from casbd.store.state import outbox

QUEUE = "notify:soc"
CARE = Notification.model_validate({"name": "soc", "email": "soc@example.com", "max_per_hour": 4, "quiet_hours": "12:40-13:10"})
MAIL = MailServer.model_validate({"host": "localhost", "from": "casbd@example.com"})
SETTINGS = replace(settings({}), notifications=(CARE,), mail=MAIL)
RULES = {"failed": {"severity": "low"}, "worse": {"severity": "high", "filters": {"activity_type": {"eq": "Log on"}}}}
MEMORY = Path("/dev/shm")


class Server:
    """Takes messages. bodies: what it got under one key. numbers: of how many alerts each is.

    messages: by what is to be done about an alert, the keys of the messages that it was in.
    """

    def __init__(self) -> None:
        self.answer = "250"
        self.bodies: dict[str, set[tuple[str, ...]]] = {}
        self.numbers: dict[str, int] = {}
        self.messages: dict[str, set[str]] = {}

    def send(self, message: wording.Message, at: int) -> None:
        answer, self.answer = self.answer, "250"
        if answer == "4xx":
            raise Retry("450")
        if answer == "5xx":
            raise Rejected("550")
        self.numbers[message.key] = message.number
        for story in message.stories:
            self.messages.setdefault(story.next, set()).add(message.key)
        self.bodies.setdefault(message.key, set()).add((str(at), wording.as_text(message), message.subject))
        if answer == "lost":  # the server has it, and its 250 never came
            raise Retry("connection closed")


class PeopleMachine(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.directory = Path(tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None))
        self.core = Core(self.directory, rules=RULES, settings=SETTINGS)
        self.server = Server()
        self.delivering = self._new()
        self.made = 0

    def teardown(self) -> None:
        if not hasattr(self, "core"):
            return
        self.server.answer = "250"
        for _ in range(200):
            self._deliver()
            self.core.now += MINUTE
        refused = self.core.store.connection.execute("SELECT count(*) FROM refused").fetchone()[0]
        assert sum(self.server.numbers.values()) + refused >= len(self.core.alerts())
        assert not self.core.waiting(QUEUE)
        self.core.close()
        shutil.rmtree(self.directory)

    def _new(self) -> ToPeople:
        return ToPeople(QUEUE, self.server, CARE, lambda: self.core.now)

    def _deliver(self, *, written: bool = True) -> None:
        with contextlib.suppress(Retry):
            self.delivering.deliver(self.core.store)
        if written and self.delivering.unwritten:
            with self.core.store.transaction() as connection:
                self.delivering.write(connection)
            self.delivering.written()

    @rule(number=st.integers(1, 3), worse=st.booleans())
    def raise_alerts(self, number: int, worse: bool) -> None:
        operation = {"Operation": "UserLoggedIn"} if worse else {}
        self.core.feed_records(*(record(at=self.made + n, **operation) for n in range(number)))
        self.made += number

    @rule(minutes=st.sampled_from([0, 1, 15, 61]))
    def time_goes_by(self, minutes: int) -> None:
        self.core.now += minutes * MINUTE + 1000

    @rule(answer=st.sampled_from(["250", "250", "4xx", "5xx", "lost"]))
    def deliver(self, answer: str) -> None:
        self.server.answer = answer
        self._deliver()

    @rule(delivers=st.booleans())
    def kill_casbd(self, delivers: bool) -> None:
        if delivers:
            self._deliver(written=False)
        now = self.core.now
        self.core.reopen()
        self.core.now = now
        self.delivering = self._new()

    @invariant()
    def what_goes_again_is_the_same(self) -> None:
        if hasattr(self, "core"):
            assert all(len(bodies) == 1 for bodies in self.server.bodies.values())
            assert all(len(keys) == 1 for keys in self.server.messages.values())

    @invariant()
    def nothing_is_lost(self) -> None:
        if hasattr(self, "core") and (found := outbox.deliveries(self.core.store.connection).get(QUEUE)):
            assert found.pending + found.delivered + found.refused == len(self.core.alerts())


PeopleMachine.TestCase.settings = hypothesis_settings(max_examples=30, stateful_step_count=25)
TestPeople = PeopleMachine.TestCase
