"""The daemon's own loop, with commits that fail, reloads and restarts in between: nothing is lost, and nothing is counted twice."""

import json
import shutil
import sqlite3
import tempfile
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest
from builders import record, reload
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from casbd.activity_log import ActivityLog
from casbd.daemon import boot, loop, reload_thread
from casbd.daemon.service import start, work_until_stopped
from casbd.inputs import Inputs
from casbd.store.state import input_progress, raised_alerts

EACH = "name: each\nfilters: {{activity_type: {{eq: Failed log on}}}}\nseverity: {severity}\n"
REPEATED = "name: again\nfilters: {activity_type: {eq: Failed log on}}\nmatch: {repeated: 3, within: 10m, by: user}\n"
NUMBER = 0


class Loop(RuleBasedStateMachine):
    """A daemon in this process, whose loop is driven step by step."""

    @initialize()
    def begin(self):
        self.place = Path(tempfile.mkdtemp(prefix="casbd-loop-"))
        self.patches = pytest.MonkeyPatch()
        self.time = 0.0
        self.patches.setattr(boot, "Inputs", partial(Inputs, monotonic=lambda: self.time))
        self.patches.setattr(loop, "MIN_BACKOFF_SECONDS", 0.0)
        self.patches.setattr(loop, "MAX_BACKOFF_SECONDS", 0.0)
        self.patches.setattr(reload_thread, "LEAST_REST", 0.0)
        self.patches.setattr(reload_thread, "SHARE", 1)
        for folder in ("in", "rules"):
            (self.place / folder).mkdir()
        (self.place / "rules/each.yaml").write_text(EACH.format(severity="low"))
        (self.place / "rules/again.yaml").write_text(REPEATED)
        (self.place / "casbd.yaml").write_text(
            "state_dir: state\nrules: [rules]\ninputs: [{name: in, path: in/*, format: m365, poll: true}]\n"
        )
        self.written: list[str] = []
        self.rotated = 0
        self.running = None
        self.restart()

    @rule()
    def restart(self):
        self.end()
        self.undo = ExitStack()
        self.running = start(self.place / "casbd.yaml", self.undo)

    @rule(number=st.integers(1, 5), again=st.booleans())
    def write(self, number, again):
        """again: one that was written before is exported once more."""
        global NUMBER
        with (self.place / "in/log").open("ab") as file:
            for _ in range(number):
                NUMBER += 1
                line = record(Id=f"id-{NUMBER}", at=len(self.written) * 1000)
                self.written.append(f"id-{NUMBER}")
                file.write(line + b"\n" + (line + b"\n" if again else b""))

    @rule()
    @precondition(lambda self: (self.place / "in/log").exists())
    def rotate(self):
        self.rotated += 1
        (self.place / "in/log").rename(self.place / f"in/log.{self.rotated}")

    @rule()
    def work(self):
        self.has_worked()

    def has_worked(self):
        self.time += 10  # so that files are looked at again
        return self.running.loop.work()

    @rule(where=st.sampled_from(["at once", "windows", "at its end"]))
    def fail(self, where):
        """The next commit with something in it fails, before, in or after all that it writes."""
        pipeline, failed = self.running.parts.pipeline, []

        def fails(real):
            def once(*arguments):
                result = real(*arguments) if where == "at its end" else None
                if not failed:
                    failed.append(True)
                    raise sqlite3.OperationalError("database or disk is full")
                return real(*arguments) if where != "at its end" else result

            return once

        with pytest.MonkeyPatch.context() as patch:
            if where == "at once":
                patch.setattr(pipeline, "commit", fails(pipeline.commit))
            else:
                memory = pipeline._memory.windows
                patch.setattr(memory, "save", fails(memory.save))
            self.has_worked()

    @rule(severity=st.sampled_from(["low", "high"]))
    def reload(self, severity):
        (self.place / "rules/each.yaml").write_text(EACH.format(severity=severity))
        reload(self.running)

    def end(self):
        if self.running is not None:
            self.undo.close()

    def teardown(self):
        if self.running is None:
            return
        try:
            for _ in range(2):
                while self.has_worked():
                    pass
                self.check()
                self.restart()
        finally:
            self.end()
            self.patches.undo()
            shutil.rmtree(self.place)

    def check(self):
        store = self.running.parts.store
        stored = [activity.activity_id for several in ActivityLog(store).scan() for activity in several]
        assert sorted(stored) == sorted(self.written)
        counts = input_progress.counts(store.connection).get("in", input_progress.Counts())
        assert (counts.activities, counts.rejects) == (len(self.written), 0)
        assert counts.received == counts.records + counts.duplicates
        raised = [*raised_alerts.find(store.connection)]
        assert sum(alert.policy_id == "each" for alert in raised) == len(self.written)
        runs = [alert.activity_count for alert in raised if alert.policy_id == "again" and alert.merged_into is None]
        assert runs == ([len(self.written)] if len(self.written) >= 3 else [])


TestLoop = Loop.TestCase
TestLoop.settings = settings(max_examples=20, stateful_step_count=15)


def test_a_stop_ends_the_loop_between_two_batches(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in/log").write_bytes(record(Id="one") + b"\n")
    (tmp_path / "casbd.yaml").write_text(json.dumps({"state_dir": "state", "inputs": [{"name": "in", "path": "in/*", "format": "m365"}]}))
    with ExitStack() as undo:
        running = start(tmp_path / "casbd.yaml", undo)
        running.due.soon("stop", lambda: setattr(running.signals, "stopping", True))
        assert work_until_stopped(running)
        assert input_progress.counts(running.parts.store.connection)["in"].received == 1
