"""Processes that scan beside this one. They are forked from it once, at the start, so they begin with all that it has loaded.

Forking is safe there and nowhere else. The only other thread (`starting.py`) waits or sends a datagram, so it holds no lock that the new
process would wait for; nothing of the state directory is open yet, as SQLite must not be taken into another process. What else is open
the new process closes, but for its own socket.

Records go there, and batches come back, in memory that both see. Through the socket goes only where they lie, so neither ever waits
for the other to read.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
from collections import deque
from collections.abc import Sequence
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple, NoReturn

from casbd.clock import monotonic
from casbd.daemon.engine import Engine
from casbd.daemon.task_memory import Slot, Task
from casbd.errors import CasbdError, Mistakes
from casbd.pipeline.scan import Scanner
from casbd.store.database import Store
from casbd.store.log import segments
from casbd.store.log.segment_files import Part
from casbd.store.log.segments import Plan

log = logging.getLogger(__name__)

AHEAD = 8
"""So many tasks does a worker have at most, 0.15 s of work: it must not wait while this process scans a task itself, commits, or has
SQLite move its log into its file, which takes some disks 0.1 s and more."""
TASK_SECONDS = 1.0
"""After so long a worker gives back what it has done, to be stored, and the watchdog to hear of it."""


class _Given(NamedTuple):
    """A task of so many chunks, and where it lies: the slot, and where in it its records end, and it all ends."""

    task: Task
    number: int
    slot: int
    records: int
    end: int


class Worker:
    """One process. It does its tasks in the order in which they were given, and dies with this process.

    pid: its id. socket: is ready when there is an answer. usable: it is alive, and scans as this process does.
    """

    def __init__(self, engine: Engine) -> None:
        self._slots = [Slot() for _ in range(AHEAD)]
        self._free = deque(range(AHEAD))
        self._given: deque[_Given] = deque()
        self._loading: deque[dict[str, str]] = deque()
        self.usable = True
        self.socket, its_own = Pipe()
        self.pid = os.fork()
        if not self.pid:
            _be(its_own, self._slots, engine)
        its_own.close()

    @property
    def has_room(self) -> bool:
        """Whether it can be given a task."""
        return self.usable and not self._loading and bool(self._free)

    @property
    def given(self) -> int:
        """How many tasks it has."""
        return len(self._given)

    def give(self, task: Task, without: frozenset[str]) -> bool:
        """Have a task done; False where it is too large. without: policies, by id, not to be asked."""
        slot = self._free[0]
        place = self._slots[slot].put(task, without)
        if place is None:
            return False
        self._free.popleft()
        self._given.append(_Given(task, len(task.chunks), slot, *place))
        task.chunks = []
        self._send((slot, *place))
        return True

    def load(self, salt: bytes, expected: dict[str, str], configuration: Path | None = None) -> None:
        """Have it scan by this configuration, or by what it began with. It gets nothing to do until it says so.

        expected: what the policies ask for; where it reads something else in the files, it is not usable until the next time.
        """
        self._loading.append(expected)
        self._send(_Load(salt, configuration))

    def _send(self, what: object) -> None:
        if not self.socket.closed:
            try:
                self.socket.send(what)
            except OSError:
                self._died()

    def take(self) -> None:
        """Take the answers that are there: tasks get their batches. What a dead worker had is to be scanned here."""
        try:
            while not self.socket.closed and self.socket.poll():
                self._answered(self.socket.recv())
        except (EOFError, OSError):
            self._died()

    def _answered(self, answer: Sequence[int] | dict[str, str] | None) -> None:
        if answer is None or isinstance(answer, dict):
            self.usable = answer == self._loading.popleft()
            if not self.usable and not self._loading:
                log.warning("a file was changed while it was read; a process that scans waits until it is read again")
            return
        one = self._given[0]
        one.task.batches = self._slots[one.slot].batches([one.end, *answer])
        self._give_back()

    def _give_back(self) -> None:
        """The oldest task is not the worker's any more; what it has not done of it is to be scanned here."""
        one = self._given.popleft()
        if (done := len(one.task.batches)) < one.number:
            chunks, _ = self._slots[one.slot].chunks(one.records, one.end)
            one.task.chunks = list(chunks)[done:]
        self._free.append(one.slot)

    def _died(self) -> None:
        self.socket.close()
        self.usable = False
        _, status = os.waitpid(self.pid, 0)
        log.error("a process that scans has ended; casbd goes on without it", extra={"exit code": os.waitstatus_to_exitcode(status)})
        while self._given:
            self._give_back()

    def begin_segment(self, directory: Path, plan: Plan) -> None:
        """Have it write the files of a plan of the store in a directory; `segment` tells what became of it. It has no tasks then."""
        self._send(_Segment(directory, plan))

    def segment(self) -> Sequence[Part] | None:
        """What was written, when it is; None where that failed."""
        try:
            return None if self.socket.closed else self.socket.recv()
        except (EOFError, OSError):
            self._died()
            return None

    def close(self) -> None:
        """End it. It holds nothing that could be lost."""
        if not self.socket.closed:
            self.socket.close()
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)


