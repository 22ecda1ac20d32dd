"""ZIP and tar archives (tar also compressed): each file in one is followed as a file of its own, and never written anywhere.

What is read into memory and how long a listing may take is bounded, whatever an archive claims: see the constants. An archive
that is still being written is left until it is whole.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from casbd.inputs import archive_formats
from casbd.inputs.archive_contents import Contents, Entry, Listed
from casbd.inputs.compression import Compressed
from casbd.inputs.compression_formats import peeled
from casbd.inputs.discovery import Key, PassedOver, Snapshot
from casbd.inputs.fence import Fence
from casbd.inputs.turn import LaterError, Turn

AT_ONCE = 64 << 20
"""Bytes. A larger archive is listed when nobody has written to it for a few seconds, as listing it may take as many."""
_QUIET = 5_000
SETTLED = 60_000
"""Milliseconds after which nobody is taken to be writing an archive any more: what is whole of it is read."""

_LONGEST_NAME = 1000
_UNFINISHED = 8
"""Archives that are kept open as listing them takes more than a turn."""


class Part(NamedTuple):
    """One file in an archive, and its place there."""

    archive: Archive
    place: int
    entry: Entry

    @property
    def container(self) -> str:
        """The archive's path."""
        return self.archive.snapshot.path

    def open(self) -> Member:
        """Its content, decompressed twice if it is compressed itself. OSError where the archive is another one by now."""
        return Member(self)


class Member(Compressed):
    """The content of one file in an archive; all of one archive share its open file."""

    def __init__(self, part: Part) -> None:
        self._archive = part.archive
        contents = self._archive.acquire()
        try:
            super().__init__(contents.open(part.entry), peeled, part.archive.turn)
        except BaseException:  # whatever ends it: nobody else has the archive to let go of it
            self._archive.release()
            raise

    def fileno(self) -> int:
        """That of the archive."""
        return self._archive.acquired().fileno()

    def stat(self) -> os.stat_result:
        """That of the archive."""
        return os.fstat(self.fileno())

    def close(self) -> None:
        """See Source."""
        super().close()
        self._archive.release()


class Archive:
    """An archive as it was listed. files: what is in it to be read. passed_over: what is not, and why.

    unfinished: the turn was over before all of it was listed.
    """

    def __init__(self, snapshot: Snapshot, turn: Turn, fence: Fence) -> None:
        self.snapshot = snapshot
        self._fence = fence
        self.turn = turn
        self.unfinished = False
        self._listing: Contents | None = None
        self.files: list[Snapshot] = []
        self.passed_over: list[PassedOver] = []
        self.damage = ""
        self._contents: Contents | None = None
        self._users = 0

    def look_into(self) -> None:
        """Look into it, or go on with that."""
        try:
            if self._listing is None:
                self._listing = archive_formats.open_contents(self.snapshot.path, self.turn, self._fence.open)
            listed = self._listing.contents()
        except LaterError:
            self.unfinished, self.damage = True, "what is in it is still being looked up"
            return
        except OSError as error:
            listed = Listed([], [], error.strerror or str(error))
        self.close()
        self.damage = listed.damage
        self.passed_over = [PassedOver(self._path(name), why, advice, kind) for name, why, advice, kind in listed.passed_over]
        self.files = [self._snapshot(place, entry) for place, entry in enumerate(listed.entries)]

    def close(self) -> None:
        """Look into it no further."""
        self.unfinished = False
        if self._listing is not None:
            self._listing.close()
            self._listing = None

    def _snapshot(self, place: int, entry: Entry) -> Snapshot:
        of = self.snapshot
        identity = f"{of.device} {of.inode} {place} {entry.name}".encode("utf-8", "surrogateescape")
        inode = int.from_bytes(hashlib.blake2b(identity, digest_size=8).digest(), "little") >> 1
        return Snapshot(self._path(entry.name), of.device, inode, entry.size, of.mtime, Part(self, place, entry))

    def _path(self, name: str) -> str:
        """A name that leads nowhere else, whatever it says, and can be stored and shown."""
        parts = [part for part in name.split("/") if part not in ("", ".", "..")]
        inside = "/".join(parts).encode("utf-8", "replace").decode()[:_LONGEST_NAME]
        return f"{self.snapshot.path}/{inside}" if inside else self.snapshot.path

    def acquire(self) -> Contents:
        """The open archive, for one more file of it."""
        if self._contents is None:
            contents = archive_formats.open_contents(self.snapshot.path, self.turn, self._fence.open)
            if Snapshot.of(self.snapshot.path, os.fstat(contents.fileno())) != self.snapshot:
                contents.close()
                raise OSError(0, "the archive was written to meanwhile")
            self._contents = contents
        self._users += 1
        return self._contents

    def acquired(self) -> Contents:
        """The open archive."""
        assert self._contents is not None
        return self._contents

    def release(self) -> None:
        """One file of it less is open."""
        self._users -= 1
        if not self._users and self._contents is not None:
            self._contents.close()
            self._contents = None


