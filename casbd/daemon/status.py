"""What only the running process knows, for `casbd status`; and what it finds unread, which is said once."""

from __future__ import annotations

import os
from pathlib import Path

from casbd import __version__
from casbd.daemon import left_out
from casbd.daemon.back_pressure import BackPressure
from casbd.daemon.parts import Parts
from casbd.daemon.unread_news import UnreadNews, to_list
from casbd.daemon.warnings import Warnings
from casbd.model.service_status import Reloaded, ServiceStatus
from casbd.model.unread import Unread, problems
from casbd.pipeline.learning import Learning
from casbd.store.state import service_status, set_aside


class Status:
    """unread: what was not read when it was last saved. reloaded: the last reload, with what was wrong or what it changed."""

    def __init__(self, parts: Parts, news: UnreadNews, warnings: Warnings, back_pressure: BackPressure, learning: Learning) -> None:
        self._parts = parts
        self._news = news
        self._warnings = warnings
        self._back_pressure = back_pressure
        self._learning = learning
        self.unread: list[Unread] = []
        self.reloaded = Reloaded()
        self._saved: ServiceStatus | None = None

    def save(self) -> None:
        """Store it where it is another one now."""
        parts = self._parts
        self.unread = [one for one in self._news.all(parts.inputs.unread()) if not self._is_ours(one.path)]
        if not parts.once:
            self._news.log(self.unread)
        listed = to_list(self.unread)
        status = ServiceStatus(
            pid=os.getpid(),
            version=__version__,
            started=parts.started,
            problems=problems(self.unread),
            set_aside=(*set_aside.of(parts.store.connection, parts.engine.meanings()).values(),),
            unread=listed,
            more_unread=len(self.unread) - len(listed),
            paused=self._back_pressure.full,
            reload=self.reloaded,
            warnings=(*left_out.warnings(parts.engine.unusable), *self._warnings.texts, *parts.retention_clock.warnings()),
            recipients=(*parts.engine.recipients,),
            learning=self._learning.under_way,
        )
        if status != self._saved:
            service_status.save(parts.store, status)
            self._saved = status

    def _is_ours(self, path: str) -> bool:
        """Whether casbd itself writes it: an input's path may meet such files, and they are no news."""
        outputs = self._parts.settings.outputs
        own = [self._parts.store.directory, *(Path(file) for one in outputs if (file := getattr(one.options, "path", None)))]
        return any(Path(path).is_relative_to(one) for one in own)
