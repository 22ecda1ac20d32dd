"""Files that are whole and on the disk: readers see the old one or the new one, never a part."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

PART = ".part"
"""Ends the name of a file that is not yet whole."""


@contextmanager
def whole(path: Path, *, mode: int = 0o600, force: bool = False, beside: Path | None = None) -> Iterator[BinaryIO]:
    """A file to write beside `path`, which gets that name when it is whole and on the disk; whatever ends it before removes it.

    mode: the new file's permissions. force: write over a file that is there. beside: the name until then; left out, the same one each
    time, so that of two who write the same file one is refused. FileExistsError where either is there, OSError where it cannot be written.
    """
    if not force and (path.exists() or path.is_symlink()):
        raise FileExistsError(errno.EEXIST, "is there already", str(path))
    part = beside or path.with_name(path.name + PART)
    try:
        # O_EXCL follows no link: somebody may have laid one there that leads to a file of great value
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    except FileExistsError:
        raise FileExistsError(errno.EEXIST, "another export writes it, or was killed; then remove it", str(part)) from None
    try:
        with os.fdopen(descriptor, "wb", buffering=1 << 20) as file:
            yield file
            file.flush()
            os.fsync(descriptor)  # before it has the name: after a power cut the name would lead to an empty file
        part.replace(path)
    except BaseException:  # whatever ends it, Ctrl-C too; not `finally`, as behind `replace` the name may be another export's
        part.unlink(missing_ok=True)
        raise
    sync(path.parent)


def replace_file(path: Path, content: bytes, *, like: Path | None = None, check: Callable[[Path], object] = lambda _: None) -> None:
    """Replace a file, or make it; durable on return. Mode and owner stay; those of a new file are those of `like`.

    check: looks at the new content in a file beside, and raises where it must not be used. Where the name is a link, what
    it leads to is replaced. OSError where it cannot be written, or would change hands.
    """
    path = path.resolve()
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with whole(path, force=True, beside=beside) as file:
        status = (path if like is None or path.exists() else like).stat()
        os.fchown(file.fileno(), status.st_uid, status.st_gid)
        os.fchmod(file.fileno(), stat.S_IMODE(status.st_mode))
        file.write(content)
        file.flush()
        check(beside)


def sync(path: Path) -> None:
    """Durable from now on: a file's contents, or the names that a folder has."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
