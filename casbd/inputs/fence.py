"""Which files an input may read: what its path names, and links only as far as the configuration says.

Who may write into a spool could else put a link there to casbd's credentials or its store, or to what casbd itself writes, and
have it read, stored and sent. Files are opened part by part below a directory that is already open, none of the parts a link
(openat(2), O_NOFOLLOW): whatever is put in the place of something meanwhile, what is opened is what was judged.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from casbd.inputs.generations import family

_WILDCARD = re.compile(r"[*?\[]")

_DIRECTORY = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
"""O_NONBLOCK: to open a FIFO that nobody writes to would never come to an end."""

_SYSTEM = ("/proc", "/sys")
"""A link there may lead to the memory or the environment of a process, and looks like a regular file."""


_OWN = "it is casbd's own, which no input reads"


class Refused(NamedTuple):
    """Why a file is not read, and what to do. own: casbd itself writes it, and nobody need do anything."""

    why: str
    advice: str = ""
    own: bool = False


class RefusedError(OSError):
    """It is not opened. strerror: why."""


class OwnFiles:
    """What no input ever reads: directories of casbd's own, with all in them, and files that it writes, with their older generations."""

    def __init__(self, directories: Iterable[str] = (), files: Iterable[str] = ()) -> None:
        self._directories = [os.path.realpath(one) for one in directories] + [*_SYSTEM]
        self._files = [os.path.realpath(file) for file in files]
        self._names: dict[str, set[str]] = {}
        for directory, name in map(os.path.split, self._files):
            self._names.setdefault(directory, set()).add(family(name))

    def use_those_of(self, other: OwnFiles) -> None:
        """From now on other ones."""
        self._directories, self._files, self._names = other._directories, other._files, other._names

    def has(self, real: str) -> bool:
        """Whether a path without links is one of them."""
        directory, name = os.path.split(real)
        return (directory in self._names and family(name) in self._names[directory]) or any(_below(real, one) for one in self._directories)

    def is_one(self, status: os.stat_result) -> bool:
        """Whether it is one of the files, or in one of the directories, under another name, as a hard link is."""
        if any(present and os.path.samestat(present, status) for present in map(_stat, self._files)):
            return True
        return status.st_nlink > 1 and any(present and os.path.samestat(present, status) for present in map(_stat, self._all()))

    def _all(self) -> Iterator[str]:
        """Those that are there, older generations included."""
        for directory in self._names:
            yield from filter(self.has, _paths(directory, deep=False))
        for directory in self._directories:
            if directory not in _SYSTEM:
                yield from _paths(directory, deep=True)


class Fence:
    """Of one input. pattern: its path. root: the part of that before the first wildcard, and what it is without links."""

    def __init__(self, pattern: str, *, follow_links: bool = False, own: OwnFiles | None = None) -> None:
        self.root = os.path.dirname(pattern)  # noqa: PTH120
        while wildcard(self.root):
            self.root = os.path.dirname(self.root)  # noqa: PTH120
        self._follow_links = follow_links
        self._own = own or OwnFiles()
        self.look_again()

    def look_again(self) -> None:
        """The directory itself may be a link, and a new one: only who may write above the spool can make it so."""
        self._real_root = os.path.realpath(self.root)

    def refuses(self, path: str) -> Refused | None:
        """Why this path of a file or directory is not followed, links in it included; None where it is."""
        return self.judge(os.path.realpath(path))

    def judge(self, real: str) -> Refused | None:
        """The same of a path without links."""
        inside = _below(real, self._real_root)
        if self._own.has(real):
            return Refused(_OWN, "leave it out of the path", own=inside)
        if inside or self._follow_links:
            return None
        return Refused(f"it is a link that leads out of {self.root}", "`follow_links: true` at the input has it followed")

    def open(self, path: str) -> int:
        """A file descriptor for reading. OSError where that is not possible; RefusedError where it must not be, or is no regular file."""
        self.look_again()
        real = os.path.realpath(path)
        if refused := self.judge(real):
            raise RefusedError(errno.ELOOP, refused.why, path)
        opened = open_regular(real)
        # Only the open file shows whether it is a hard link to one of them: the name could be another file's by now.
        if self._own.is_one(os.fstat(opened)):
            os.close(opened)
            raise RefusedError(errno.ELOOP, _OWN, path)
        return opened


def wildcard(path: str) -> bool:
    """Whether there is one in it."""
    return _WILDCARD.search(path) is not None


def open_regular(real: str) -> int:
    """A regular file by a path without any link in it. OSError where there is one by now, or it is no regular file."""
    *directories, name = real.strip("/").split("/")
    at = os.open("/", _DIRECTORY)
    try:
        for directory in directories:
            below = os.open(directory, _DIRECTORY, dir_fd=at)
            os.close(at)
            at = below
        opened = os.open(name, _FILE, dir_fd=at)
    finally:
        os.close(at)
    if not stat.S_ISREG(os.fstat(opened).st_mode):
        os.close(opened)
        raise RefusedError(errno.EINVAL, "it is no regular file", real)
    return opened


def _below(real: str, directory: str) -> bool:
    return real == directory or real.startswith(directory.rstrip("/") + "/")


def _paths(directory: str, *, deep: bool) -> Iterator[str]:
    for above, _, names in os.walk(directory):
        yield from (os.path.join(above, name) for name in names)  # noqa: PTH118
        if not deep:
            return


def _stat(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)  # noqa: PTH116
    except OSError:
        return None
