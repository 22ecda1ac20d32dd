"""Where a file is that the input's glob does not find any more: renamed, moved with its directory's link, or deleted and still open."""

from __future__ import annotations

import os
from typing import NamedTuple

from casbd.inputs.discovery import Listing, Snapshot, look
from casbd.inputs.followed_file import FollowedFile

_KEPT_OPEN = 60_000
"""Milliseconds that a deleted file is kept open: its writer may still have it open too."""


class Place(NamedTuple):
    """A file as it is now. deleted: it has no name any more, and `found` has the one that it had."""

    snapshot: Snapshot
    deleted: bool


class Whereabouts:
    """Of one input, as its directories are since `look_again`."""

    def __init__(self) -> None:
        self._listings: dict[str, Listing] = {}

    def look_again(self) -> None:
        """The directories may hold something else now."""
        self._listings.clear()

    def listing(self, directory: str) -> Listing:
        """What is in `directory`."""
        if directory not in self._listings:
            self._listings[directory] = Listing(directory)
        return self._listings[directory]

    def of(self, file: FollowedFile, now: int) -> Place | None:
        """Where `file` is; None where it is to be let go of: it is not to be found, or has been deleted for long. now: milliseconds."""
        snapshot = self._find(file)
        if snapshot is not None:
            return Place(snapshot, deleted=False)
        if file.source is None:
            return None
        status = file.source.stat()
        snapshot = Snapshot.of(file.snapshot.path, status)
        if status.st_nlink:
            return Place(snapshot, deleted=False)
        # What its writer wrote last is read too.
        if now - (file.gone or now) > _KEPT_OPEN and not file.queued and snapshot.version == file.snapshot.version:
            return None
        return Place(snapshot, deleted=True)

    def _find(self, file: FollowedFile) -> Snapshot | None:
        key = file.snapshot.key
        snapshot = look(file.snapshot.path)
        if snapshot and snapshot.key == key:
            return snapshot
        for path in filter(None, (file.snapshot.path, file.target)):
            if snapshot := self.listing(os.path.dirname(path)).find(*key):  # noqa: PTH120
                return snapshot
        return None
