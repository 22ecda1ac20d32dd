"""What is known of an input's contents, read or lost, and where by that to begin in a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from casbd.inputs import identity, unread
from casbd.inputs.cursor import DamagedError, context
from casbd.inputs.cutting import Context
from casbd.inputs.discovery import Key
from casbd.inputs.fence import Fence
from casbd.inputs.followed_file import FollowedFile
from casbd.inputs.lost_files import LostFiles, best
from casbd.inputs.turn import Turn
from casbd.inputs.vanished_contents import VanishedContents
from casbd.model.chunk import Position

_COMPARED = 16
"""Contents with the same beginning that a new file is compared with. Beyond: read from its start, which loses nothing."""


class KnownContents:
    """The stored positions of one input, and what became of the files that they are of.

    lost: positions whose file is looked for. vanished: what of them was never read.
    files: those that are followed, kept by the input.
    """

    def __init__(self, turn: Turn, fence: Fence, files: Mapping[Key, FollowedFile]) -> None:
        self.lost = LostFiles(turn, fence)
        self.vanished = VanishedContents()
        self._files = files
        self._stored: dict[Key, list[Position]] = {}
        self._headers: dict[str, Context] = {}
        self._by_fingerprint: dict[str, list[FollowedFile | Position]] | None = None

    def go_back(self, positions: Iterable[Position]) -> None:
        """Nothing is known but these positions."""
        self._stored.clear()
        self.look_again()
        self.lost.clear()
        self.vanished.clear()
        for position in sorted(positions, key=lambda position: position.seen):
            self._stored.setdefault((position.device, position.inode), []).append(position)
            if (going_on := context(position)).columns:
                self._headers[position.path] = going_on

    def look_again(self) -> None:
        """Files were found, or hold something else now: gather the contents anew when they are asked for."""
        self._by_fingerprint = None

    def claim(self, file: FollowedFile) -> None:
        """`file` is found under the device and inode that stored positions have: they may be its own."""
        file.stored = self._stored.pop(file.snapshot.key, [])

    def give_up_on_the_rest(self, now: int) -> None:
        """Stored positions whose file was not found by the glob: their files must be looked for."""
        for positions in self._stored.values():
            for position in positions:
                self.lost.add(position, now)
                self.vanished.went(position)
        self._stored.clear()

    def dropped(self, file: FollowedFile, now: int) -> None:
        """`file` is not followed any more; its content may go on elsewhere."""
        for position in [file.position or file.unread(), *file.stored]:
            self.lost.add(position, now)

    def replaced(self, file: FollowedFile, now: int) -> None:
        """`file` is about to be read anew: what was read of it may go on elsewhere."""
        self.lost.add(file.position or file.unread(), now)
        self.look_again()

    def cut(self, file: FollowedFile) -> None:
        """Something was read of `file`. A CSV's header is known thereby to the file that is under its name next."""
        if file.table:
            self._headers[file.snapshot.path] = file.table

    def place(self, file: FollowedFile, now: int) -> bool:
        """Decide where to begin in a file: where its stored position is, if it is still this content; else where a known
        content that it begins with was left (it is a copy, or the compressed form); else at its start.

        False where that content is just being read in another file: it is for that one to finish.
        """
        source = file.open()
        compared = file.comparing = file.comparing or identity.Compared(source)
        position = best(source, file.snapshot, file.stored, compared)
        if position is None:
            alike = self._alike(file, compared.read(0, identity.SIZES[-1]))
            position = best(source, file.snapshot, alike, compared)
            if position is None and source.damage and alike and now - file.snapshot.mtime // 1_000_000 < unread.SETTLED:
                raise DamagedError(source.damage)  # a log that was read is just being compressed
            other = self._files.get((position.device, position.inode)) if position else None
            # Both would read the same records on from there.
            if other and other.queued and other.position is position:
                return False
        for stored in file.stored:
            if stored is not position:
                self.lost.add(stored, now)
                self.vanished.went(stored)
        file.stored = []
        file.placed, file.comparing = True, None
        file.header = self._headers.get(file.snapshot.path)
        if position:
            file.resume(position)
        return True

    def _alike(self, file: FollowedFile, head: bytes) -> list[Position]:
        """Known positions in contents that begin as this file does."""
        if self._by_fingerprint is None:
            self._by_fingerprint = self._gather()
        alike: list[Position] = []
        if not self._by_fingerprint:
            return alike
        for size in identity.SIZES:
            if size > len(head):
                break
            for content in self._by_fingerprint.get(identity.digest(head[:size]), []):
                position = content.position if isinstance(content, FollowedFile) else content
                if position and content is not file:
                    alike.append(position)
        return sorted(alike, key=lambda position: position.offset, reverse=True)[:_COMPARED]

    def _gather(self) -> dict[str, list[FollowedFile | Position]]:
        """By fingerprint. A file stands for wherever it will have been read to when it is asked."""
        contents: dict[str, list[FollowedFile | Position]] = {}
        for file in self._files.values():
            if file.position:
                contents.setdefault(file.position.fingerprint, []).append(file)
        for position in [*self.lost.positions(), *(position for file in self._files.values() for position in file.stored)]:
            contents.setdefault(position.fingerprint, []).append(position)
        return contents
