"""Scanning chunks: in this process, and beside it in others, with the same batches in the same order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from multiprocessing.connection import wait

from casbd.clock import monotonic
from casbd.daemon.engine import Engine
from casbd.daemon.task_memory import Task
from casbd.daemon.workers import AHEAD, Worker
from casbd.model.chunk import Chunk
from casbd.pipeline.scan import Batch

COMMIT_BYTES = 16 << 20
COMMIT_CHUNKS = 256
"""One transaction takes chunks up to this size or number: thousands of small files do not cost thousands of fsyncs, and an alert that
grows all the while is stored once for so many records."""

COMMIT_SECONDS = 1.0
"""Reading for one transaction takes no longer, and one turn: what there is to read may be little and cost much."""

TASK_BYTES = 512 << 10
TASK_CHUNKS = 64
"""Chunks up to this size or number are scanned together: one of the usual size, or a few small ones."""

NextChunk = Callable[[], Chunk | None]


class Scanning:
    """Turns what there is to read into batches for one commit.

    salt: the store's own. workers: processes that scan too. Each is given a few tasks ahead; whenever the oldest task is not done yet,
    this process does the next one that none of them has. So all are busy as long as there is something to read.
    """

    def __init__(self, engine: Engine, salt: bytes, workers: Sequence[Worker] = ()) -> None:
        self._salt = salt
        self._scanner = engine.scanner(salt)
        self.workers = workers
        self._tasks: deque[Task] = deque()
        self._most = 1 + 2 * AHEAD * len(workers)
        self._without: frozenset[str] = frozenset()
        for worker in workers:
            worker.load(salt, engine.meanings())

    def batches(self, next_chunk: NextChunk) -> list[Batch]:
        """The next batches, in the order of their chunks; empty where there is nothing to read."""
        left = iter(next_chunk, None)  # at an end once it has said so: a turn that is over is the loop's
        begun = monotonic()
        ready: list[Batch] = []
        size = 0
        while not ready or (size < COMMIT_BYTES and len(ready) < COMMIT_CHUNKS and monotonic() - begun < COMMIT_SECONDS):
            for worker in self.workers:
                worker.take()
            if monotonic() - begun < COMMIT_SECONDS:
                self._read_ahead(left)
            if not self._tasks:
                break
            oldest = self._tasks[0]
            if oldest.batches:
                size += oldest.size
                ready += self._taken(oldest)
            elif not self._scan():
                wait([worker.socket for worker in self.workers if worker.given])
        return ready

    def _read_ahead(self, left: Iterator[Chunk]) -> None:
        """Have a task for this process, and give workers what they have room for, as long as there is something to read."""
        while len(self._tasks) < self._most:
            worker = None
            if any(task.chunks for task in self._tasks):
                worker = min((one for one in self.workers if one.has_room), key=_tasks_given, default=None)
                if worker is None:
                    break
            chunks = _enough(left)
            if not chunks:
                break
            self._tasks.append(Task(chunks))
            if worker is not None and not worker.give(self._tasks[-1], self._without):
                break  # large ones, which no worker takes, are not to fill the memory

    def _scan(self) -> bool:
        """Scan a chunk that no worker has; False where there is none."""
        for task in self._tasks:
            if task.chunks:
                task.batches.append(self._scanner.scan(task.chunks.pop(0)))
                return True
        return False

    def _taken(self, oldest: Task) -> list[Batch]:
        """What is done of the oldest task."""
        batches, oldest.batches, oldest.size = oldest.batches, [], 0
        if not oldest.chunks:
            self._tasks.popleft()
        self.do_without([cost.policy_id for batch in batches for cost in batch.costly])  # what one has found out the others need not
        return batches

    def use(self, engine: Engine) -> None:
        """Scan by what a reload has built, from the next chunks on. Workers build it themselves, and scan no more until they have."""
        self._scanner = engine.scanner(self._salt)
        self._without = frozenset()
        for worker in self.workers:
            worker.load(self._salt, engine.meanings(), engine.settings.path)

    def do_without(self, policies: Collection[str]) -> None:
        """Ask some policies, by id, no more."""
        if new := frozenset(policies) - self._without:
            self._without |= new
            self._scanner.do_without(new)

    def forget(self) -> None:
        """Drop what was read and not handed out: the inputs were rewound."""
        self._tasks.clear()


def _tasks_given(worker: Worker) -> int:
    return worker.given


def _enough(left: Iterator[Chunk]) -> list[Chunk]:
    """Chunks for one task, or fewer where no more are there."""
    chunks: list[Chunk] = []
    size = 0
    begun = monotonic()
    while size < TASK_BYTES and len(chunks) < TASK_CHUNKS and monotonic() - begun < COMMIT_SECONDS:
        chunk = next(left, None)
        if chunk is None:
            break
        chunks.append(chunk)
        size += sum(map(len, chunk.records))
    return chunks
