"""A start may take long: many rules, large lists, a slow disk. systemd is told that it goes on, and people what it is at.

https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html (EXTEND_TIMEOUT_USEC)
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from casbd.clock import monotonic
from casbd.daemon.notify import Notifier

log = logging.getLogger(__name__)

EVERY = 10.0
"""Seconds between two words to systemd."""
EXTENSION = 60.0
"""Seconds that it waits for the next one: the machine may be busy."""
LONGEST = 1800.0
"""Seconds after which nothing is said any more: a start that hangs is ended, and tried again."""
LONG = 60.0
"""Seconds after which it is logged that the start takes long."""


@contextmanager
def starting(
    notifier: Notifier, step: Callable[[], str], *, every: float = EVERY, longest: float = LONGEST, now: Callable[[], float] = monotonic
) -> Iterator[None]:
    """While this lasts systemd goes on waiting, beyond TimeoutStartSec too. step: tells what is done just now. now: seconds."""
    over = threading.Event()

    def go_on() -> None:
        begun, logged = now(), False
        while (taken := now() - begun) < longest:
            notifier.send(f"EXTEND_TIMEOUT_USEC={int(EXTENSION * 1e6)}", f"STATUS=starting: {step()}")
            if taken >= LONG and not logged:
                logged = True
                log.warning("the start takes long", extra={"step": step(), "seconds": round(taken)})
            if over.wait(every):
                return
        log.error("the start takes too long; systemd may end it", extra={"step": step(), "seconds": round(longest)})

    thread = threading.Thread(target=go_on, name="starting", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
