"""Finding files: absolute globs with wildcards in any part, `**` included, in one pass over the directories."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from typing import NamedTuple

from casbd.wire.globs import matcher

_WILDCARD = re.compile(r"[*?\[]")


class Found(NamedTuple):
    """A regular file and what tells whether it has changed."""

    path: str
    device: int
    inode: int
    size: int
    mtime: int

    @classmethod
    def of(cls, path: str, status: os.stat_result) -> Found:
        """The file at `path`; mtime is in nanoseconds."""
        return cls(path, status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


class Discovery:
    """The outcome of one pass: the files, the directories to be watched, and what could not be looked into."""

    def __init__(self, pattern: str) -> None:
        self.files: list[Found] = []
        self.directories: list[str] = []
        self.errors: list[str] = []
        self._walk("/", [part for part in pattern.split("/") if part])

    def _walk(self, directory: str, parts: list[str]) -> None:
        while len(parts) > 1 and not _WILDCARD.search(parts[0]):
            directory, parts = os.path.join(directory, parts[0]), parts[1:]  # noqa: PTH118 - thousands of them
        part, rest = parts[0], parts[1:]
        if part == "**":
            self._walk_tree(directory, rest or ["*"])
        elif rest:
            fits = matcher(part)
            for entry in self._entries(directory):
                if fits(entry.name) and _is_directory(entry):
                    self._walk(entry.path, rest)
        else:
            self._take(directory, part)

    def _walk_tree(self, directory: str, rest: list[str]) -> None:
        self._walk(directory, rest)
        for entry in self._entries(directory):
            # Links are not followed here: they may lead back up.
            if not entry.name.startswith(".") and entry.is_dir(follow_symlinks=False):
                self._walk_tree(entry.path, rest)

    def _take(self, directory: str, part: str) -> None:
        if not _WILDCARD.search(part):
            self._add(os.path.join(directory, part), None)  # noqa: PTH118
            self.directories.append(directory)
            return
        fits = matcher(part)
        for entry in self._entries(directory):
            if fits(entry.name):
                self._add(entry.path, entry)

    def _add(self, path: str, entry: os.DirEntry[str] | None) -> None:
        if not _is_text(path):
            self.errors.append(f"{os.fsencode(path)!r}: the name is not UTF-8")
            return
        try:
            status = entry.stat() if entry else os.stat(path)  # noqa: PTH116
        except FileNotFoundError:
            return  # deleted in this moment, or a link that leads nowhere
        except OSError as error:
            self.errors.append(f"{path}: {error.strerror}")
            return
        if stat.S_ISREG(status.st_mode):
            self.files.append(Found.of(path, status))

    def _entries(self, directory: str) -> Iterator[os.DirEntry[str]]:
        self.directories.append(directory)
        try:
            with os.scandir(directory) as entries:
                yield from list(entries)
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            self.errors.append(f"{directory}: {error.strerror}")


def _is_text(path: str) -> bool:
    """Whether it can be stored and shown: names that are not UTF-8 come with half surrogate pairs."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_directory(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


class Listing:
    """The names in one directory, by inode and in order, for finding renamed and copied files."""

    def __init__(self, directory: str) -> None:
        self.directory = directory
        self.device = 0
        self.by_inode: dict[int, str] = {}
        try:
            self.device = os.stat(directory).st_dev  # noqa: PTH116
            with os.scandir(directory) as entries:
                self.by_inode = {e.inode(): e.path for e in entries if e.is_file(follow_symlinks=False) and _is_text(e.path)}
        except OSError:
            pass  # the directory is gone, and its files with it

    def find(self, device: int, inode: int) -> Found | None:
        """The file with this identity, under whichever name it has now."""
        path = self.by_inode.get(inode)
        found = look(path) if path else None
        return found if found and (found.device, found.inode) == (device, inode) else None


def look(path: str) -> Found | None:
    """The regular file at `path` now; None where there is none (or none that may be seen)."""
    try:
        status = os.stat(path)  # noqa: PTH116 - called for every followed file
    except OSError:
        return None
    return Found.of(path, status) if stat.S_ISREG(status.st_mode) else None