class _Load(NamedTuple):
    salt: bytes
    configuration: Path | None


class _Segment(NamedTuple):
    directory: Path
    plan: Plan


def _be(socket: Connection, slots: Sequence[Slot], engine: Engine) -> NoReturn:
    """The rest of this process's life."""
    code = 1
    try:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # the main process says when it is over
        gc.freeze()  # looking for garbage among what the processes share would take a copy of it
        _close_all_but(socket.fileno())
        _work(socket, slots, engine)
    except (EOFError, ConnectionError):
        code = 0  # the main process is gone
    except BaseException:  # nothing of the main process's may run here, whatever it was
        log.exception("a process that scans broke: please report it")
    finally:
        os._exit(code)


def _close_all_but(own: int) -> None:
    """Standard streams stay, too. Nothing is done to what the files are of: it is the main process's."""
    last = max(int(path.name) for path in Path("/proc/self/fd").iterdir())
    os.closerange(3, own)
    os.closerange(own + 1, last + 1)


def _work(socket: Connection, slots: Sequence[Slot], engine: Engine) -> NoReturn:
    buffer = bytearray()
    scanner = None
    while True:
        match socket.recv():
            case _Load(salt, configuration):
                read = engine if configuration is None else _read(configuration)
                if read is not None:
                    engine, scanner = read, read.scanner(salt)
                socket.send(read and read.meanings())
                if configuration is not None:
                    gc.collect()  # policies are full of cycles
            case _Segment(directory, plan):
                socket.send(_written(directory, plan))
            case (slot, records, end):
                assert scanner is not None
                socket.send(_scan(slots[slot], records, end, scanner, buffer))


def _read(configuration: Path) -> Engine | None:
    """None where there is a mistake in the files: the main process has read them a moment ago, and reads them again."""
    try:
        return Engine(configuration)
    except Mistakes:
        return None


def _written(directory: Path, plan: Plan) -> Sequence[Part] | None:
    """None where it cannot be written: the main process tries it, too, and tells why."""
    try:
        with Store(directory, readonly=True) as store:
            return segments.write(store, plan)
    except (CasbdError, OSError):
        return None


def _scan(slot: Slot, records: int, end: int, scanner: Scanner, buffer: bytearray) -> list[int]:
    """Scan the first chunks of a task, all of them unless that takes long; where the batches end."""
    begun = monotonic()
    chunks, without = slot.chunks(records, end)
    scanner.do_without(without)
    ends: list[int] = []
    for chunk in chunks:
        if ends and monotonic() - begun > TASK_SECONDS:
            break
        place = slot.add(ends[-1] if ends else end, scanner.scan(chunk), buffer)
        if place is None:
            break
        ends.append(place)
    return ends
