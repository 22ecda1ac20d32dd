"""The periodic jobs. The thread here only says that one is due; the service's own thread runs it.

By a clock that nobody sets: by the time of day a host whose clock is set back an hour has no job for an hour, no reload among them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from threading import Event, Thread
from typing import TYPE_CHECKING

from casbd.clock import monotonic

if TYPE_CHECKING:
    from casbd.daemon.service import Service

Job = Callable[[], None]


class Schedule:
    """When jobs are due, each every so many seconds; what was missed while nobody asked comes once. now: seconds, never set back."""

    def __init__(self, jobs: Iterable[tuple[Job, float]], now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._jobs = [(job, seconds, now() + seconds) for job, seconds in jobs]

    def due(self) -> list[Job]:
        """Those that are, each of which is due again when its time has passed from now on."""
        at = self._now()
        due = [job for job, _, next_at in self._jobs if next_at <= at]
        self._jobs = [(job, seconds, at + seconds if next_at <= at else next_at) for job, seconds, next_at in self._jobs]
        return due

    def wait(self) -> float:
        """Seconds until the next one is."""
        return max(0.0, min(next_at for _, _, next_at in self._jobs) - self._now())


def schedule(service: Service) -> Callable[[], None]:
    """Start the schedule; returns what ends it."""
    jobs = Schedule(
        [
            (service.reload_if_changed, 1),
            (service.save_status, 5),
            (service.check_silence, 10),
            (service.check_destinations, 10),
            (service.tell_held_back, 10),
            (service.warn_of_what_is_new, 60),
            (service.compact, 5),
            (service.remove_old, 3600),
        ]
    )
    ended = Event()
    Thread(target=_run, args=(jobs, service.soon, ended), name="schedule", daemon=True).start()
    return ended.set


def _run(jobs: Schedule, soon: Callable[[Job], None], ended: Event) -> None:
    while not ended.wait(jobs.wait()):
        for job in jobs.due():
            soon(job)
