"""Processes that scan and are killed, inputs that are rewound, reloads: each chunk comes once, in order, and as this process scans it."""

import os
import shutil
import signal
import tempfile
from pathlib import Path

import pytest
from builders import chunk, record
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from msgspec.msgpack import encode

from casbd.daemon import scanning as module
from casbd.daemon import task_memory
from casbd.daemon.engine import Engine
from casbd.daemon.scanning import Scanning
from casbd.daemon.workers import Worker

RULE = "name: failed\nfilters: {activity_type: {eq: Failed log on}}\n"


class Machine(RuleBasedStateMachine):
    @initialize(processes=st.integers(1, 4), task=st.sampled_from([1, 1500]), commit=st.sampled_from([1, 4000]), slot=st.integers(1, 9))
    def begin(self, processes, task, commit, slot):
        self.place = Path(tempfile.mkdtemp(prefix="casbd-scanning-"))
        (self.place / "rules").mkdir()
        (self.place / "rules/failed.yaml").write_text(RULE)
        (self.place / "casbd.yaml").write_text("rules: [rules]\ninputs: [{name: m365, path: in/*}]\n")
        self.patches = pytest.MonkeyPatch()
        self.patches.setattr(module, "TASK_BYTES", task)
        self.patches.setattr(module, "COMMIT_BYTES", commit)
        self.patches.setattr(task_memory, "SLOT_BYTES", slot * 1000)
        engine = Engine(self.place / "casbd.yaml")
        self.workers = [Worker(engine) for _ in range(processes - 1)]
        self.scanning = Scanning(engine, b"salt", self.workers)
        self.reference = engine.scanner(b"salt")
        self.chunks, self.read, self.committed = [], 0, 0

    def next_chunk(self):
        if self.read == len(self.chunks):
            return None
        self.read += 1
        return self.chunks[self.read - 1]

    @rule(sizes=st.lists(st.integers(0, 9), min_size=1, max_size=12))
    def write(self, sizes):
        for size in sizes:
            records = [*(record(at=k) for k in range(size)), b"{"]
            self.chunks.append(chunk(records, path=f"/in/{len(self.chunks)}"))

    @rule()
    def commit(self):
        batches = self.scanning.batches(self.next_chunk)
        expected = self.chunks[self.committed : self.committed + len(batches)]
        assert encode(batches) == encode([self.reference.scan(one) for one in expected])
        self.committed += len(batches)
        assert batches or self.committed == self.read == len(self.chunks)

    @rule()
    def read_ahead(self):
        self.scanning._read_ahead(iter(self.next_chunk, None))

    @rule(number=st.integers(0, 2), busy=st.booleans())
    def kill(self, number, busy):
        """busy: while it works, or is about to."""
        living = [worker for worker in self.workers if worker.usable]
        if number < len(living):
            if busy:
                os.kill(living[number].pid, signal.SIGSTOP)
                self.scanning._read_ahead(iter(self.next_chunk, None))
            os.kill(living[number].pid, signal.SIGKILL)

    @rule()
    def rewind(self):
        self.scanning.forget()
        self.read = self.committed

    @rule()
    def reload(self):
        self.scanning.use(Engine(self.place / "casbd.yaml"))

    def teardown(self):
        try:
            while self.committed < len(self.chunks):
                self.commit()
        finally:
            for worker in self.workers:
                worker.close()
            self.patches.undo()
            shutil.rmtree(self.place)


TestScanning = Machine.TestCase
TestScanning.settings = settings(max_examples=40, stateful_step_count=20)
