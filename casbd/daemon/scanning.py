"""Scanning chunks: in this process, or in several, with the same batches in the same order."""

from __future__ import annotations

import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import suppress
from multiprocessing import parent_process
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Protocol

import msgspec

from casbd.clock import monotonic
from casbd.daemon import processes
from casbd.daemon.engine import Engine
from casbd.errors import Mistake, Mistakes
from casbd.model.chunk import Chunk
from casbd.pipeline.scan import Batch, Scanner

COMMIT_BYTES = 4 << 20
COMMIT_CHUNKS = 256
"""One transaction takes chunks up to this size or number: thousands of small files do not cost thousands of fsyncs."""

COMMIT_SECONDS = 1.0
"""Reading for one transaction takes no longer, and one turn: what there is to read may be little and cost much."""

NextChunk = Callable[[], Chunk | None]
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Batch).decode


class Scanning(Protocol):
    """Turns what there is to read into batches for one commit."""

    def batches(self, next_chunk: NextChunk) -> list[Batch]:
        """The next batches, in the order of their chunks; empty where there is nothing to read."""

    def do_without(self, policies: Collection[str]) -> None:
        """Ask some policies, by id, no more."""

    def forget(self) -> None:
        """Drop what was read and not handed out: the inputs were rewound."""

    def close(self) -> None:
        """End the processes."""


class InProcess:
    """`workers: 1`."""

    def __init__(self, scanner: Scanner) -> None:
        self._scan = scanner.scan
        self.do_without = scanner.do_without

    def batches(self, next_chunk: NextChunk) -> list[Batch]:
        """Enough for one transaction."""
        return [self._scan(chunk) for chunk in _enough(next_chunk)]

    def forget(self) -> None:
        """Nothing is read ahead."""

    def close(self) -> None:
        """There are no processes."""


class InProcesses:
    """`workers: 2` and more: chunks are scanned ahead in other processes, and handed out in order.

    They read the files of the configuration themselves. Mistakes where these are others than those of `engine` by now: it
    must show here, and not when the first chunk comes, perhaps hours later.
    """

    def __init__(self, engine: Engine, salt: bytes, workers: int) -> None:
        path = engine.settings.path
        self._ahead = 2 * workers
        self._waiting: deque[tuple[list[Chunk], Future[list[bytes]]]] = deque()
        self._without: frozenset[str] = frozenset()
        self._pool = ProcessPoolExecutor(workers, processes.context(), _start_worker, (path, salt))
        expected = engine.meanings()
        loaded = [self._pool.submit(_policies_of_worker) for _ in range(workers)]
        if any(future.result() != expected for future in loaded):
            self.close()
            raise Mistakes([Mistake(str(path), 0, 0, "a file was changed while it was read; it is read again")])

    def batches(self, next_chunk: NextChunk) -> list[Batch]:
        """The oldest chunks that were handed to the pool."""
        begun = monotonic()
        while len(self._waiting) < self._ahead and monotonic() - begun < COMMIT_SECONDS:
            chunks = list(_enough(next_chunk))
            if not chunks:
                break
            self._waiting.append(self._scanned(chunks))
        if not self._waiting:
            return []
        chunks, scanned = self._waiting.popleft()
        batches = [_decode(batch) for batch in scanned.result()]
        self._without |= {cost.policy_id for batch in batches for cost in batch.costly}  # what one has found out the others need not
        if len(batches) < len(chunks):
            self._waiting.appendleft(self._scanned(chunks[len(batches) :]))
        return batches

    def _scanned(self, chunks: list[Chunk]) -> tuple[list[Chunk], Future[list[bytes]]]:
        return chunks, self._pool.submit(_scan_in_worker, chunks, self._without)

    def do_without(self, policies: Collection[str]) -> None:
        """From the next chunks on."""
        self._without |= frozenset(policies)

    def forget(self) -> None:
        """What is under way is read again."""
        self._waiting.clear()

    def close(self) -> None:
        """End the pool."""
        self._pool.shutdown(cancel_futures=True)


def _enough(next_chunk: NextChunk) -> Iterator[Chunk]:
    """Chunks for one transaction, or fewer where no more are there."""
    size = number = 0
    begun = monotonic()
    while size < COMMIT_BYTES and number < COMMIT_CHUNKS and monotonic() - begun < COMMIT_SECONDS:
        chunk = next_chunk()
        if chunk is None:
            return
        yield chunk
        size += sum(map(len, chunk.records))
        number += 1


_scanner: Scanner | None = None
_policies: dict[str, str] | None = None


def _start_worker(configuration: Path, salt: bytes) -> None:
    """The main process says when it is over; a worker does not outlive it, however it dies."""
    global _scanner, _policies
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(parent_process(),), daemon=True).start()
    with suppress(Mistakes):  # the main process tells: it has read the same files a moment ago
        engine = Engine(configuration)
        _scanner, _policies = engine.scanner(salt), engine.meanings()


def _policies_of_worker() -> dict[str, str] | None:
    """What a worker has loaded; None where there is a mistake in it."""
    return _policies


def _end_with(parent: BaseProcess | None) -> None:
    assert parent is not None
    parent.join()
    os._exit(0)


def _scan_in_worker(chunks: list[Chunk], without: frozenset[str]) -> list[bytes]:
    """The batches of the first chunks, of all unless that takes long: what is done is to be stored, and the watchdog to hear of it."""
    assert _scanner is not None
    _scanner.do_without(without)
    begun = monotonic()
    batches: list[bytes] = []
    for chunk in chunks:
        if batches and monotonic() - begun > COMMIT_SECONDS:
            break
        batches.append(_encode(_scanner.scan(chunk)))
    return batches
