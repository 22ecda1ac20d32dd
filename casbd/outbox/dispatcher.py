"""Delivery: one worker a destination, so that a dead one delays only itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from casbd.clock import Clock, monotonic
from casbd.outbox.delivering import Delivering
from casbd.outbox.worker import Worker
from casbd.store.database import Store
from casbd.store.state import governance_moments, outbox


class Dispatcher:
    """All workers."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._workers: dict[str, Worker] = {}
        self._leaving: dict[str, Worker] = {}
        with store.transaction() as connection:
            outbox.begin_anew(connection)
            governance_moments.sent(connection)

    def use(self, destinations: Mapping[str, Delivering], changed: Sequence[str] = ()) -> None:
        """Start a worker for each; those that are gone or `changed` are stopped, the others go on as they are.

        Waits for none: one that hangs in a send ends when it can, and the one in its place begins after it.
        """
        self._leaving = {name: worker for name, worker in self._leaving.items() if worker.is_alive()}
        for name in [*self._workers]:
            if name not in destinations or name in changed:
                self._leaving[name] = self._workers.pop(name)
                self._leaving[name].stop()
        for name, delivering in destinations.items():
            if name not in self._workers:
                worker = Worker(name, delivering, self._store, self._clock, self._leaving.get(name))
                self._workers[name] = worker
                worker.start()

    def wake(self) -> None:
        """Something was put into the outbox."""
        for worker in self._workers.values():
            worker.wake()

    def needing_somebody(self) -> set[str]:
        """The destinations that fail for what does not pass by itself."""
        return {name for name, worker in self._workers.items() if worker.needs_somebody}

    def drain(self, seconds: float, patience: float) -> bool:
        """Wait until everything is delivered and out of doubt, at most so long; whether it is.

        patience: seconds after which a destination that only fails is no longer waited for.
        """
        deadline = monotonic() + seconds
        for worker in self._workers.values():
            worker.concluding.set()
        self.wake()
        done = True
        for worker in self._workers.values():
            while not worker.idle.wait(0.02):
                failing = worker.failing_since
                impatient = failing is not None and monotonic() - failing > patience
                if monotonic() > deadline or impatient or not worker.is_alive():
                    done = False
                    break
            worker.concluding.clear()
        return done

    def stop(self, seconds: float) -> None:
        """End all workers; what they had not delivered stays in the outbox."""
        workers = [*self._leaving.values(), *self._workers.values()]
        for worker in workers:
            worker.stop()
        deadline = monotonic() + seconds
        for worker in workers:
            worker.join(max(0.0, deadline - monotonic()))
        self._leaving.clear()
        self._workers.clear()
