"""casbd's life as a service: start step by step, read and commit until told to stop, reload, stop in order.

One thread reads, commits and runs the periodic jobs; destinations have one thread each (`casbd/outbox`). Signal handlers
only set a flag, which this thread sees within half a second.
"""

from __future__ import annotations

import logging
import os
import signal
import sqlite3
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from casbd import __version__
from casbd.alerting import raising
from casbd.alerting.windows import policy_key
from casbd.clock import Clock, monotonic, now
from casbd.config.settings import Metrics
from casbd.daemon.engine import Engine, detect
from casbd.daemon.notify import Notifier
from casbd.daemon.scanning import InProcess, InProcesses, Scanning
from casbd.daemon.watched import WatchedFiles
from casbd.errors import CasbdError, Mistake, Mistakes
from casbd.inputs import Inputs
from casbd.outbox.dispatcher import Delivering, Dispatcher, ToConnector, ToOutput
from casbd.pipeline import Pipeline, connector_destination
from casbd.store import activities as activity_store
from casbd.store import alerts as alert_store
from casbd.store import inputs as input_store
from casbd.store import outbox, service_status
from casbd.store import rejects as reject_store
from casbd.store.database import Store

log = logging.getLogger(__name__)

TURN = 0.5
"""Seconds that one wait for input lasts at most, and so the time to see a signal."""
STOP_SECONDS = 20.0
ONCE_SECONDS = 3600.0
ONCE_PATIENCE = 5.0
KEEP_WINDOWS = 7 * 86_400_000
"""Counted activities are kept so long after they were read: a record may come so late and still complete a window."""


