"""Where a file is that the input's glob does not find any more: renamed, moved with its directory's link, or deleted and still open."""

from __future__ import annotations

import os
from typing import NamedTuple

from casbd.inputs.discovery import Found, Listing, look
from casbd.inputs.followed_file import Followed

_KEPT_OPEN = 60_000
"""Milliseconds that a deleted file is kept open: its writer may still have it open too."""


class Place(NamedTuple):
    """A file as it is now. deleted: it has no name any more, and `found` has the one that it had."""

    found: Found
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

    def of(self, file: Followed, now: int) -> Place | None:
        """Where `file` is; None where it is to be let go of: it is not to be found, or has been deleted for long. now: milliseconds."""
        found = self._find(file)
        if found is not None:
            return Place(found, deleted=False)
        if file.source is None:
            return None
        status = file.source.stat()
        found = Found.of(file.found.path, status)
        if status.st_nlink:
            return Place(found, deleted=False)
        # What its writer wrote last is read too.
        if now - (file.gone or now) > _KEPT_OPEN and not file.queued and found[3:] == file.found[3:]:
            return None
        return Place(found, deleted=True)

    def _find(self, file: Followed) -> Found | None:
        key = file.found[1:3]
        found = look(file.found.path)
        if found and found[1:3] == key:
            return found
        for path in filter(None, (file.found.path, file.target)):
            if found := self.listing(os.path.dirname(path)).find(*key):  # noqa: PTH120
                return found
        return None
