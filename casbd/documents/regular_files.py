"""Reading a file that the configuration names, whole: only a regular one, and never more than a limit.

To open a FIFO that nobody writes to would wait for ever, and /dev/zero has no end.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

_KINDS = {stat.S_IFIFO: "a named pipe", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}

_MOST_CERTIFICATES = 8 << 20
"""Bytes: some thirty times what all certification authorities of an operating system take."""

_GROWN = 1 << 16
"""Bytes that a file may have become larger since it was looked at."""


def kind(mode: int) -> str:
    """What something that is no file, directory or link is, in words. mode: of stat(2)."""
    return _KINDS.get(stat.S_IFMT(mode), "no file")


def read_file(path: Path, most: int) -> bytes:
    """All of it. OSError where it cannot be read, is larger than `most` bytes, or no regular file; strerror says why."""
    opened = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(opened, "rb") as file:
        status = os.fstat(opened)
        if stat.S_ISDIR(status.st_mode):
            raise OSError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, f"it is {kind(status.st_mode)}, and only regular files are read", str(path))
        if status.st_size > most:  # a hole may claim any size
            raise OSError(errno.EFBIG, f"it is larger than {most >> 20} MiB", str(path))
        data = file.read(status.st_size + _GROWN)
        if len(data) > most or file.read(1):
            raise OSError(errno.EFBIG, "it was written to while it was read", str(path))
        return data


def certificates(path: Path | None) -> Path | None:
    """The path of a file with certificates or a key, for OpenSSL, which would wait for a pipe. OSError as of `read_file`."""
    if path is not None:
        read_file(path, _MOST_CERTIFICATES)
    return path
