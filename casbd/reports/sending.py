"""Mailing the report of a month to those whom the configuration names, and when that is due."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import NamedTuple

from casbd.errors import Mistakes, Rejected, Retry, StoreError
from casbd.reports.mailing import mail
from casbd.reports.making import monthly
from casbd.reports.month import Month
from casbd.reports.sources import Sources, opened
from casbd.wire import smtp

AFTER = 6 * 3_600_000
"""Milliseconds after a month's end: exports of its last hours come late."""


class Outcome(NamedTuple):
    """What became of a mail. refused: who will never take it, each with what the server said. error: what may pass; empty where it went."""

    refused: dict[str, str]
    error: str


def due(last: str | None, now: int) -> Month | None:
    """The month whose report is to be mailed now (ms), if any; of several that were missed the latest. last: the one mailed last.

    Where none ever was (None) none is due: nobody has asked for the months before.
    """
    over = Month.of(now - AFTER).plus(-1)
    return over if last is not None and last < str(over) else None


def send(sources: Sources, month: Month) -> dict[str, str]:
    """Mail it; those who refuse it for good, each with what the server said. Retry where it may go later.

    ValueError where the configuration does not say to whom, or how.
    """
    server, care = sources.settings.mail, sources.settings.reports.monthly
    if server is None or care is None:
        raise ValueError("the configuration has no `reports: {monthly: {to: [...]}}`, or no `mail`")
    message = mail(monthly(sources, month), server.sender, care.to, sources.now)
    try:
        return smtp.send(server, message, care.to)
    except Rejected as error:
        return dict.fromkeys(care.to, str(error))


def mailed(configuration: Path, month: Month, now: int) -> Outcome:
    """The same as the configuration says now."""
    try:
        with opened(configuration, now) as sources:
            return Outcome(send(sources, month), "")
    except (Retry, Mistakes, StoreError, sqlite3.Error, OSError, ValueError) as error:
        return Outcome({}, str(error) or type(error).__name__)
