"""Governance as a machine: whatever fails, whenever it is killed, whatever the clock is set to, and whoever approves what.

Nothing is done twice for one command, no ceiling is exceeded in any hour that really passed, protected users are left alone, a breaker that
is open lets nothing new be queued, and a dry run sends nothing.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections import Counter
from pathlib import Path

from builders import HOUR, MINUTE, NOON, Core, record, settings
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from casbd.errors import Rejected, Retry
from casbd.governance import approving, reverting, withdrawing
from casbd.outbox.to_connector import ToConnector
from casbd.plugins import Done
from casbd.store.state import governance_breaker, governance_log, governance_moments

QUEUE = "connector:entra"
RULES = {"failed": {"governance": [{"action": action, "connector": "entra"} for action in ("require_sign_in_again", "suspend_user")]}}
MOST = 3
PROTECTED = "boss@contoso.com"
USERS = [PROTECTED, *(f"{letter}@contoso.com" for letter in "abcdef")]
MEMORY = Path("/dev/shm")

times = st.sampled_from([MINUTE, 20 * MINUTE, 61 * MINUTE, 25 * HOUR])


class Killed(Exception):
    """The process ends after the app has answered, or not, and before that is written down."""


faults = st.none() | st.sampled_from([Retry("timed out"), Retry("429", after=1), Rejected("403"), ValueError("a bug"), Killed()])


class App:
    """Accounts that are suspended or not. It tells what it is asked, and keeps what was done for which command, and when."""

    def __init__(self, machine: GovernanceMachine) -> None:
        self.machine = machine
        self.suspended: set[str] = set()
        self.signed_out: set[str] = set()
        self.done: Counter[tuple[str, int | None]] = Counter()
        self.when: dict[str, int] = {}
        self.fault: Exception | None = None
        self.too_late = False

    def execute(self, command):
        self.machine.check(command)
        if self.fault is not None and not self.too_late:
            raise self.fault
        self.done[command.command_id, command.approved] += 1
        if not command.reverts:
            self.when[command.command_id] = self.machine.passed
        if command.action == "unsuspend_user":
            self.suspended.discard(command.target)
        else:
            (self.suspended if command.action == "suspend_user" else self.signed_out).add(command.target)
        if self.fault is not None:
            raise self.fault
        return Done("PATCH", "204", {"was": True})

    def is_done(self, command):
        if command.action == "require_sign_in_again":
            return command.target in self.signed_out
        return (command.target in self.suspended) is (command.action == "suspend_user")


class GovernanceMachine(RuleBasedStateMachine):
    @initialize(mode=st.sampled_from(["enforce", "approve"]))
    def start(self, mode: str) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="casbd-machine-", dir=MEMORY if MEMORY.is_dir() else None))
        self.core = Core(self.directory / "core", rules=RULES, settings=self.settings_of(mode))
        self.passed = 0
        self.app = App(self)
        self.queued_while_open: set[str] | None = None
        self.begin()
        self.raise_alerts(USERS)

    def settings_of(self, mode: str):
        care = {"mode": mode, "max_per_hour": MOST, "max_per_hour_by_action": {"suspend_user": MOST - 1}}
        return settings({}, **care, protected_users=[PROTECTED], max_activity_age="30d")

    def begin(self) -> None:
        """The connector's thread, which knows nothing of an earlier one."""
        self.delivering = ToConnector(QUEUE, self.app, lambda: self.core.now, self.core.rails)
        with self.core.store.transaction() as connection:
            governance_moments.sent(connection)

    def teardown(self) -> None:
        if hasattr(self, "core"):
            self.core.close()
            shutil.rmtree(self.directory)

    def check(self, command) -> None:
        """What holds whenever something is sent."""
        mode = self.core.settings.governance.mode
        assert mode != "dry_run"
        assert mode == "enforce" or command.approved is not None
        assert command.target != PROTECTED

    @rule(first=st.integers(0, len(USERS) - 1))
    def alerts(self, first: int) -> None:
        """Of four users, one after the other."""
        self.raise_alerts([*USERS, *USERS][first : first + 4])

    def raise_alerts(self, users: list[str]) -> None:
        self.core.feed_records(*(record(at=self.core.now - NOON, UserId=user) for user in users))

    @rule(turns=st.lists(st.tuples(faults, st.booleans()), min_size=2, max_size=5))
    def deliver(self, turns: list[tuple[Exception | None, bool]]) -> None:
        """With what goes wrong in each turn, before or after the app has done it."""
        for self.app.fault, self.app.too_late in turns:
            with contextlib.suppress(Retry, ValueError, Killed):
                self.delivering.deliver(self.core.store)
            if isinstance(self.app.fault, Killed):
                self.restart()
            else:
                with self.core.store.transaction() as connection:
                    self.delivering.write(connection)
                self.delivering.written()

    @rule(what=st.sampled_from(["restart", "expire", *["close the breaker"] * 3, *["enforce", "approve"] * 2, "dry_run"]))
    def daemon(self, what: str) -> None:
        if what == "restart":
            self.restart()
        elif what in ("expire", "close the breaker"):
            with self.core.store.transaction() as connection:
                if what == "expire":
                    approving.expire(connection, self.core.settings.governance, self.core.rails().moment(self.core.now))
                else:
                    governance_breaker.close(connection)
                    self.queued_while_open = None
        else:
            self.core.use(self.core.policies, self.settings_of(what))

    def restart(self) -> None:
        self.core.reopen()
        self.begin()

    @rule(time=times, clock=st.sampled_from(["right", "right", "set forward", "set back"]))
    def time(self, time: int, clock: str) -> None:
        """Time passes, or the clock is set."""
        self.core.now += -time if clock == "set back" else time
        if clock == "right":
            self.passed += time
        else:
            self.core.ahead = self.passed - (self.core.now - NOON)

    @rule(act=st.sampled_from(["approve all", "approve all", "reject", "retry", "cancel", "revert"]), number=st.integers(0, 30))
    def person(self, act: str, number: int) -> None:
        """Somebody does something to a command; what cannot be is told."""
        commands, rails, moment = self.core.commands(), self.core.rails(), self.core.rails().moment(self.core.now)
        care, way_back = rails.care, {"suspend_user": "unsuspend_user"}
        acts = {
            "approve all": lambda connection, one: approving.approve(connection, one, "anna", care, moment),
            "reject": lambda connection, one: approving.reject(connection, one, "anna", "", moment),
            "retry": lambda connection, one: approving.retry(connection, one, "anna", care, moment),
            "cancel": lambda connection, one: withdrawing.cancel(connection, one, "anna", moment.at),
            "revert": lambda connection, one: reverting.revert(connection, one, way_back.get(one.action), "anna", rails, moment.at),
        }
        for one in commands if act == "approve all" else commands[number : number + 1]:
            with contextlib.suppress(ValueError), self.core.store.transaction() as connection:
                acts[act](connection, one)

    @invariant()
    def nothing_is_done_twice(self) -> None:
        if hasattr(self, "app"):
            assert max(self.app.done.values(), default=0) <= 1

    @invariant()
    def no_ceiling_is_exceeded_in_an_hour_that_passed(self) -> None:
        if hasattr(self, "app"):
            recent = [command_id for command_id, at in self.app.when.items() if at > self.passed - HOUR]
            suspended = [one for one in recent if (governance_log.get(self.core.store.connection, one)).action == "suspend_user"]
            assert len(recent) <= MOST
            assert len(suspended) <= MOST - 1

    @invariant()
    def what_is_queued_waits_in_the_outbox_once(self) -> None:
        if hasattr(self, "core"):
            queued = sorted(one.command_id for one in self.core.commands() if one.status == "queued")
            waiting = sorted(row.command().command_id for row in self.core.waiting(QUEUE))
            assert queued == waiting

    @invariant()
    def an_open_breaker_lets_nothing_new_be_queued(self) -> None:
        if not hasattr(self, "core") or governance_breaker.opened(self.core.store.connection) is None:
            return
        queued = {one.command_id for one in self.core.commands() if one.status == "queued" and not one.reverts}
        if self.queued_while_open is not None:
            assert queued <= self.queued_while_open
        self.queued_while_open = queued


EXAMPLES = int(os.environ.get("CASBD_GOVERNANCE_EXAMPLES", "40"))
GovernanceMachine.TestCase.settings = hypothesis_settings(max_examples=EXAMPLES, stateful_step_count=40)
TestGovernance = GovernanceMachine.TestCase
