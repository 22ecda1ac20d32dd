"""Policies watch on while the log is read back: whatever fails meanwhile, and wherever commits are cut, the alerts are the same."""

import sqlite3
import tempfile
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest
from builders import HOUR, NOON, chunk, record
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from casbd.activity_log import in_order
from casbd.config.settings import Retention
from casbd.daemon.retention import remove_some
from casbd.habits import habits
from casbd.pipeline import look_back as looking
from casbd.pipeline.learning import Learning
from casbd.policies import kinds
from casbd.store.state import habits_late
from tests.habits.after_idle import AfterIdle
from tests.pipeline.test_anomalies import DAY, left, opened, use
from tests.store.machine_parts import failing

moments = st.tuples(st.sampled_from("ab"), st.integers(0, 30), st.sampled_from([0, 0.25, 0.5, 2, 20]))


class LookBackMachine(RuleBasedStateMachine):
    """Log ons come in any order, and look backs go on step by step in between."""

    crowd = False

    @initialize(little=st.sampled_from([0, 2, 1000]), in_journal=st.sampled_from([0, 3, 1000]))
    def begin(self, little, in_journal):
        self.patch = pytest.MonkeyPatch()
        of = kinds.of
        self.patch.setattr(kinds, "of", lambda match: AfterIdle if match.kind == "after_idle" else of(match))
        for module, name, value in [
            (habits, "MOST_IN_JOURNAL", in_journal),
            (habits, "MOST_BYTES", habits.LEAST_BYTES),
            (in_order, "FEW", 0),
            (looking, "TOGETHER", 2),
            (looking, "AT_ONCE", 1),
            (looking, "LITTLE", little),
        ]:
            self.patch.setattr(module, name, value)
        self.directory = tempfile.TemporaryDirectory()
        self.core = self.opened("core")
        self.records = {}
        self.begin_anew()

    def opened(self, name):
        core = opened(Path(self.directory.name) / name, self.crowd)
        core.now = NOON + 40 * DAY
        return core

    def begin_anew(self):
        self.learning = Learning(self.core.store, self.core.pipeline, lambda: self.core.now)

    @rule(several=st.lists(moments, min_size=1, max_size=4), fails=st.booleans())
    def records_come(self, several, fails):
        fresh = {}
        for who, day, hour in several:
            at = int((24 * day + hour) * HOUR)
            if (who, at) not in self.records:
                number = len(self.records) + 1
                fresh[who, at] = record(at=at, UserId=f"{who}@contoso.com", Id=f"{number}", ClientIP=f"203.0.113.{number % 250}")
                self.records[who, at] = fresh[who, at]
        if fresh and fails:
            with failing(self.core, 0), pytest.raises(sqlite3.OperationalError):
                self.core.feed(chunk([*fresh.values()]))
            self.core.pipeline.reload_state()
        if fresh:
            self.core.feed(chunk([*fresh.values()]))

    @rule(turns=st.integers(1, 12))
    def the_log_is_read_back(self, turns):
        while turns and self.turn():
            turns -= 1

    def turn(self):
        return self.learning.turn(self.core.policies, 0, judges=True)

    @rule(after=st.integers(0, 8))
    def a_look_back_fails(self, after):
        """At its next transaction but so many, if it has as many; and goes on."""
        with failing(self.core, after), suppress(sqlite3.OperationalError):
            while self.turn():
                pass

    @rule()
    def casbd_is_killed(self):
        self.core.reopen()
        use(self.core, self.crowd)
        self.begin_anew()

    @rule()
    def retention_removes_what_is_in_no_use(self):
        remove_some(self.core.store, Retention(), self.core.now, ["siem"], {}, self.learning.learned)

    @invariant()
    def nobody_hears_twice_of_the_same(self):
        raised = Counter(row.alert().alert_id for row in self.core.waiting() if row.kind == "alert" and row.alert().event == "raised")
        assert max(raised.values(), default=1) == 1

    def teardown(self):
        try:
            self.core.now += 30 * DAY
            while self.turn():
                pass
            assert habits_late.waiting(self.core.store.connection) == {}
            calm = self.opened("calm")
            for who_and_when in sorted(self.records, key=lambda one: one[1]):
                calm.feed(chunk([self.records[who_and_when]]))
            assert left(self.core) == left(calm)
            calm.close()
        finally:
            self.core.close()
            self.directory.cleanup()
            self.patch.undo()


@pytest.mark.parametrize("crowd", [False, True])
def test_machine(crowd):
    machine = type("Machine", (LookBackMachine,), {"crowd": crowd})
    run_state_machine_as_test(machine, settings=hypothesis_settings(max_examples=40, stateful_step_count=25))
