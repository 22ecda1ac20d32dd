"""The periodic jobs. The scheduler's thread only says that one is due; the service's own thread runs it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from apscheduler.schedulers.background import BackgroundScheduler

if TYPE_CHECKING:
    from casbd.daemon.service import Service


def schedule(service: Service) -> Callable[[], None]:
    """Start the schedule; returns what ends it."""
    scheduler = BackgroundScheduler(timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None})
    for job, seconds in (
        (service.reload_if_changed, 1),
        (service.save_status, 5),
        (service.check_silence, 10),
        (service.check_destinations, 10),
        (service.tell_held_back, 10),
        (service.warn_of_what_is_new, 60),
        (service.compact, 5),
        (service.remove_old, 3600),
    ):
        scheduler.add_job(service.soon, "interval", args=[job], seconds=seconds, id=job.__name__)
    scheduler.start()
    return lambda: scheduler.shutdown(wait=False)
