"""What kind of file it is."""

from __future__ import annotations

import msgspec

from casbd.model.chunk import Chunk


def container(chunk: Chunk) -> str:
    """`json`, `csv` ...: where the records of a file lie in it, as its reader found."""
    return str(msgspec.json.decode(chunk.position.context)["container"])
