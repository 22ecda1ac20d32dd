"""casbd's life: it starts, works until it is told to stop (or, with `once`, until all is read and delivered), and stops in order."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from casbd import __version__
from casbd.clock import Clock, now
from casbd.config.settings import Metrics, Settings
from casbd.daemon import costly, governance_news
from casbd.daemon.back_pressure import BackPressure
from casbd.daemon.boot import boot
from casbd.daemon.compacting import compact
from casbd.daemon.destinations import Outages
from casbd.daemon.due_jobs import DueJobs, attempt
from casbd.daemon.loop import TURN, Loop, Progress
from casbd.daemon.notify import Notifier
from casbd.daemon.parts import Parts
from casbd.daemon.reload import Reload, reload_thread
from casbd.daemon.report_mail import ReportMail
from casbd.daemon.running import Running
from casbd.daemon.signals import Signals
from casbd.daemon.silence import Silence
from casbd.daemon.starting import starting
from casbd.daemon.status import Status
from casbd.daemon.unread_news import UnreadNews
from casbd.daemon.warnings import Warnings
from casbd.errors import Mistake, Mistakes
from casbd.model.unread import Unread
from casbd.pipeline.learning import Learning
from casbd.records import picking
from casbd.store.log import packing
from casbd.store.state import input_progress, policy_counts

log = logging.getLogger(__name__)

ONCE_SECONDS = 3600.0
ONCE_PATIENCE = 5.0


class Outcome(NamedTuple):
    """What a run came to. rejects: how many records could not be read, by input."""

    settings: Settings
    delivered_all: bool
    unread: Sequence[Unread]
    rejects: Mapping[str, int]


def run(configuration: Path, *, once: bool = False, clock: Clock = now, progress: Progress | None = None) -> Outcome:
    """`casbd run`. Raises Mistakes, StateInUse or StoreError where it cannot start.

    configuration: the path of casbd.yaml. once: read what there is, deliver it, and return.
    """
    with ExitStack() as undo:
        running = start(configuration, undo, once=once, clock=clock, progress=progress)
        delivered_all = read_everything(running) if once else work_until_stopped(running)
        running.parts.notifier.send("STOPPING=1")
    return Outcome(running.parts.settings, delivered_all, running.status.unread, dict(running.news.rejects))


def start(configuration: Path, undo: ExitStack, *, once: bool = False, clock: Clock = now, progress: Progress | None = None) -> Running:
    """Everything that runs. undo: what ends it, in order."""
    signals, notifier, steps = Signals(), Notifier(), ["begin"]
    if not once:
        signals.catch_hang_up(undo)
    with starting(notifier, lambda: steps[-1]):
        parts = boot(configuration, undo, once=once, clock=clock, notifier=notifier, tell=steps.append)
        running = _take_up(parts, signals, progress)
        if not once:
            _serve(running, undo)
    return running


def _take_up(parts: Parts, signals: Signals, progress: Progress | None) -> Running:
    """What follows from the files as they are now, as after a reload."""
    running = _running(parts, signals, progress)
    costly.do_without(parts)
    parts.trail.looked(parts.clock())
    running.warnings.log()
    running.warnings.withdraw_of_gone_connectors()
    parts.dispatcher.use(parts.destinations())
    running.warnings.alert_of_lost(policy_counts.counts(parts.store.connection))
    return running


def _running(parts: Parts, signals: Signals, progress: Progress | None) -> Running:
    news, back_pressure, warnings, thread = UnreadNews(), BackPressure(parts), Warnings(parts), reload_thread(parts)
    loop = Loop(parts, back_pressure, news, lambda: signals.stopping or signals.reload_asked or thread.is_due, progress)
    learning = Learning(parts.store, parts.pipeline, parts.clock, loop.raised, parts.notifier.alive)
    status = Status(parts, news, warnings, back_pressure, learning)
    reload = Reload(parts, thread, signals, loop, warnings, status)
    due, mailing = DueJobs(parts.inputs.wake), ReportMail(parts)
    return Running(parts, signals, news, back_pressure, warnings, status, loop, reload, due, Silence(), mailing, learning, Outages())


def _serve(running: Running, undo: ExitStack) -> None:
    """What only a long-running casbd has: signals, metrics, periodic jobs, and telling systemd."""
    parts = running.parts
    running.signals.catch_stop(undo)
    if parts.settings.metrics is not None:
        undo.callback(_serve_metrics(parts, parts.settings.metrics))
    from casbd.daemon.jobs import schedule  # a run of `--once` has none

    undo.callback(schedule(running))
    undo.callback(running.report_mail.stop)
    parts.inputs.start_watching()
    parts.trail.started(parts.clock())
    running.status.save()
    parts.notifier.send("READY=1", f"STATUS={len(parts.engine.policies)} policies, {len(parts.settings.inputs)} inputs")
    compiled = picking.COMPILED and packing.COMPILED  # without them casbd is slower, which nobody would learn elsewhere
    log.info("casbd runs", extra={"version": __version__, "policies": len(parts.engine.policies), "compiled": compiled})


def _serve_metrics(parts: Parts, options: Metrics) -> Callable[[], None]:
    from casbd.daemon.metrics import serve

    try:
        return serve(options, parts.store.directory)
    except OSError as error:
        raise Mistakes([Mistake(str(parts.configuration), 0, 0, f"metrics: port {options.port}: {error.strerror}")]) from None


def work_until_stopped(running: Running) -> bool:
    """Until SIGTERM or SIGINT. What waits then is delivered at the next start: that is no failure."""
    while not running.signals.stopping:
        running.due.run()
        attempt("reload", running.reload.go_on)
        if not running.loop.work():
            running.parts.inputs.wait(TURN)
    log.info("casbd stops")
    return True


def read_everything(running: Running) -> bool:
    """Read all there is, and deliver it; whether everything was delivered."""
    parts = running.parts
    while _learn(running, judges=False):
        pass
    while running.loop.work() or _made_room(running):
        pass
    parts.inputs.finish()
    while running.loop.work() or _made_room(running):
        pass
    while _learn(running, judges=True):
        pass
    parts.pipeline.tell_held_back()
    while parts.tell_growth(patience=0):  # nobody knows whether there will be another run to tell it
        pass
    running.status.save()
    with parts.store.transaction() as connection:  # what is gone for good has been told: the next run does not tell it again
        input_progress.save_positions(connection, parts.inputs.given_up())
    delivered = _deliver(parts) and not running.back_pressure.full
    while compact(parts.store, parts.scanning.workers):  # else all commands until the next run would decode what waits
        pass
    return delivered


def _learn(running: Running, *, judges: bool) -> bool:
    """See `Learning.turn`; for `casbd status` it is stored what that is."""
    more = running.learning.turn(running.parts.engine.policies, judges=judges)
    running.parts.notifier.alive()
    running.status.save()
    return more


def _deliver(parts: Parts) -> bool:
    """Deliver all there is, and what became of the commands in it; whether everything was delivered."""
    governance_news.tell(parts)
    delivered = parts.dispatcher.drain(ONCE_SECONDS, ONCE_PATIENCE)
    while governance_news.tell(parts) or parts.replay():
        while parts.replay():  # as much as there is room for: each end of delivering ends connections, too
            pass
        delivered = parts.dispatcher.drain(ONCE_SECONDS, ONCE_PATIENCE)
    return delivered


def _made_room(running: Running) -> bool:
    """Where reading pauses: whether it can go on, as enough was delivered."""
    if not running.back_pressure.full:
        return False
    running.parts.dispatcher.drain(ONCE_SECONDS, ONCE_PATIENCE)
    return not running.back_pressure.look()