class Archives:
    """Those among the files of one input."""

    def __init__(self, turn: Turn, fence: Fence) -> None:
        self._turn, self._fence = turn, fence
        self._archives: dict[Key, Archive] = {}
        self._others: dict[Key, int] = {}
        self.paths: set[str] = set()

    def __contains__(self, key: Key) -> bool:
        return key in self._archives

    @property
    def unfinished(self) -> bool:
        """Whether it is not yet known what is in one of them."""
        return any(archive.unfinished for archive in self._archives.values())

    def close(self) -> None:
        """Look into none of them any further."""
        for archive in self._archives.values():
            archive.close()

    def forget(self, key: Key) -> None:
        """It holds something else now."""
        self._others.pop(key, None)

    def expand(self, files: Iterable[Snapshot], now: int, *, final: bool) -> Iterator[Snapshot]:
        """Files as they are, and in the place of an archive what is in it. final: nobody is writing any more."""
        before, self._archives = self._archives, {}
        others, self._others = self._others, {}
        self.paths = set()
        for snapshot in files:
            key = snapshot.key
            size = others.get(key)
            if size is not None and snapshot.size >= size:
                self._others[key] = size
                yield snapshot
                continue
            archive = before.get(key)
            if archive is None or archive.snapshot != snapshot:
                if archive is not None:
                    archive.close()
                if not archive_formats.is_archive(snapshot.path, self._fence.open):
                    if snapshot.size >= archive_formats.ENOUGH:
                        self._others[key] = snapshot.size
                    yield snapshot
                    continue
                archive = Archive(snapshot, self._turn, self._fence)
                self._begin(archive, now, final=final)
            elif archive.unfinished:
                archive.look_into()
            self._archives[key] = archive
            self.paths.add(snapshot.path)
            if not archive.damage or now - snapshot.mtime // 1_000_000 > SETTLED:
                yield from archive.files
        for key, archive in before.items():
            if self._archives.get(key) is not archive:
                archive.close()

    def _begin(self, archive: Archive, now: int, *, final: bool) -> None:
        snapshot = archive.snapshot
        if snapshot.size > AT_ONCE and now - snapshot.mtime // 1_000_000 < _QUIET and not final:
            archive.damage = "it was written to a moment ago"
        elif self._turn.over and sum(one.unfinished for one in self._archives.values()) >= _UNFINISHED:
            archive.damage = "its turn has not come yet"
        else:
            archive.look_into()
            return
        archive.snapshot = snapshot._replace(size=-1)  # so that it is looked at again

    def passed_over(self, now: int) -> list[PassedOver]:
        """What in them is not read, and those that are not whole."""
        passed_over = []
        for archive in self._archives.values():
            passed_over += archive.passed_over
            if archive.damage:
                recent = now - archive.snapshot.mtime // 1_000_000 < SETTLED
                why = f"the archive is damaged or not yet whole: {archive.damage}"
                advice = "copy it again if nobody is writing it"
                passed_over.append(PassedOver(archive.snapshot.path, why, advice, "waiting" if recent else "unread"))
        return passed_over
