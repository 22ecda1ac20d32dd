"""systemd's notification protocol (sd_notify(3)): a datagram to the socket it names in the environment."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Mapping

from casbd.clock import monotonic

log = logging.getLogger(__name__)


class Notifier:
    """Tells systemd how the service is doing; does nothing where there is no systemd.

    environment: where NOTIFY_SOCKET and WATCHDOG_USEC are looked up.
    """

    def __init__(self, environment: dict[str, str] | None = None) -> None:
        variables = os.environ if environment is None else environment
        self._address = variables.get("NOTIFY_SOCKET", "")
        self._interval = _watchdog(variables) / 2_000_000
        self._last = 0.0

    def send(self, *lines: str) -> None:
        """`READY=1`, `STATUS=...` and so on, in one message."""
        if not self._address:
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as notify:
            try:
                notify.sendto("\n".join(lines).encode(), address)
            except OSError:
                return  # systemd is restarting itself; the next message will do

    def alive(self) -> None:
        """Feed the watchdog, at half its interval. To be called where work progresses, and nowhere else."""
        if self._interval and monotonic() - self._last >= self._interval:
            self._last = monotonic()
            self.send("WATCHDOG=1")


def _watchdog(variables: Mapping[str, str]) -> int:
    """Microseconds, as sd_watchdog_enabled(3): 0 where there is no watchdog, or another process's."""
    text = variables.get("WATCHDOG_USEC", "")
    if not text or variables.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return 0
    if text.isascii() and text.isdigit() and len(text) < 20:
        return int(text)
    log.warning("WATCHDOG_USEC is no number of microseconds: no watchdog is fed", extra={"found": text[:40]})
    return 0
