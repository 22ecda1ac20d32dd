"""Mailing the report of each month, once: by a process of its own, as neither counting nor a slow mail server may keep records waiting,
and what counting takes of memory goes with it.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from casbd.alerting import raising
from casbd.daemon import processes
from casbd.daemon.parts import Parts
from casbd.reports.month import Month
from casbd.reports.sending import Outcome, due, mailed
from casbd.store.state import mailed_reports

log = logging.getLogger(__name__)


def _mail(configuration: Path, month: Month, now: int, answer: Connection) -> None:
    answer.send(mailed(configuration, month, now))


class ReportMail:
    """One at a time. After a crash between sending and knowing it is sent again, with the same `Message-ID`."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._process: BaseProcess | None = None
        self._answer: Connection | None = None
        self._month: Month | None = None

    def go_on(self) -> None:
        """Begin one that is due, or hear what became of it."""
        if self._process is not None and self._answer is not None:
            if self._process.is_alive() and not self._answer.poll():
                return
            outcome = Outcome({}, "it ended without an answer")
            with suppress(EOFError):
                outcome = self._answer.recv()
            self._process.join()
            self._answer.close()
            self._process = None
            self._done(outcome)
            return
        self._month = self._due()
        if self._month is not None:
            self._answer, answer = processes.context().Pipe(duplex=False)
            arguments = (self._parts.configuration, self._month, self._parts.clock(), answer)
            self._process = processes.context().Process(target=_mail, args=arguments, daemon=True)
            self._process.start()
            answer.close()

    def _due(self) -> Month | None:
        parts = self._parts
        if parts.settings.reports.monthly is None:
            return None
        last, now = mailed_reports.last(parts.store.connection), parts.clock()
        if last is None:  # it is configured since now
            self._note(Month.of(now).plus(-1))
        return due(last, now)

    def _done(self, outcome: Outcome) -> None:
        """Note it, and tell who will never take it; what may pass is tried again."""
        parts, month = self._parts, self._month
        if outcome.error or month is None:
            log.warning("a monthly report could not be mailed; it is tried again", extra={"month": str(month), "error": outcome.error})
            return
        self._note(month)
        log.info("monthly report mailed", extra={"month": str(month), "refused": len(outcome.refused)})
        for who, why in outcome.refused.items():
            now = parts.clock()
            text = f"{who} did not get the report of {month.name}: {why}. `casbd report monthly --month {month}` makes it."
            alert = raising.system("report_refused", "A monthly report was refused", text, subject=who, moment=month.until, now=now)
            parts.raise_system(alert)

    def _note(self, month: Month) -> None:
        with self._parts.store.transaction() as connection:
            mailed_reports.note(connection, str(month))

    def wait(self, seconds: float | None = None) -> None:
        """Until the process that is under way has come to its end."""
        if self._process is not None:
            self._process.join(seconds)

    def stop(self) -> None:
        """Give up what is under way; it is begun again at the next start."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
