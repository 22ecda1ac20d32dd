"""casbd's life as a service: start step by step, read and commit until told to stop, reload, stop in order.

One thread reads, commits and runs the periodic jobs; destinations have one thread each (`casbd/outbox`), and a reload's files are
read in another (`reloading.py`). Signal handlers only set a flag, which this thread sees within half a second.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import sqlite3
import threading
from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import msgspec

from casbd import __version__
from casbd.alerting import raising
from casbd.clock import Clock, monotonic, now
from casbd.config.settings import Metrics
from casbd.daemon import left_out, logs, unread_news
from casbd.daemon.audit import Trail
from casbd.daemon.compacting import Compacting
from casbd.daemon.destinations import down_alerts
from casbd.daemon.engine import Engine, detect
from casbd.daemon.notify import Notifier
from casbd.daemon.own_files import own_files
from casbd.daemon.reloading import Reloading
from casbd.daemon.retention import RetentionClock, remove_some
from casbd.daemon.scanning import InProcess, InProcesses, Scanning
from casbd.daemon.second_thoughts import SecondThoughts
from casbd.daemon.silence import Silence
from casbd.daemon.starting import starting
from casbd.daemon.unread_news import UnreadNews
from casbd.daemon.watched import WatchedFiles
from casbd.errors import CasbdError, Mistake, Mistakes, StoreError
from casbd.governance import withdrawing
from casbd.inputs import Inputs
from casbd.model.unread import Unread, problems
from casbd.outbox.delivering import Delivering
from casbd.outbox.dispatcher import Dispatcher
from casbd.outbox.to_connector import ToConnector
from casbd.outbox.to_output import ToOutput
from casbd.pipeline import Batch, Pipeline, connector_destination
from casbd.pseudonyms import Pseudonyms
from casbd.pseudonyms.configured import pseudonyms_of
from casbd.store.database import Store
from casbd.store.log import segments
from casbd.store.state import inputs as input_store
from casbd.store.state import outbox, service_status, set_aside
from casbd.store.state import policies as policy_store

log = logging.getLogger(__name__)

TURN = 0.5
"""Seconds that one wait for input lasts at most, and so the time to see a signal."""
CHUNK_BYTES = 1 << 20
"""What is scanned at a time: with all it becomes it fits into the processor's second-level cache."""
STOP_SECONDS = 20.0
STOP_PATIENCE = 2.0
ONCE_SECONDS = 3600.0
ONCE_PATIENCE = 5.0
PROGRESS_SECONDS = 0.25
LONGEST_PAUSE = 10.0
"""Seconds between two tries to store what could not be stored."""


