"""How many followed files are open at once: bounded, those read last stay open."""

from __future__ import annotations

from casbd.inputs.followed import Followed


class OpenFiles:
    """Closes the file that has not been read for longest where there are too many."""

    def __init__(self, at_most: int) -> None:
        self._at_most = at_most
        self._files: dict[int, Followed] = {}

    def used(self, file: Followed) -> None:
        """`file` was read just now."""
        self._files.pop(id(file), None)
        if file.source is None:
            return
        self._files[id(file)] = file
        if len(self._files) > self._at_most:
            # A deleted file could not be opened again.
            oldest = next((file for file in self._files.values() if file.gone is None and not file.queued), None)
            if oldest is not None:
                oldest.close()
                del self._files[id(oldest)]

    def closed(self, file: Followed) -> None:
        """`file` is closed."""
        self._files.pop(id(file), None)

    def close(self) -> None:
        """Close them all."""
        for file in self._files.values():
            file.close()
        self._files.clear()
