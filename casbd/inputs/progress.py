"""How far a followed file has been read, for people to see."""

from __future__ import annotations

import msgspec

from casbd.inputs.compression import Compressed
from casbd.inputs.followed_file import Followed
from casbd.model.chunk import Position


def where(file: Followed) -> Position:
    """The place in its content, with the path and size that it has now."""
    found = file.found
    known = file.position or file.unread()
    offset = max(known.offset, file.offset)
    return msgspec.structs.replace(known, path=found.path, size=found.size, offset=offset, format=file.records.format)


def done(file: Followed) -> int:
    """How many of the file's bytes (as on disk) have been read, or need not be."""
    size = file.found.size
    if not file.queued or file.ended:
        return size
    return min(size, file.source.consumed if isinstance(file.source, Compressed) and not file.found.part else file.offset)
