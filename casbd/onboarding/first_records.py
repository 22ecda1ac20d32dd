"""The first records of one file, read as an input reads them, for people who want to see what casbd makes of it."""

from __future__ import annotations

import glob
import os
from pathlib import Path

import msgspec

from casbd.clock import now
from casbd.errors import CasbdError
from casbd.inputs.fence import open_regular
from casbd.inputs.following import Inputs
from casbd.model.chunk import Chunk, InputSpec

_CHUNK = 1 << 18


def first_records(path: Path) -> Chunk:
    """The beginning of a file, cut into records; its `position.context` holds the container and the encoding.

    CasbdError where the file cannot be read, or nothing whole is in it.
    """
    try:
        os.close(open_regular(os.path.realpath(path)))
    except OSError as error:
        raise CasbdError(f"{path}: {error.strerror}") from None
    spec = InputSpec(name="look", path=glob.escape(str(path.resolve())), format="unknown")
    inputs = Inputs([spec], (), lambda _: None, now, chunk_bytes=_CHUNK)
    try:
        chunk = _first(inputs)
        if chunk is None:  # a last line without a line break counts only where nothing more is expected
            inputs.finish()
            chunk = _first(inputs)
        if chunk is None:
            raise CasbdError(inputs.problems().get("look") or f"{path}: no whole record is in it")
        return chunk
    finally:
        inputs.close()


def container(chunk: Chunk) -> str:
    """`ndjson`, `json` or `csv`: where the records of a file lie in it, as its reader recognised it."""
    return str(msgspec.json.decode(chunk.position.context)["container"])


def _first(inputs: Inputs) -> Chunk | None:
    return next((chunk for chunk in inputs.everything() if chunk.records or chunk.rejects), None)
