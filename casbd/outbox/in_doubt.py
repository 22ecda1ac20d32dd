"""What a destination got over the present connection, and may not have read."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from msgspec.structs import replace

from casbd.store.state.outbox import Part


class InDoubt:
    """Parts of rows in the order in which they went."""

    def __init__(self) -> None:
        self._parts: deque[Part] = deque()
        self._items = 0

    def __bool__(self) -> bool:
        return bool(self._parts)

    def add(self, parts: Sequence[Part]) -> None:
        """These went behind all others."""
        self._parts += parts
        self._items += sum([part.items for part in parts])

    def read_but(self, unread: int) -> list[Part]:
        """Take out all but the latest so many items: they were read."""
        read = self._items - unread  # not counted anew: thousands may be in doubt, and it is asked at each batch
        self._items -= max(read, 0)
        parts = []
        while self._parts and self._parts[0].items <= read:
            part = self._parts.popleft()
            parts.append(part)
            read -= part.items
        if self._parts and read > 0:  # only of a block's activities can a part be read
            part = self._parts.popleft()
            parts.append(Part(part.seq, read, part.places[read], whole=False))
            self._parts.appendleft(replace(part, items=part.items - read, places=part.places[read:]))
        return parts

    def clear(self) -> None:
        """Forget all: the connection is gone."""
        self._parts.clear()
        self._items = 0
