"""Whatever a writer, a log rotation and a crash do in whatever order: every line is delivered.

And once, as long as nothing crashed and nothing was truncated: of a truncated log's copies one may be read again from its
start, where it cannot be told what was read of it. The store knows repeated records.
"""

from __future__ import annotations

import gzip
import itertools
import json
import os
import shutil
import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from casbd.clock import now
from casbd.inputs import Inputs
from casbd.model.chunk import Chunk, InputSpec, Position


class Following(RuleBasedStateMachine):
    """The log `x.log` and its generations `x.log.1`, `x.log.2.gz`, ...; the model is the list of whole lines written."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = Path(tempfile.mkdtemp())
        self.log = self.directory / "x.log"
        self.log.touch()
        self.numbers = itertools.count()
        self.written: list[int] = []
        self.torn = b""
        self.delivered: Counter[int] = Counter()
        self.stored: dict[tuple[int, int, str], Position] = {}
        self.in_flight: list[Chunk] = []
        self.crashed = self.truncated = self.down = False
        self.time = 0.0

    @initialize(glob=st.sampled_from(["x.log", "x.log*"]))
    def begin(self, glob: str) -> None:
        self.spec = InputSpec(name="in", path=str(self.directory / glob), format="test")
        self.start()
        self.read()  # the file has been seen: what was never seen under its name is not found when it is rotated

    def start(self) -> None:
        self.inputs = Inputs([self.spec], list(self.stored.values()), lambda _: None, now, chunk_bytes=400, monotonic=lambda: self.time)

    def append(self, data: bytes) -> None:
        with self.log.open("ab") as file:
            file.write(data)
        self.seen()  # inotify wakes it; what it never saw, it could not find under another name

    def whole(self, n: int) -> bytes:
        return json.dumps({"n": n, "padding": "x" * (n % 7 * 20)}).encode() + b"\n"

    @rule(count=st.integers(1, 12))
    def write_lines(self, count: int) -> None:
        self.finish_line()
        numbers = list(itertools.islice(self.numbers, count))
        self.append(b"".join(map(self.whole, numbers)))
        self.written += numbers

    @precondition(lambda self: not self.torn)
    @rule(share=st.floats(0.1, 0.9))
    def write_torn_line(self, share: float) -> None:
        n = next(self.numbers)
        data = self.whole(n)
        cut = max(1, int(len(data) * share) - 1)
        self.append(data[:cut])
        self.torn = data[cut:]
        self.torn_number = n

    @rule()
    def finish_line(self) -> None:
        if self.torn:
            self.append(self.torn)
            self.written.append(self.torn_number)
            self.torn = b""

    def shift(self) -> None:
        """`x.log.1` becomes `x.log.2`, and so on."""
        generations = sorted(self.directory.glob("x.log.*"), key=lambda path: -int(path.name.split(".")[2]))
        for path in generations:
            parts = path.name.split(".")
            parts[2] = str(int(parts[2]) + 1)
            path.rename(path.with_name(".".join(parts)))

    @rule()
    def rotate_by_rename(self) -> None:
        self.finish_line()
        self.shift()
        self.log.rename(self.directory / "x.log.1")
        self.log.touch()
        self.seen()

    @rule(regrow=st.integers(0, 12))
    def copytruncate(self, regrow: int) -> None:
        self.finish_line()
        self.shift()
        self.truncated = True
        shutil.copyfile(self.log, self.directory / "x.log.1")
        os.truncate(self.log, 0)
        self.write_lines(regrow)

    def seen(self) -> None:
        """A daemon that lives is woken, looks, and reads one chunk; one that is down does not."""
        if not self.down:
            self.read()

    @precondition(lambda self: (self.directory / "x.log.1").exists())
    @rule()
    def compress(self) -> None:
        path = self.directory / "x.log.1"
        with gzip.open(self.directory / "x.log.1.gz", "wb") as file:
            file.write(path.read_bytes())
        path.unlink()

    @rule()
    def delete_what_was_read(self) -> None:
        self.read_all()
        for path in self.directory.glob("x.log.*"):
            path.unlink()

    @precondition(lambda self: not self.down)
    @rule()
    def read(self) -> None:
        self.time += 10
        if chunk := self.inputs.next_chunk():
            self.in_flight.append(chunk)

    @rule(count=st.integers(1, 5))
    def commit(self, count: int) -> None:
        for chunk in self.in_flight[:count]:
            position = chunk.position
            self.stored[position.device, position.inode, position.fingerprint] = position
            self.delivered.update(json.loads(record)["n"] for record in chunk.records)
            assert not chunk.rejects
        del self.in_flight[:count]

    @rule()
    def crash(self) -> None:
        if not self.stored or self.down:
            return  # of a log of which nothing is stored nobody knows, once it has another name
        self.crashed |= bool(self.in_flight)
        self.in_flight.clear()
        self.inputs.close()
        self.start()

    @precondition(lambda self: self.stored and not self.down)
    @rule()
    def stop(self) -> None:
        """The daemon is down for the next steps."""
        self.crashed |= bool(self.in_flight)
        self.in_flight.clear()
        self.inputs.close()
        self.down = True

    @precondition(lambda self: self.down)
    @rule()
    def start_again(self) -> None:
        self.down = False
        self.start()

    def read_all(self) -> None:
        if self.down:
            self.start_again()
        nothing = 0
        while nothing < 2:
            self.read()
            nothing = 0 if self.in_flight else nothing + 1
            self.commit(len(self.in_flight))

    @invariant()
    def never_twice_without_a_crash(self) -> None:
        if not self.crashed and not self.truncated:
            assert not [n for n, times in self.delivered.items() if times > 1]

    def teardown(self) -> None:
        self.finish_line()
        self.read_all()
        self.inputs.close()
        shutil.rmtree(self.directory)
        assert sorted(self.delivered) == self.written
        self.never_twice_without_a_crash()


TestFollowing = Following.TestCase
TestFollowing.settings = settings(
    max_examples=60,
    stateful_step_count=25,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    report_multiple_bugs=False,
)
