"""A casbd that runs: its parts, and what works with them."""

from __future__ import annotations

from dataclasses import dataclass

from casbd.daemon.back_pressure import BackPressure
from casbd.daemon.destinations import Outages
from casbd.daemon.due_jobs import DueJobs
from casbd.daemon.loop import Loop
from casbd.daemon.parts import Parts
from casbd.daemon.reload import Reload
from casbd.daemon.report_mail import ReportMail
from casbd.daemon.signals import Signals
from casbd.daemon.silence import Silence
from casbd.daemon.status import Status
from casbd.daemon.unread_news import UnreadNews
from casbd.daemon.warnings import Warnings
from casbd.pipeline.learning import Learning


@dataclass(frozen=True)
class Running:
    """What jobs get."""

    parts: Parts
    signals: Signals
    news: UnreadNews
    back_pressure: BackPressure
    warnings: Warnings
    status: Status
    loop: Loop
    reload: Reload
    due: DueJobs
    silence: Silence
    report_mail: ReportMail
    learning: Learning
    outages: Outages
