"""What an engine's files give reason to doubt, thought of beside the work: of a thousand rules it takes longer than a turn may."""

from __future__ import annotations

import threading
from concurrent.futures import Future

from casbd.daemon.engine import Engine
from casbd.errors import Mistake


class SecondThoughts:
    """Of the latest engine that was asked about; one thread at a time."""

    def __init__(self) -> None:
        self._engine: Engine | None = None
        self._found: Future[list[Mistake]] = Future()
        self._thread: threading.Thread | None = None

    def of(self, engine: Engine) -> list[Mistake]:
        """All doubts about an engine's files; none as long as they are not all known. Raises what was raised meanwhile."""
        if engine is not self._engine and not (self._thread and self._thread.is_alive()):
            self._engine, self._found = engine, Future()
            self._thread = threading.Thread(target=self._think, args=(engine, self._found), name="doubts", daemon=True)
            self._thread.start()
        return self._found.result() if engine is self._engine and self._found.done() else []

    def wait(self) -> None:
        """Until what is under way is known."""
        if self._thread:
            self._thread.join()

    @staticmethod
    def _think(engine: Engine, doubts: Future[list[Mistake]]) -> None:
        try:
            doubts.set_result(engine.doubts)
        except BaseException as error:  # noqa: BLE001  whatever it is, who asks decides
            doubts.set_exception(error)
