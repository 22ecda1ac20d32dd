"""The periodic jobs, one file each: `EVERY` (seconds) and `run(running)`. They are found, not listed.

The thread here only says that one is due; the loop's own thread runs it, so that a job needs no lock. By a clock that nobody sets: by the
time of day a host whose clock is set back an hour has no job for an hour, no reload among them.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable
from functools import partial
from threading import Event, Thread
from typing import Generic, Protocol, TypeVar, cast

from casbd.clock import monotonic
from casbd.daemon.due_jobs import DueJobs
from casbd.daemon.running import Running

T = TypeVar("T")


class Job(Protocol):
    """A module of this folder."""

    EVERY: float

    def run(self, running: Running) -> None:
        """Do what is to be done by now."""


def jobs() -> dict[str, Job]:
    """All of them, by name."""
    return {module.name: cast(Job, importlib.import_module(f"{__name__}.{module.name}")) for module in pkgutil.iter_modules(__path__)}


class Schedule(Generic[T]):
    """When jobs are due, each every so many seconds; what was missed while nobody asked comes once. now: seconds, never set back."""

    def __init__(self, jobs: Iterable[tuple[T, float]], now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._jobs = [(job, seconds, now() + seconds) for job, seconds in jobs]

    def due(self) -> list[T]:
        """Those that are, each of which is due again when its time has passed from now on."""
        at = self._now()
        due = [job for job, _, next_at in self._jobs if next_at <= at]
        self._jobs = [(job, seconds, at + seconds if next_at <= at else next_at) for job, seconds, next_at in self._jobs]
        return due

    def wait(self) -> float:
        """Seconds until the next one is."""
        return max(0.0, min(next_at for _, _, next_at in self._jobs) - self._now())


def schedule(running: Running) -> Callable[[], None]:
    """Start the schedule; returns what ends it."""
    times = Schedule([((name, partial(job.run, running)), job.EVERY) for name, job in jobs().items()])
    ended = Event()
    Thread(target=_run, args=(times, running.due, ended), name="schedule", daemon=True).start()
    return ended.set


def _run(times: Schedule[tuple[str, Callable[[], None]]], due: DueJobs, ended: Event) -> None:
    while not ended.wait(times.wait()):
        for name, job in times.due():
            due.soon(name, job)
