"""Files that are whole and on the disk: readers see the old one or the new one, never a part."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path


def replace_file(path: Path, content: bytes, *, like: Path | None = None, check: Callable[[Path], object] = lambda _: None) -> None:
    """Replace a file, or make it; durable on return. Mode and owner stay; those of a new file are those of `like`.

    check: looks at the new content in a file beside, and raises where it must not be used. Where the name is a link, what
    it leads to is replaced. OSError where it cannot be written, or would change hands.
    """
    path = path.resolve()
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    beside = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            status = (path if like is None or path.exists() else like).stat()
            os.fchown(handle, status.st_uid, status.st_gid)
            os.fchmod(handle, stat.S_IMODE(status.st_mode))
            file.write(content)
            file.flush()
            os.fsync(handle)
        check(beside)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    sync(path.parent)


def sync(path: Path) -> None:
    """Durable from now on: a file's contents, or the names that a folder has."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