class Service:
    """`casbd run`. configuration: the path of casbd.yaml. once: read what there is, deliver it, and return."""

    def __init__(self, configuration: Path, *, once: bool = False, clock: Clock = now) -> None:
        self.configuration = configuration
        self.once = once
        self.clock = clock
        self.notifier = Notifier()
        self.started = clock()
        self.delivered_all = True
        self._exit = ExitStack()
        self._due: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._stopping = False
        self._reload_asked = False
        self._full_checked = 0.0
        self._full = ""
        self._reloaded: dict[str, Any] = {}
        self._saved_status: dict[str, Any] = {}

    def run(self) -> None:
        """Start, work until told to stop, stop. Raises Mistakes, StateInUse or StoreError where it cannot start."""
        with self._exit:
            for step in self.STEPS:
                log.debug("start", extra={"step": step.__name__})
                step(self)
            if self.once:
                self._read_everything()
            else:
                self._work_until_stopped()
            self.notifier.send("STOPPING=1")

    # The steps of the start, in order. Each puts its own undoing on the stack, so all of them are undone in reverse,
    # whichever step or teardown fails.

    def build_engine(self) -> None:
        """Configuration, rules and lists: all right, or no start."""
        begun = self.clock()
        self.engine = Engine(self.configuration)
        self._watched = WatchedFiles(self.engine.files(), begun)
        self._warn()

    def open_store(self) -> None:
        """The state directory is ours alone."""
        self.store = Store(self.engine.settings.state_dir)
        self._exit.callback(self.store.close)

    def build_pipeline(self) -> None:
        """The two halves."""
        self.pipeline = Pipeline(self.store, self.engine.settings, self.engine.policies, self.clock)
        self.scanning: Scanning = self._new_scanning()
        self._exit.callback(lambda: self.scanning.close())

    def open_inputs(self) -> None:
        """Go on where the last commit left off."""
        with self.store.transaction() as connection:
            for entry in self.engine.settings.inputs:
                input_store.ensure(connection, entry.spec.name, self.clock())
        self.inputs = self._new_inputs()
        self._exit.callback(lambda: self.inputs.close())

    def start_delivery(self) -> None:
        """One worker a destination. On the way out they get what is left of the deadline."""
        self.dispatcher = Dispatcher(self.store, self.clock)
        self._exit.callback(self.dispatcher.stop, STOP_SECONDS / 2)
        self.dispatcher.use(self._destinations())

    def start_service(self) -> None:
        """What only a long-running casbd has: signals, metrics, periodic jobs, and telling systemd."""
        if self.once:
            return
        for number, handler in ((signal.SIGTERM, self._on_stop), (signal.SIGINT, self._on_stop), (signal.SIGHUP, self._on_reload)):
            self._exit.callback(signal.signal, number, signal.signal(number, handler))
        if self.engine.settings.metrics is not None:
            self._exit.callback(self._serve_metrics(self.engine.settings.metrics))
        from casbd.daemon.jobs import schedule

        self._exit.callback(schedule(self))
        self.inputs.start_watching()
        self.save_status()
        self.notifier.send("READY=1", f"STATUS={len(self.engine.policies)} policies, {len(self.engine.settings.inputs)} inputs")
        log.info("casbd runs", extra={"version": __version__, "policies": len(self.engine.policies)})

    def _serve_metrics(self, options: Metrics) -> Callable[[], None]:
        from casbd.daemon.metrics import serve

        try:
            return serve(options, self.store.directory)
        except OSError as error:
            raise Mistakes([Mistake(str(self.configuration), 0, 0, f"metrics: port {options.port}: {error.strerror}")]) from None

    STEPS = (build_engine, open_store, build_pipeline, open_inputs, start_delivery, start_service)

    def _on_stop(self, *_: object) -> None:
        self._stopping = True

    def _on_reload(self, *_: object) -> None:
        self._reload_asked = True

    def _work_until_stopped(self) -> None:
        while not self._stopping:
            self._run_due_jobs()
            if self._reload_asked:
                self._reload_asked = False
                self.reload()
            if not self._work():
                self.inputs.wait(TURN)
        log.info("casbd stops")

    def _read_everything(self) -> None:
        while self._work():
            pass
        self.inputs.finish()
        while self._work():
            pass
        self.save_status()
        self.delivered_all = self.dispatcher.drain(ONCE_SECONDS, ONCE_PATIENCE)

    def _work(self) -> bool:
        """Read, scan and commit once; whether there was anything. The watchdog is fed only here, when it went well."""
        if self._outbox_is_full():
            self.notifier.alive()
            return False
        batches = self.scanning.batches(self.inputs.next_chunk)
        if batches:
            try:
                raised = self.pipeline.commit(batches)
            except (sqlite3.Error, OSError) as error:
                self._commit_failed(error)
                return False
            if raised or self.pipeline.sends_activities:
                self.dispatcher.wake()
        self.notifier.alive()
        return bool(batches)

    def _commit_failed(self, error: Exception) -> None:
        """A full disk, say: nothing of the batch is stored, so read it again; it will work once there is room."""
        log.error("a batch could not be stored; it will be read again", extra={"error": str(error)})
        if self.once:
            raise CasbdError(f"a batch could not be stored: {error}") from None
        self.scanning.forget()
        self.pipeline.reload_state()
        self.inputs.rewind(input_store.positions(self.store.connection))
        self.inputs.wait(1.0)

    def _outbox_is_full(self) -> bool:
        """Whether reading pauses because a destination has too much waiting; looked at every two seconds."""
        if monotonic() - self._full_checked > 2:
            self._full_checked = monotonic()
            most = self.engine.settings.outbox.max_size
            full = sorted(name for name, (_, size) in outbox.pending(self.store.connection).items() if size > most)
            if bool(full) != bool(self._full):
                log.warning("reading pauses: an outbox is full" if full else "reading goes on", extra={"destinations": full})
            self._full = ", ".join(full)
        return bool(self._full)

    def reload(self) -> None:
        """Everything anew from the files, or, if anything is wrong, nothing."""
        self.notifier.send("RELOADING=1", f"MONOTONIC_USEC={int(monotonic() * 1e6)}")
        begun = self.clock()
        try:
            engine = Engine(self.configuration)
        except Mistakes as error:
            self._watched.use(self.engine.files(), begun)
            log.error("reload refused, the last good configuration stays", extra={"mistakes": [str(m) for m in error.found]})
            self._reloaded = {"at": self.clock(), "ok": False, "mistakes": [str(m) for m in error.found]}
        else:
            self._watched.use(engine.files(), begun)
            self._swap(engine)
        self.save_status()
        self.notifier.send("READY=1")

    def _swap(self, engine: Engine) -> None:
        """From here on nothing can fail for a reason that a person's file gives."""
        old, self.engine = self.engine, engine
        while batches := self.scanning.batches(lambda: None):  # what the old rules have already scanned
            self.pipeline.commit(batches)
        self.scanning.close()
        self.scanning = self._new_scanning()
        self.pipeline.use(engine.settings, engine.policies)
        if engine.settings.inputs != old.settings.inputs:
            self.inputs.close()
            self.inputs = self._new_inputs()
            self.inputs.start_watching()
        self.dispatcher.use(self._destinations(), _changed(old, engine))
        changes = _difference({p.id: policy_key(p) for p in old.policies}, {p.id: policy_key(p) for p in engine.policies})
        log.info("reloaded", extra=changes)
        self._warn()
        if engine.settings.state_dir != old.settings.state_dir or engine.settings.metrics != old.settings.metrics:
            log.warning("a new state_dir or metrics takes effect at the next start")
        self._reloaded = {"at": self.clock(), "ok": True, **changes}

    def _warn(self) -> None:
        for warning in self.engine.warnings():
            log.warning(warning)

    def reload_if_changed(self) -> None:
        """A job: look whether a file of the configuration is another one now."""
        if self._watched.changed():
            self.reload()

    def check_silence(self) -> None:
        """A job: an input that used to talk and says nothing is a disconnected export, or an attacker's doing."""
        counts = input_store.counts(self.store.connection)
        for entry in self.engine.settings.inputs:
            name, silence = entry.spec.name, entry.spec.silence
            last = counts[name].last_record if name in counts else None
            if silence is None or last is None or self.clock() - max(last, self.started) <= silence:
                continue
            minutes = (self.clock() - last) // 60_000
            alert = raising.system(
                "input_silent",
                f"Input {name} is silent",
                f"No record has come from input {name} for {minutes} minutes.",
                subject=name,
                moment=last,
                now=self.clock(),
            )
            if self.pipeline.raise_system(alert):
                self.dispatcher.wake()

    def remove_old(self) -> None:
        """A job: retention."""
        moment, keep = self.clock(), self.engine.settings.retention
        with self.store.transaction() as connection:
            activity_store.prune(connection, moment - keep.activities)
            alert_store.prune(connection, moment - keep.alerts)
            reject_store.prune(connection, moment - keep.rejects)
            alert_store.prune_window_entries(connection, moment - KEEP_WINDOWS, map(policy_key, self.engine.policies))
            input_store.forget_positions(connection, self.inputs.forgotten())

    def save_status(self) -> None:
        """A job: what only this process knows, for `casbd status`."""
        status = {
            "pid": os.getpid(),
            "version": __version__,
            "started": self.started,
            "problems": dict(self.inputs.problems()),
            "paused": self._full,
            "reload": self._reloaded,
        }
        if status != self._saved_status:
            service_status.save(self.store, status)
            self._saved_status = status

    def soon(self, job: Callable[[], None]) -> None:
        """Have the main thread run a job between two batches; from any thread."""
        self._due.put(job)
        self.inputs.wake()

    def _run_due_jobs(self) -> None:
        while True:
            try:
                job = self._due.get_nowait()
            except Empty:
                return
            job()

    def _new_scanning(self) -> Scanning:
        workers, salt = self.engine.settings.workers, self.store.salt()
        if workers == 1:
            return InProcess(self.engine.scanner(salt))
        return InProcesses(self.configuration, salt, workers)

    def _new_inputs(self) -> Inputs:
        specs = [entry.spec for entry in self.engine.settings.inputs]
        return Inputs(specs, input_store.positions(self.store.connection), detect, self.clock)

    def _destinations(self) -> dict[str, Delivering]:
        """By queue, what delivers it."""
        deliver: dict[str, Delivering] = {name: ToOutput(name, output, self.clock) for name, output in self.engine.outputs.items()}
        for name, connector in self.engine.connectors.items():
            queue = connector_destination(name)
            deliver[queue] = ToConnector(queue, connector, self.clock)
        return deliver


def _changed(old: Engine, new: Engine) -> list[str]:
    """The destinations whose options are others now."""
    outputs = {output.name: output for output in old.settings.outputs}
    changed = [output.name for output in new.settings.outputs if outputs.get(output.name) != output]
    connectors = {connector.name: connector for connector in old.settings.connectors}
    return changed + [connector_destination(c.name) for c in new.settings.connectors if connectors.get(c.name) != c]


def _difference(old: dict[str, str], new: dict[str, str]) -> dict[str, list[str]]:
    """Which policies a reload added, changed and removed."""
    return {
        "added": sorted(new.keys() - old.keys()),
        "changed": sorted(policy for policy in new.keys() & old.keys() if new[policy] != old[policy]),
        "removed": sorted(old.keys() - new.keys()),
    }
