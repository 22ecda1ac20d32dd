"""How far a followed file has been read, for people to see."""

from __future__ import annotations

import msgspec

from casbd.inputs.compression import Compressed
from casbd.inputs.followed_file import FollowedFile
from casbd.model.chunk import Position


def reached(file: FollowedFile) -> Position:
    """The place in its content, with the path and size that it has now."""
    snapshot = file.snapshot
    position = file.position or file.unread()
    offset = max(position.offset, file.offset)
    return msgspec.structs.replace(position, path=snapshot.path, size=snapshot.size, offset=offset, format=file.records.format)


def bytes_done(file: FollowedFile) -> int:
    """How many of the file's bytes (as on disk) have been read, or need not be."""
    size = file.snapshot.size
    if not file.queued or file.ended:
        return size
    return min(size, file.source.consumed if isinstance(file.source, Compressed) and not file.snapshot.part else file.offset)
