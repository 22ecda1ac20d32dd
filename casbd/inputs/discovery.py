"""Finding files: absolute globs with wildcards in any part, `**` included, in one pass over the directories."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from typing import NamedTuple, Protocol

from casbd.documents.globs import matcher, matcher_of_hidden
from casbd.documents.regular_files import kind
from casbd.inputs.compression import Compressed
from casbd.inputs.fence import Fence, Refused, wildcard
from casbd.model.unread import Kind

Key = tuple[int, int]
"""A file's device and inode."""


class Part(Protocol):
    """A file in an archive. container: the archive's path. place: its number there."""

    @property
    def container(self) -> str:
        """The archive's path."""

    @property
    def place(self) -> int:
        """Its number."""

    def open(self) -> Compressed:
        """Its content. OSError where that is not possible."""


class Snapshot(NamedTuple):
    """A regular file as it was when it was looked at. part: of an archive, whose path `path` begins with. mtime: nanoseconds."""

    path: str
    device: int
    inode: int
    size: int
    mtime: int
    part: Part | None = None

    @classmethod
    def of(cls, path: str, status: os.stat_result) -> Snapshot:
        """The file at `path`."""
        return cls(path, status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)

    @property
    def key(self) -> Key:
        """Device and inode: the same file under whichever name, as long as it is not deleted."""
        return self.device, self.inode

    @property
    def version(self) -> tuple[int, int, Part | None]:
        """Another one when the file has been written to."""
        return self.size, self.mtime, self.part


class PassedOver(NamedTuple):
    """A name that the glob meets, or nearly, and that is no file to be read; `path` is fit to be shown."""

    path: str
    why: str
    advice: str = ""
    kind: Kind = "unread"


_MOST_PASSED_OVER = 1000


class Discovery:
    """The outcome of one pass: the files, the directories to be watched, and what was passed over. fence: says what may be followed."""

    def __init__(self, pattern: str, fence: Fence | None = None) -> None:
        self._fence = fence or Fence(pattern)
        self._fence.look_again()
        self._real: dict[str, str] = {}
        self.files: list[Snapshot] = []
        self.directories: list[str] = []
        self.passed_over: list[PassedOver] = []
        self._deep = "**" in pattern.split("/")
        self._walk("/", [part for part in pattern.split("/") if part])

    def _walk(self, directory: str, parts: list[str]) -> None:
        while len(parts) > 1 and not wildcard(parts[0]):
            directory, parts = os.path.join(directory, parts[0]), parts[1:]  # noqa: PTH118 - thousands of them
        part, rest = parts[0], parts[1:]
        if part == "**":
            self._walk_tree(directory, rest or ["*"])
        elif rest:
            fits = matcher(part)
            for entry in self._entries(directory):
                if fits(entry.name) and _is_directory(entry) and not (entry.is_symlink() and self._is_refused(entry.path)):
                    self._walk(entry.path, rest)
        else:
            self._take(directory, part)

    def _walk_tree(self, directory: str, rest: list[str]) -> None:
        self._walk(directory, rest)
        for entry in self._entries(directory):
            # Links are not followed here: they may lead back up.
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                self._walk_tree(entry.path, rest)
            elif _is_directory(entry):
                self._pass_over(entry.path, "`**` does not follow links to directories", "name it in a path of its own", "left_out")

    def _take(self, directory: str, part: str) -> None:
        if not wildcard(part):
            self._add(os.path.join(directory, part), None)  # noqa: PTH118
            self.directories.append(directory)
            return
        fits, hidden = matcher(part), matcher_of_hidden(part)
        for entry in self._entries(directory):
            if fits(entry.name):
                self._add(entry.path, entry)
            elif entry.name[0] == "." and hidden(entry.name):
                self._pass_over(entry.path, "it is hidden", "a path whose name begins with a dot matches it", "left_out")

    def _add(self, path: str, entry: os.DirEntry[str] | None) -> None:
        if not _is_text(path):
            self._pass_over(repr(os.fsencode(path)), "the name is not UTF-8", "rename it")
            return
        link = entry.is_symlink() if entry else os.path.islink(path)  # noqa: PTH114
        try:
            status = entry.stat() if entry else os.stat(path)  # noqa: PTH116
        except FileNotFoundError:
            if link:  # else it was deleted in this moment
                self._pass_over(path, "it is a link that leads nowhere", kind="waiting")
            return
        except OSError as error:
            self._pass_over(path, error.strerror or str(error), may_read(error))
            return
        if stat.S_ISREG(status.st_mode) and self._is_refused(path, link=link):
            return
        if stat.S_ISREG(status.st_mode):
            self.files.append(Snapshot.of(path, status))
        elif stat.S_ISDIR(status.st_mode):
            if self._deep:
                return
            self._pass_over(path, "it is a directory", "`/**/*` at the end of a path looks into directories", "left_out")
        else:
            self._pass_over(path, f"it is {kind(status.st_mode)}; only files are followed", "leave it out of the path")

    def _is_refused(self, path: str, *, link: bool = True) -> bool:
        """Whether it may not be read, which is noted."""
        refused = self._fence.refuses(path) if link else self._judged(path)
        if refused:
            self._pass_over(path, refused.why, refused.advice, "left_out" if refused.own else "unread")
        return refused is not None

    def _judged(self, path: str) -> Refused | None:
        """A file that is no link itself; its directories are looked at once."""
        directory, name = os.path.split(path)
        if directory not in self._real:
            self._real[directory] = os.path.realpath(directory)
        return self._fence.judge(os.path.join(self._real[directory], name))  # noqa: PTH118 - thousands of them

    def _pass_over(self, path: str, why: str, advice: str = "", kind: Kind = "unread") -> None:
        if len(self.passed_over) < _MOST_PASSED_OVER:
            self.passed_over.append(PassedOver(path, why, advice, kind))

    def _entries(self, directory: str) -> Iterator[os.DirEntry[str]]:
        self.directories.append(directory)
        try:
            with os.scandir(directory) as entries:
                yield from list(entries)
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            self._pass_over(directory, error.strerror or str(error), may_read(error))


def may_read(error: OSError) -> str:
    """What to do about a file or directory that cannot be opened."""
    return "let the user that casbd runs as read it" if isinstance(error, PermissionError) else ""


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

    def find(self, device: int, inode: int) -> Snapshot | None:
        """The file with this identity, under whichever name it has now."""
        path = self.by_inode.get(inode)
        snapshot = look(path) if path else None
        return snapshot if snapshot and snapshot.key == (device, inode) else None


def look(path: str) -> Snapshot | None:
    """The regular file at `path` now; None where there is none (or none that may be seen)."""
    try:
        status = os.stat(path)  # noqa: PTH116 - called for every followed file
    except OSError:
        return None
    return Snapshot.of(path, status) if stat.S_ISREG(status.st_mode) else None
