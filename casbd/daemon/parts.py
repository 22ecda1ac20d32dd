"""What a running casbd is made of: `boot.py` builds it; the loop, the reload and the jobs work with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from casbd.alerting import handling, telling, wishes, withdrawn
from casbd.clock import Clock
from casbd.config.settings import Settings
from casbd.daemon.audit import Trail
from casbd.daemon.compacting import Compacting
from casbd.daemon.engine import Engine
from casbd.daemon.notify import Notifier
from casbd.daemon.retention import RetentionClock
from casbd.daemon.scanning import Scanning
from casbd.daemon.watched import WatchedFiles
from casbd.inputs import Inputs
from casbd.inputs.fence import OwnFiles
from casbd.model.alert import Alert
from casbd.notifications.messengers import messenger
from casbd.outbox.delivering import Delivering
from casbd.outbox.dispatcher import Dispatcher
from casbd.outbox.to_connector import ToConnector
from casbd.outbox.to_output import to_output
from casbd.outbox.to_people import ToPeople
from casbd.pipeline import Pipeline, replaying
from casbd.pseudonyms import Pseudonyms
from casbd.store.database import Store
from casbd.store.state import raised_alerts
from casbd.store.state.outbox import connector_destination


@dataclass
class Current:
    """What a reload replaces, as a whole."""

    engine: Engine
    pseudonyms: Pseudonyms


@dataclass(frozen=True)
class Parts:
    """once: it reads what there is, delivers it, and ends. started: milliseconds since 1970."""

    configuration: Path
    once: bool
    clock: Clock
    started: int
    notifier: Notifier
    watched: WatchedFiles
    store: Store
    trail: Trail
    retention_clock: RetentionClock
    current: Current
    scanning: Scanning
    pipeline: Pipeline
    own: OwnFiles
    inputs: Inputs
    compacting: Compacting
    dispatcher: Dispatcher
    replay_widths: dict[int, int] = field(default_factory=dict)

    @property
    def engine(self) -> Engine:
        """The present one: a reload replaces it."""
        return self.current.engine

    @property
    def settings(self) -> Settings:
        """The present ones."""
        return self.current.engine.settings

    def queues(self) -> set[str]:
        """The names of all configured destinations' queues in the outbox."""
        return {*self.engine.outputs, *map(connector_destination, self.engine.connectors), *self.engine.recipients}

    def destinations(self) -> dict[str, Delivering]:
        """By queue, what delivers it."""
        sent = {output.name: output for output in self.settings.outputs}
        deliver: dict[str, Delivering] = {
            name: to_output(sent[name], output, self.clock, lambda: self.current.pseudonyms) for name, output in self.engine.outputs.items()
        }
        for name, connector in self.engine.connectors.items():
            queue = connector_destination(name)
            deliver[queue] = ToConnector(queue, connector, self.clock, lambda: self.engine.rails)
        for queue, person in self.engine.recipients.items():
            way = messenger(person, self.settings)
            deliver[queue] = ToPeople(queue, way, person, self.clock, lambda: self.current.pseudonyms)
        return deliver

    def raise_system(self, alert: Alert, *, besides: str | None = None) -> None:
        """Raise an alert about casbd itself, once. besides: the destination that does not get it."""
        if self.pipeline.raise_system(alert, besides=besides):
            self.dispatcher.wake()

    def close_system(self, alert_id: str, comment: str) -> None:
        """Close an alert about casbd itself, if it is open, and tell those who heard of it: what it says is over."""
        with self.store.transaction() as connection:
            alert, now = raised_alerts.get(connection, alert_id), self.clock()
            if alert is None or alert.status != "open":
                return
            closing = handling.closing("benign", comment, withdrawn.BY, now)
            handling.handle(connection, [alert_id], closing, wishes.of(self.settings), now, withdrawn.BY)
        self.dispatcher.wake()

    def replay(self) -> bool:
        """Queue some of what is to be sent once more; whether there was anything to queue, and room for it."""
        queued = replaying.go_on(self.store, self.settings, self.clock, self.replay_widths)
        if queued:
            self.dispatcher.wake()
        return queued

    def tell_growth(self, patience: int = telling.PATIENCE) -> bool:
        """Tell of alerts that have grown, and of which the outputs heard so long ago (ms); whether there may be more."""
        with self.store.transaction() as connection:
            told = telling.tell_growth(connection, wishes.of(self.settings), self.clock(), patience)
        if told:
            self.dispatcher.wake()
        return told == telling.AT_ONCE
