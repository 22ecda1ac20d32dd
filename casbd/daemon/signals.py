"""What a person or systemd asks of a running casbd. The handlers only set a flag, which the loop sees within half a second."""

from __future__ import annotations

import signal
from contextlib import ExitStack


class Signals:
    """stopping: it was told to stop. reload_asked: it was told to read its files anew."""

    def __init__(self) -> None:
        self.stopping = False
        self.reload_asked = False

    def catch_hang_up(self, undo: ExitStack) -> None:
        """SIGHUP, from here on, is a reload after the start."""
        undo.callback(signal.signal, signal.SIGHUP, signal.signal(signal.SIGHUP, self._on_reload))

    def catch_stop(self, undo: ExitStack) -> None:
        """SIGTERM and SIGINT, from here on, end the loop, and so everything in order."""
        for number in (signal.SIGTERM, signal.SIGINT):
            undo.callback(signal.signal, number, signal.signal(number, self._on_stop))

    def _on_stop(self, *_: object) -> None:
        self.stopping = True

    def _on_reload(self, *_: object) -> None:
        self.reload_asked = True
