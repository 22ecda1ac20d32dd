"""A reader for tests: `Inputs` on a real directory, with the commits that the pipeline would make."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from casbd.clock import now
from casbd.inputs import Inputs
from casbd.model.chunk import Chunk, InputSpec, Position
from casbd.records.log_lines import without_time


class Reader:
    """Reads, commits and dies as the daemon does. `records`: everything that was delivered and committed."""

    def __init__(self, *specs: InputSpec, **options: Any) -> None:
        self.specs, self.options = specs, options
        self.time = 0.0
        self.stored: dict[tuple[str, int, int, str], Position] = {}
        self.committed: list[Chunk] = []
        self.start()

    def start(self) -> None:
        """A new process, with what was committed."""
        self.inputs = Inputs(
            self.specs,
            list(self.stored.values()),
            self.detect,
            now,
            **({"chunk_bytes": 1 << 16, "monotonic": lambda: self.time} | self.options),
        )

    def detect(self, sample: Sequence[bytes]) -> str | None:
        return "test" if without_time(sample[0]).startswith(b"{") else None

    def stop(self) -> None:
        self.inputs.close()

    def scan(self) -> None:
        """Let so much time go by that everything is looked at again."""
        self.time += 10

    def chunk(self) -> Chunk | None:
        self.scan()
        return self.inputs.next_chunk()

    def commit(self, chunk: Chunk) -> None:
        self.committed.append(chunk)
        position = chunk.position
        self.stored[position.input, position.device, position.inode, position.fingerprint] = position

    def read(self) -> list[bytes]:
        """Everything there is now, committed."""
        new = []
        while (chunk := self.chunk()) or self.inputs.busy:
            if chunk:
                self.commit(chunk)
                new += chunk.records
        return new

    def numbers(self) -> list[int]:
        """Read, and give the records' numbers."""
        return [json.loads(record)["n"] for record in self.read()]

    @property
    def records(self) -> list[bytes]:
        return [record for chunk in self.committed for record in chunk.records]

    @property
    def rejects(self) -> list[tuple[int, str]]:
        return [(reject.input_offset, reject.reason) for chunk in self.committed for reject in chunk.rejects]


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Callable[..., Reader]]:
    """Makes a reader of one input, `path` relative to the test's directory."""
    made: list[Reader] = []

    def make(path: str, *, poll: bool = False, form: str = "auto", **options: Any) -> Reader:
        made.append(Reader(InputSpec(name="in", path=str(tmp_path / path), poll=poll, format=form), **options))
        return made[-1]

    yield make
    for one in made:
        one.stop()
