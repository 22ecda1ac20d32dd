"""The start, step by step: everything is right, or nothing starts.

Each step puts its own undoing on the stack, so all of them are undone in reverse, whichever step or teardown fails.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from casbd.clock import Clock
from casbd.daemon import logs
from casbd.daemon.audit import Trail
from casbd.daemon.compacting import Compacting
from casbd.daemon.engine import Engine, detect
from casbd.daemon.notify import Notifier
from casbd.daemon.own_files import own_files
from casbd.daemon.parts import Current, Parts
from casbd.daemon.retention import RetentionClock
from casbd.daemon.scanning import Scanning
from casbd.daemon.watched import WatchedFiles
from casbd.daemon.workers import Worker
from casbd.inputs import Inputs
from casbd.inputs.fence import OwnFiles
from casbd.outbox.dispatcher import Dispatcher
from casbd.pipeline import Pipeline, replaying
from casbd.pseudonyms.configured import pseudonyms_of
from casbd.store.database import Store
from casbd.store.state import input_progress

log = logging.getLogger(__name__)

CHUNK_BYTES = 1 << 20
"""What is scanned at a time: with all it becomes it fits into the processor's second-level cache."""
STOP_SECONDS = 20.0
STOP_PATIENCE = 2.0


def boot(
    configuration: Path, undo: ExitStack, *, once: bool, clock: Clock, notifier: Notifier, tell: Callable[[str], None] = lambda _: None
) -> Parts:
    """Build what runs. tell: gets each step in words. Raises Mistakes, StateInUse or StoreError where it cannot start."""

    def step(what: str) -> None:
        log.debug("start", extra={"step": what})
        tell(what)

    started = clock()
    step("configuration, rules and lists")
    engine = Engine(configuration)
    pseudonyms = pseudonyms_of(engine.settings.privacy)
    watched = WatchedFiles(engine.files(), started)
    if not once:
        logs.set_level(engine.settings.log_level)
    step("processes that scan, before anything is open")
    workers = _workers(engine, undo)
    step("the state directory, which is ours alone")
    store = Store(engine.settings.state_dir)
    undo.callback(store.close)
    step("the pipeline's two halves")
    scanning = Scanning(engine, store.salt(), workers)
    pipeline = Pipeline(store, engine.settings, engine.policies, clock, engine.rails, notifier.alive)
    replaying.begin_new(store, engine.settings, clock())
    step("inputs, where the last commit left off")
    own = own_files(engine.settings)
    inputs = _inputs(store, engine, clock, own)
    undo.callback(inputs.close)
    step("compacting: what a crash has left is removed")
    compacting = Compacting(store, clock)
    undo.callback(compacting.stop)
    step("delivery, a worker for each destination")
    return Parts(
        configuration=configuration,
        once=once,
        clock=clock,
        started=started,
        notifier=notifier,
        watched=watched,
        store=store,
        trail=Trail(store, engine),
        retention_clock=RetentionClock(store),
        current=Current(engine, pseudonyms),
        scanning=scanning,
        pipeline=pipeline,
        own=own,
        inputs=inputs,
        compacting=compacting,
        dispatcher=_dispatcher(store, clock, undo),
    )


def _workers(engine: Engine, undo: ExitStack) -> list[Worker]:
    """Beside this process; fewer where the system has no room for them, which is told."""
    if engine.settings.workers > 1:
        engine.load_what_is_needed_later()  # once for all of them
    workers: list[Worker] = []
    for _ in range(engine.settings.workers - 1):
        try:
            workers.append(Worker(engine))
        except OSError as error:  # fork(2), mmap(2): limits of processes and memory
            log.warning("a process that scans could not be started; casbd goes on without it", extra={"error": error.strerror})
            break
        undo.callback(workers[-1].close)
    return workers


def _inputs(store: Store, engine: Engine, clock: Clock, own: OwnFiles) -> Inputs:
    with store.transaction() as connection:
        for entry in engine.settings.inputs:
            input_progress.ensure(connection, entry.spec.name, clock())
    specs = [entry.spec for entry in engine.settings.inputs]
    return Inputs(specs, input_progress.positions(store.connection), detect, clock, chunk_bytes=CHUNK_BYTES, own=own)


def _dispatcher(store: Store, clock: Clock, undo: ExitStack) -> Dispatcher:
    """On the way out its workers deliver what fits into half of the deadline, and end in the other."""
    dispatcher = Dispatcher(store, clock)
    undo.callback(dispatcher.stop, STOP_SECONDS / 2)
    undo.callback(dispatcher.drain, STOP_SECONDS / 2, STOP_PATIENCE)
    return dispatcher
