"""A reload: everything of the new files is taken up, or, if anything is wrong, nothing."""

from __future__ import annotations

import gc
import logging
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from casbd.clock import monotonic
from casbd.daemon import costly, logs
from casbd.daemon.engine import Engine
from casbd.daemon.loop import Loop
from casbd.daemon.own_files import own_files
from casbd.daemon.parts import Current, Parts
from casbd.daemon.reload_thread import ReloadThread
from casbd.daemon.signals import Signals
from casbd.daemon.status import Status
from casbd.daemon.warnings import Warnings
from casbd.errors import Mistake, Mistakes, StoreError
from casbd.model.service_status import Reloaded
from casbd.pipeline import replaying
from casbd.pseudonyms.configured import pseudonyms_of
from casbd.store.state import input_progress
from casbd.store.state.outbox import connector_destination

log = logging.getLogger(__name__)


def reload_thread(parts: Parts) -> ReloadThread[Current]:
    """Builds what a reload takes up; in another thread, so nothing of the loop's is touched."""

    def prepare() -> Current:
        engine = Engine(parts.configuration)
        return Current(engine, pseudonyms_of(engine.settings.privacy))

    return ReloadThread(prepare, parts.inputs.wake)


class Reload:
    """Takes up what the thread has built, between two batches."""

    def __init__(
        self, parts: Parts, thread: ReloadThread[Current], signals: Signals, loop: Loop, warnings: Warnings, status: Status
    ) -> None:
        self._parts = parts
        self._thread = thread
        self._signals = signals
        self._loop = loop
        self._warnings = warnings
        self._status = status
        self._begun = parts.started

    def ask(self) -> None:
        """Have the files read anew. From any thread."""
        self._thread.ask()

    @property
    def is_under_way(self) -> bool:
        """Whether one was asked for and not taken up yet."""
        return self._thread.is_under_way

    def ask_if_changed(self) -> None:
        """The same where a file of the configuration is another one now."""
        if not self._thread.is_under_way and self._parts.watched.changed():
            self._thread.ask()

    def go_on(self) -> None:
        """Begin one that was asked for, or take up what one has built."""
        parts = self._parts
        if self._signals.reload_asked:
            self._signals.reload_asked = False
            self._thread.ask()
        if self._thread.begin():
            self._begun = parts.clock()
            parts.notifier.send("RELOADING=1", f"MONOTONIC_USEC={int(monotonic() * 1e6)}")
        try:
            new = self._thread.take()
            if new is None:
                return
            self._swap(new)
        except Mistakes as error:
            self._refuse(error.mistakes)
        except (sqlite3.Error, OSError, StoreError):
            self._thread.finished()
            self._thread.ask()
            parts.notifier.send("READY=1")
            raise
        except Exception as error:  # a bug that somebody's file brings out must not end a daemon that ran well with the last one
            log.exception("a reload broke: please report it")
            self._refuse([Mistake(str(parts.configuration), 0, 0, f"internal error: {type(error).__name__}")])
        else:
            parts.watched.use(new.engine.files(), self._begun)
        self._thread.finished()
        parts.trail.reloaded(parts.engine, self._status.reloaded, parts.clock())
        self._status.save()
        parts.notifier.send("READY=1")
        new = None
        gc.collect()  # policies are full of cycles, which would wait until there are tens of thousands of them

    def _refuse(self, mistakes: Sequence[Mistake]) -> None:
        """Nothing was changed. The files with mistakes are watched too, as a new one is not among those known."""
        parts = self._parts
        parts.watched.use([*parts.engine.files(), *(Path(mistake.file) for mistake in mistakes)], self._begun)
        reasons = tuple(map(str, mistakes))
        log.error("reload refused, the last good configuration stays", extra={"mistakes": [*reasons]})
        self._status.reloaded = Reloaded(at=parts.clock(), ok=False, mistakes=reasons)

    def _swap(self, new: Current) -> None:
        """From here on nothing can fail for a reason that a person's file gives."""
        parts, current = self._parts, self._parts.current
        while batches := parts.scanning.batches(lambda: None):  # what was read is scanned by the old rules
            if not self._loop.commit(batches):
                break  # it is read again, with the new ones
        old = current.engine
        current.engine, current.pseudonyms = new.engine, new.pseudonyms
        parts.scanning.use(new.engine)
        settings = new.engine.settings
        costly.do_without(parts)
        parts.pipeline.use(settings, new.engine.policies, new.engine.rails)
        replaying.begin_new(parts.store, settings, parts.clock())
        parts.own.use_those_of(own_files(settings))
        if settings.inputs != old.settings.inputs:
            parts.inputs.use([entry.spec for entry in settings.inputs], input_progress.positions(parts.store.connection))
        self._warnings.withdraw_of_gone_connectors()
        parts.dispatcher.use(parts.destinations(), _changed(old, new.engine))
        logs.set_level(settings.log_level)
        changes = _difference(old.meanings(), new.engine.meanings())
        log.info("reloaded", extra=changes)
        self._warnings.log()
        self._warnings.alert_of_lost(old.meanings())
        now, then = (settings.metrics, settings.workers), (old.settings.metrics, old.settings.workers)
        if settings.state_dir != parts.store.directory or now != then:
            log.warning("a new state_dir, metrics or workers takes effect at the next start")
        self._status.reloaded = Reloaded(
            at=parts.clock(), added=(*changes["added"],), changed=(*changes["changed"],), removed=(*changes["removed"],)
        )


def _changed(old: Engine, new: Engine) -> list[str]:
    """The destinations whose options are others now."""
    outputs = {output.name: output for output in old.settings.outputs}
    changed = [output.name for output in new.settings.outputs if outputs.get(output.name) != output]
    connectors = {connector.name: connector for connector in old.settings.connectors}
    changed += [connector_destination(c.name) for c in new.settings.connectors if connectors.get(c.name) != c]
    elsewhere = old.settings.mail != new.settings.mail
    return changed + [queue for queue, person in new.recipients.items() if elsewhere or old.recipients.get(queue) != person]


def _difference(old: dict[str, str], new: dict[str, str]) -> dict[str, list[str]]:
    """Which policies a reload added, changed and removed."""
    return {
        "added": sorted(new.keys() - old.keys()),
        "changed": sorted(policy for policy in new.keys() & old.keys() if new[policy] != old[policy]),
        "removed": sorted(old.keys() - new.keys()),
    }
