"""Older activities become segments: files are written by a process of its own, and adopted when they are whole."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from casbd.clock import Clock
from casbd.daemon import processes
from casbd.daemon.workers import Worker
from casbd.store.database import Store
from casbd.store.log import segment_damage, segments, swap
from casbd.store.log.segment_files import Part
from casbd.store.log.segments import Plan

log = logging.getLogger(__name__)


def compact(store: Store, workers: Sequence[Worker]) -> bool:
    """Make segments of what waits, each process some of them; whether there was anything. For the end of `run --once`."""
    several = [worker for worker in workers if worker.usable]
    plan = segments.plan(store, at_least=segments.AFTER_A_WHILE, shares=1 + len(several))
    if plan is None:
        return False
    own, *others = _shared(plan, 1 + len(several))
    for worker, part in zip(several, others, strict=False):
        worker.begin_segment(store.directory, part)
    segments.adopt(store, own, segments.write(store, own))
    for worker, part in zip(several, others, strict=False):  # in the order of their blocks: segments come before what waits
        segments.adopt(store, part, worker.segment() or segments.write(store, part))
    return True


def _shared(plan: Plan, number: int) -> list[Plan]:
    """A plan as so many of about the same size, or fewer."""
    blocks = plan.blocks
    if not blocks:
        return [plan]
    ends = [len(blocks) * part // number for part in range(number + 1)]
    return [Plan(f"{plan.token}{start:x}", blocks[start:end]) for start, end in pairwise(ends) if start < end]


def _write(directory: Path, plan: Plan, answer: Connection) -> None:
    segments.write_apart(directory, plan, answer.send)


class Compacting:
    """One plan at a time. Not for several threads at once."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._process: BaseProcess | None = None
        self._answer: Connection | None = None
        self._plan: Plan | None = None
        self._made: list[Part] | None = None
        swap.remove_rest(store)
        for path in segments.remove_strays(store):
            log.info("removed a file that was not finished", extra={"file": str(path)})

    def go_on(self) -> None:
        """Adopt what was written, and begin the next, if there is enough to do."""
        if self._process is not None and self._answer is not None:
            if self._made is None and self._answer.poll():
                with suppress(EOFError):  # it ended without an answer
                    self._made = self._answer.recv()
            if self._process.is_alive():
                return
            self._process.join()
            self._answer.close()
            if self._plan is not None and self._made is not None:
                segments.adopt(self._store, self._plan, self._made)
            else:
                log.error("a segment could not be written; it is tried again", extra={"exit code": self._process.exitcode})
                self._set_aside(self._plan.parts if self._plan else ())
        self._process = self._made = None
        self._plan = segments.plan(self._store, self._clock())
        if self._plan is not None:
            self._answer, answer = processes.context().Pipe(duplex=False)
            arguments = (self._store.directory, self._plan, answer)
            self._process = processes.context().Process(target=_write, args=arguments, daemon=True)
            self._process.start()
            answer.close()

    def _set_aside(self, parts: Sequence[int]) -> None:
        """A damaged part must not keep the others from becoming one, and the rest of the log from becoming segments."""
        for damage in segment_damage.verify(self._store, parts):
            segment_damage.set_aside(self._store, damage)
            log.error("a segment is damaged and was set aside", extra={"file": str(damage.path), "problem": damage.why})

    def stop(self) -> None:
        """Give up what is under way; it is begun again at the next start."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