class Service:
    """`casbd run`. configuration: the path of casbd.yaml. once: read what there is, deliver it, and return.

    progress: is told a few times a second how many bytes were read, how many there are, and how many records came of them.
    """

    def __init__(
        self, configuration: Path, *, once: bool = False, clock: Clock = now, progress: Callable[[int, int, int], None] | None = None
    ) -> None:
        self.configuration = configuration
        self.once = once
        self.clock = clock
        self.notifier = Notifier()
        self.started = clock()
        self.delivered_all = True
        self.unread: list[Unread] = []
        self._unread_news = UnreadNews()
        self._step = "begin"
        self._second_thoughts = SecondThoughts()
        self._silence = Silence()
        self._progress = progress
        self._progress_told = 0.0
        self._records = 0
        self._exit = ExitStack()
        self._due: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._stopping = False
        self._reload_asked = False
        self._reloading = Reloading(self._prepare, lambda: self.inputs.wake())
        self._begun = self.started
        self._full_checked = 0.0
        self._full = ""
        self._pause_next = 1.0
        self._pausing = threading.Event()
        self._reloaded: dict[str, Any] = {}
        self._saved_status: dict[str, Any] = {}
        self._warned: list[str] = []

    def run(self) -> None:
        """Start, work until told to stop, stop. Raises Mistakes, StateInUse or StoreError where it cannot start."""
        with self._exit:
            with starting(self.notifier, lambda: self._step):
                for step in self.STEPS:
                    self._step = step.__name__.replace("_", " ")
                    log.debug("start", extra={"step": self._step})
                    step(self)
            if self.once:
                self._read_everything()
            else:
                self._work_until_stopped()
            self.notifier.send("STOPPING=1")

    # The steps of the start, in order. Each puts its own undoing on the stack, so all of them are undone in reverse,
    # whichever step or teardown fails.

    def catch_hang_up(self) -> None:
        """SIGHUP, from here on, is a reload after the start."""
        if not self.once:
            self._exit.callback(signal.signal, signal.SIGHUP, signal.signal(signal.SIGHUP, self._on_reload))

    def build_engine(self) -> None:
        """Configuration, rules and lists: all right, or no start."""
        begun = self.clock()
        self.engine = Engine(self.configuration)
        self._pseudonyms = pseudonyms_of(self.engine.settings.privacy)
        self._watched = WatchedFiles(self.engine.files(), begun)
        if not self.once:
            logs.set_level(self.engine.settings.log_level)

    def open_store(self) -> None:
        """The state directory is ours alone."""
        self.store = Store(self.engine.settings.state_dir)
        self._exit.callback(self.store.close)
        self._salt = self.store.salt()
        self._trail = Trail(self.store, self.engine)
        self._retention_clock = RetentionClock(self.store)

    def build_pipeline(self) -> None:
        """The two halves."""
        settings, policies = self.engine.settings, self.engine.policies
        self.pipeline = Pipeline(self.store, settings, policies, self.clock, self.engine.rails, self.notifier.alive)
        self.scanning: Scanning = self._new_scanning(self.engine)
        self._exit.callback(lambda: self.scanning.close())
        self._set_aside()

    def open_inputs(self) -> None:
        """Go on where the last commit left off."""
        with self.store.transaction() as connection:
            for entry in self.engine.settings.inputs:
                input_store.ensure(connection, entry.spec.name, self.clock())
        self._warn()
        self.inputs = self._new_inputs(self.engine)
        self._exit.callback(lambda: self.inputs.close())

    def prepare_compacting(self) -> None:
        """Nothing is under way; what a crash has left is removed."""
        self.compacting = Compacting(self.store, self.clock)
        self._exit.callback(self.compacting.stop)

    def start_delivery(self) -> None:
        """One worker a destination. On the way out they deliver what fits into half of the deadline, and end in the other."""
        self.dispatcher = Dispatcher(self.store, self.clock)
        self._exit.callback(self.dispatcher.stop, STOP_SECONDS / 2)
        self._exit.callback(self.dispatcher.drain, STOP_SECONDS / 2, STOP_PATIENCE)
        self._withdraw_of_gone_connectors()
        self.dispatcher.use(self._destinations())
        self._tell_lost(policy_store.counts(self.store.connection))

    def start_service(self) -> None:
        """What only a long-running casbd has: signals, metrics, periodic jobs, and telling systemd."""
        if self.once:
            return
        for number in (signal.SIGTERM, signal.SIGINT):
            self._exit.callback(signal.signal, number, signal.signal(number, self._on_stop))
        if self.engine.settings.metrics is not None:
            self._exit.callback(self._serve_metrics(self.engine.settings.metrics))
        from casbd.daemon.jobs import schedule

        self._exit.callback(schedule(self))
        self.inputs.start_watching()
        self._trail.started(self.clock())
        self.save_status()
        self.notifier.send("READY=1", f"STATUS={len(self.engine.policies)} policies, {len(self.engine.settings.inputs)} inputs")
        log.info("casbd runs", extra={"version": __version__, "policies": len(self.engine.policies)})

    def _serve_metrics(self, options: Metrics) -> Callable[[], None]:
        from casbd.daemon.metrics import serve

        try:
            return serve(options, self.store.directory)
        except OSError as error:
            raise Mistakes([Mistake(str(self.configuration), 0, 0, f"metrics: port {options.port}: {error.strerror}")]) from None

    STEPS = (catch_hang_up, build_engine, open_store, build_pipeline, open_inputs, prepare_compacting, start_delivery, start_service)

    def _on_stop(self, *_: object) -> None:
        self._stopping = True

    def _on_reload(self, *_: object) -> None:
        self._reload_asked = True

    def _work_until_stopped(self) -> None:
        while not self._stopping:
            self._run_due_jobs()
            self._attempt(self.reload)
            if not self._work():
                self.inputs.wait(TURN)
        log.info("casbd stops")

    def _read_everything(self) -> None:
        while self._work() or self._made_room():
            pass
        self.inputs.finish()
        while self._work() or self._made_room():
            pass
        self.pipeline.tell_held_back()
        self.save_status()
        self._give_up_what_is_gone()
        while segments.compact(self.store):
            pass
        self.delivered_all = self.dispatcher.drain(ONCE_SECONDS, ONCE_PATIENCE) and not self._full

    def _made_room(self) -> bool:
        """With `--once`, where reading pauses: whether it can go on, as enough was delivered."""
        if not self._full:
            return False
        self.dispatcher.drain(ONCE_SECONDS, ONCE_PATIENCE)
        self._full_checked = 0.0
        return not self._outbox_is_full()

    def _work(self) -> bool:
        """Read, scan and commit once; whether there was anything. The watchdog is fed only here, when it went well."""
        if self._outbox_is_full():
            self.notifier.alive()
            self._pause(0.0 if self.once else TURN)
            return False
        batches = self.scanning.batches(self.inputs.next_chunk)
        if batches and not self._commit(batches):
            return False
        self.notifier.alive()
        return bool(batches) or self.inputs.busy

    def _commit(self, batches: Sequence[Batch]) -> bool:
        """Store some batches; False where that failed, and they will be read again."""
        try:
            raised = self.pipeline.commit(batches)
        except (sqlite3.Error, OSError) as error:
            self._commit_failed(error)
            return False
        self._pause_next = 1.0
        self._unread_news.read(batches)
        if raised:
            log.info("alerts raised", extra={"alerts": raised})
        if self._progress:
            self._tell_progress(batches, self._progress)
        if raised or self.pipeline.sends_activities:
            self.dispatcher.wake()
        return True

    def _tell_progress(self, batches: Sequence[Batch], tell: Callable[[int, int, int], None]) -> None:
        self._records += sum(batch.received for batch in batches)
        if monotonic() - self._progress_told > PROGRESS_SECONDS:
            self._progress_told = monotonic()
            tell(*self.inputs.progress(), self._records)

    def _commit_failed(self, error: Exception) -> None:
        """A full disk, say: nothing of the batch is stored, so read it again; it will work once there is room."""
        log.error("a batch could not be stored; it will be read again", extra={"error": str(error)})
        if self.once:
            raise CasbdError(f"a batch could not be stored: {error}") from None
        self.scanning.forget()
        self.pipeline.reload_state()
        self.inputs.rewind(input_store.positions(self.store.connection))
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
            self.notifier.alive()  # the watchdog's cure, a new start, makes no room
        self._pause(self._pause_next)
        self._pause_next = min(self._pause_next * 2, LONGEST_PAUSE)

    def _pause(self, seconds: float) -> None:
        """Do nothing, but see a signal. (`inputs.wait` would end at once: what it tells of has not been read.)"""
        until = monotonic() + seconds
        while not (self._stopping or self._reload_asked or self._reloading.is_due) and (left := until - monotonic()) > 0:
            self._pausing.wait(min(left, TURN))

    def _outbox_is_full(self) -> bool:
        """Whether reading pauses because a destination has too much waiting; looked at every two seconds."""
        if monotonic() - self._full_checked > 2:
            self._full_checked = monotonic()
            most = self.engine.settings.outbox.max_size
            waiting = outbox.pending(self.store.connection)
            full = sorted(name for name, (_, size) in waiting.items() if size > most and name in self._queues(self.engine))
            if bool(full) != bool(self._full):
                log.warning("reading pauses: an outbox is full" if full else "reading goes on", extra={"destinations": full})
            self._full = ", ".join(full)
        return bool(self._full)

    def reload(self) -> None:
        """Begin a reload that was asked for, or take up what one has built: everything, or, if anything is wrong, nothing."""
        if self._reload_asked:
            self._reload_asked = False
            self._reloading.ask()
        if self._reloading.begin():
            self._begun = self.clock()
            self.notifier.send("RELOADING=1", f"MONOTONIC_USEC={int(monotonic() * 1e6)}")
        try:
            new = self._reloading.take()
            if new is None:
                return
            self._swap(*new)
        except Mistakes as error:
            self._refuse_reload(error.found)
        except (sqlite3.Error, OSError, StoreError):
            self._reloading.finished()
            self._reloading.ask()
            self.notifier.send("READY=1")
            raise
        except Exception as error:  # a bug that somebody's file brings out must not end a daemon that ran well with the last one
            log.exception("a reload broke: please report it")
            self._refuse_reload([Mistake(str(self.configuration), 0, 0, f"internal error: {type(error).__name__}")])
        else:
            self._watched.use(new[0].files(), self._begun)
        self._reloading.finished()
        self._trail.reloaded(self.engine, self._reloaded, self.clock())
        self.save_status()
        self.notifier.send("READY=1")
        new = None
        gc.collect()  # policies are full of cycles, which would wait until there are tens of thousands of them

    def _prepare(self) -> tuple[Engine, Scanning, Pseudonyms]:
        """What a reload takes up; in another thread, so nothing of this one's is touched."""
        engine = Engine(self.configuration)
        return engine, self._new_scanning(engine), pseudonyms_of(engine.settings.privacy)

    def _set_aside(self) -> None:
        """Policies that once cost too much are not asked, as long as they say what they said then."""
        self._meanings = self.engine.meanings()
        with self.store.transaction() as connection:
            set_aside.forget_changed(connection, self._meanings)
        self.scanning.do_without(set_aside.of(self.store.connection, self._meanings))

    def _refuse_reload(self, mistakes: Sequence[Mistake]) -> None:
        """Nothing was changed. The files with mistakes are watched too, as a new one is not among those known."""
        self._watched.use([*self.engine.files(), *(Path(mistake.file) for mistake in mistakes)], self._begun)
        told = [str(mistake) for mistake in mistakes]
        log.error("reload refused, the last good configuration stays", extra={"mistakes": told})
        self._reloaded = {"at": self.clock(), "ok": False, "mistakes": told}

    def _swap(self, engine: Engine, scanning: Scanning, pseudonyms: Pseudonyms) -> None:
        """From here on nothing can fail for a reason that a person's file gives."""
        while batches := self.scanning.batches(lambda: None):  # what the old rules have already scanned
            if not self._commit(batches):
                break  # it is read again, with the new ones
        old, self.engine, self._pseudonyms = self.engine, engine, pseudonyms
        self.scanning.close()
        self.scanning = scanning
        self._set_aside()
        self.pipeline.use(engine.settings, engine.policies, engine.rails)
        self._own.use_those_of(own_files(engine.settings))
        if engine.settings.inputs != old.settings.inputs:
            self.inputs.use([entry.spec for entry in engine.settings.inputs], input_store.positions(self.store.connection))
        self._withdraw_of_gone_connectors()
        self.dispatcher.use(self._destinations(), _changed(old, engine))
        logs.set_level(engine.settings.log_level)
        changes = _difference(old.meanings(), engine.meanings())
        log.info("reloaded", extra=changes)
        self._warn()
        self._tell_lost(old.meanings())
        if engine.settings.state_dir != self.store.directory or engine.settings.metrics != old.settings.metrics:
            log.warning("a new state_dir or metrics takes effect at the next start")
        self._reloaded = {"at": self.clock(), "ok": True, **changes}

    def _warn(self) -> None:
        self._warned = [*map(str, self.engine.warnings(self.clock()))]
        for mistake in left_out.told(self.engine.unusable):
            log.error(mistake)
        for warning in self._warned:
            log.warning(warning)
        unclaimed = sorted(outbox.pending(self.store.connection).keys() - self._queues(self.engine))
        if unclaimed:
            log.warning("messages wait for destinations that are not configured", extra={"destinations": unclaimed})

    def _withdraw_of_gone_connectors(self) -> None:
        with self.store.transaction() as connection:
            gone = withdrawing.of_gone_connectors(connection, self.engine.connectors, self.clock())
        if gone:
            log.warning("commands are blocked, as their connectors are gone", extra={"commands": len(gone)})

    def _tell_lost(self, worked: Collection[str]) -> None:
        """Raise an alert for each policy that worked and whose Sigma file cannot be used now."""
        for alert in left_out.lost(worked, self.engine.meanings(), self.engine.unusable, self.clock()):
            log.error(alert.title)
            if self.pipeline.raise_system(alert):
                self.dispatcher.wake()

    def tell_held_back(self) -> None:
        """A job: what was stored without being sent is said when the time is over."""
        if self.pipeline.tell_held_back():
            self.dispatcher.wake()

    def warn_of_what_is_new(self) -> None:
        """A job: an exception expires while casbd runs, and there is time for second thoughts about the files."""
        told = map(str, [*self._second_thoughts.of(self.engine), *self.engine.warnings(self.clock())])
        new = [warning for warning in told if warning not in self._warned]
        for warning in new:
            log.warning(warning)
        self._warned += new

    def reload_if_changed(self) -> None:
        """A job: look whether a file of the configuration is another one now."""
        if not self._reloading.is_under_way and self._watched.changed():
            self._reloading.ask()

    def check_silence(self) -> None:
        """A job: an input that used to talk and says nothing is a disconnected export, or an attacker's doing."""
        counts = input_store.counts(self.store.connection)
        if self._full:
            return  # it is casbd that does not listen
        for entry in self.engine.settings.inputs:
            name, silence = entry.spec.name, entry.spec.silence
            last = counts[name].last_record if name in counts else None
            if name not in counts:  # new since a reload: silent since now
                with self.store.transaction() as connection:
                    input_store.ensure(connection, name, self.clock())
            if silence is None or last is None or (silent := self._silence.of(name, last, self.clock(), self.started)) <= silence:
                continue
            minutes = max(silent, self.clock() - last) // 60_000
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

    def check_destinations(self) -> None:
        """A job: one that takes nothing for hours is told to the others."""
        queues, patience = self._queues(self.engine), self.engine.settings.outbox.alert_when_down
        for name, alert in down_alerts(self.store, queues, patience, self.clock()).items():
            if self.pipeline.raise_system(alert, besides=name):
                self.dispatcher.wake()

    def remove_old(self) -> None:
        """A job: retention. Does a part, and comes again at once where there is more to remove."""
        windows = {policy.window_key: policy.match.within for policy in self.engine.policies if policy.match}
        asked = self._retention_clock.told()
        until = self._retention_clock(self.clock())
        for question in [] if asked else self._retention_clock.told():
            log.warning(question)
        more = remove_some(self.store, self.engine.settings.retention, until, self._queues(self.engine), windows)
        with self.store.transaction() as connection:
            input_store.forget_positions(connection, self.inputs.forgotten())
        if more:
            self._due.put(self.remove_old)

    def compact(self) -> None:
        """A job: older activities become segments, one at a time."""
        self.compacting.go_on()

    def save_status(self) -> None:
        """A job: what only this process knows, for `casbd status`; and what it finds unread is said once."""
        self.unread = [one for one in self._unread_news.all(self.inputs.unread()) if not self._is_ours(one.path)]
        if not self.once:
            self._unread_news.log(self.unread)
        status = {
            "pid": os.getpid(),
            "version": __version__,
            "started": self.started,
            "problems": problems(self.unread),
            "set_aside": [*map(msgspec.to_builtins, set_aside.of(self.store.connection, self._meanings).values())],
            **unread_news.summary(self.unread),
            "paused": self._full,
            "reload": self._reloaded,
            "warnings": [*left_out.told(self.engine.unusable), *self._warned, *self._retention_clock.told()],
        }
        if status != self._saved_status:
            service_status.save(self.store, status)
            self._saved_status = status

    @property
    def rejects(self) -> dict[str, int]:
        """How many records could not be read since the start, by input."""
        return dict(self._unread_news.rejects)

    def _is_ours(self, path: str) -> bool:
        """Whether casbd itself writes it: an input's path may meet such files, and they are no news."""
        own = [
            self.store.directory,
            *(Path(file) for output in self.engine.settings.outputs if (file := getattr(output.options, "path", None))),
        ]
        return any(Path(path).is_relative_to(one) for one in own)

    def _give_up_what_is_gone(self) -> None:
        """What is gone for good has been told: the next run does not tell it again."""
        with self.store.transaction() as connection:
            input_store.save_positions(connection, self.inputs.given_up())

    def soon(self, job: Callable[[], None]) -> None:
        """Have the main thread run a job between two batches; from any thread."""
        self._due.put(job)
        self.inputs.wake()

    def _run_due_jobs(self) -> None:
        for _ in range(self._due.qsize()):  # not those that they ask for in turn: reading goes on before
            self._attempt(self._due.get())

    def _attempt(self, job: Callable[[], None]) -> None:
        """Run a job. A store that cannot be written to (a full disk) must not end the daemon: it comes again."""
        try:
            job()
        except (sqlite3.Error, OSError, StoreError) as error:
            log.error("a job failed; it is tried again at its next time", extra={"job": job.__name__, "error": str(error)})
        except Exception:  # a bug in looking after things: it must not end the reading of records, of which nobody else takes care
            log.exception("a job broke: please report it", extra={"job": job.__name__})

    def _new_scanning(self, engine: Engine) -> Scanning:
        if engine.settings.workers == 1:
            return InProcess(engine.scanner(self._salt))
        return InProcesses(engine, self._salt, engine.settings.workers)

    def _new_inputs(self, engine: Engine) -> Inputs:
        specs = [entry.spec for entry in engine.settings.inputs]
        self._own = own_files(engine.settings)
        return Inputs(specs, input_store.positions(self.store.connection), detect, self.clock, chunk_bytes=CHUNK_BYTES, own=self._own)

    def _queues(self, engine: Engine) -> set[str]:
        """The names of all configured destinations' queues in the outbox."""
        return {*engine.outputs, *map(connector_destination, engine.connectors)}

    def _destinations(self) -> dict[str, Delivering]:
        """By queue, what delivers it."""
        deliver: dict[str, Delivering] = {
            name: ToOutput(name, output, self.clock, lambda: self._pseudonyms) for name, output in self.engine.outputs.items()
        }
        for name, connector in self.engine.connectors.items():
            queue = connector_destination(name)
            deliver[queue] = ToConnector(queue, connector, self.clock, lambda: self.engine.rails)
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
