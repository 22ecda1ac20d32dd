"""The files of one input: which there are, which of them have something to read, and what became of those that are gone."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable

import msgspec

from casbd.inputs import unread
from casbd.inputs.archives import Archives
from casbd.inputs.discovery import Discovery, Key, PassedOver, Snapshot, look
from casbd.inputs.fence import Fence, OwnFiles
from casbd.inputs.followed_file import FollowedFile
from casbd.inputs.input_reader import InputReader
from casbd.inputs.known_contents import KnownContents
from casbd.inputs.open_files import OpenFiles
from casbd.inputs.progress import bytes_done
from casbd.inputs.read_queue import ReadQueue
from casbd.inputs.record_reader import Detect, Limits
from casbd.inputs.turn import Turn
from casbd.inputs.whereabouts import Whereabouts
from casbd.model.chunk import Chunk, InputSpec, Position
from casbd.model.unread import Unread

log = logging.getLogger(__name__)


class FollowedInput:
    """Follows the files of one input: `files`, by device and inode. Its `directories` want to be watched. lost: what is looked for."""

    def __init__(self, spec: InputSpec, open_files: OpenFiles, limits: Limits, turn: Turn, own: OwnFiles) -> None:
        self.spec = spec
        self._fence = Fence(spec.path, follow_links=spec.follow_links, own=own)
        self._turn = turn
        self.files: dict[Key, FollowedFile] = {}
        self.directories: list[str] = []
        self._scan_wanted = False
        self._known = KnownContents(turn, self._fence, self.files)
        self.lost = self._known.lost
        self._open_files, self._limits = open_files, limits
        self._paths: dict[str, FollowedFile] = {}
        self._queue = ReadQueue(turn)
        self._archives = Archives(turn, self._fence)
        self._reader = InputReader(spec.name, turn, open_files, self._queue, self._known, self._archives)
        self._passed_over: list[PassedOver] = []
        self._had_files = False
        self._whereabouts = Whereabouts()

    def go_back(self, positions: Iterable[Position], now: int) -> None:
        """Go on from the stored positions, at the start and after a failed commit; whatever else was read is read again."""
        positions = list(positions)
        self._had_files |= bool(positions)
        self._known.go_back(positions)
        for file in self.files.values():
            file.restart()
            self._known.claim(file)
            self._queue.add(file)
        if self.files:
            self._known.give_up_on_the_rest(now)

    def close(self) -> None:
        """Let go of all files."""
        for file in self.files.values():
            file.close()
            self._open_files.closed(file)
        self.lost.close()
        self._archives.close()

    def finish(self) -> None:
        """From now on nothing more is expected: a last line without line break counts if it is whole."""
        self._queue.final = self._scan_wanted = True
        for file in self.files.values():
            if file.rest or file.changed:
                self._queue.add(file)

    def scan(self, now: int) -> None:
        """Look at all directories and files."""
        discovery = Discovery(self.spec.path, self._fence)
        self.directories, self._passed_over = discovery.directories, discovery.passed_over
        self._had_files |= bool(discovery.files)
        self._scan_wanted = self._reader.scan_wanted = False
        self._whereabouts.look_again()
        self._known.look_again()
        self._paths = {}
        present: set[Key] = set()
        files = [*self._archives.expand(discovery.files, now, final=self._queue.final)]
        self._passed_over += self._archives.passed_over(now)
        changed = [file for snapshot in files if (file := self._see(snapshot, present))]
        for key in [key for key in self.files if key not in present]:
            if self._trace(self.files[key], now):
                changed.append(self.files[key])
        # Only now: what a file above has not claimed is lost. Before, every file would be searched for elsewhere.
        self._known.give_up_on_the_rest(now)
        lost_files = list(self.lost.search(self._whereabouts.listing, self.files))
        rest = [self._follow_lost(snapshot, position) for snapshot, position in lost_files]
        self._scan_wanted |= self.unfinished
        self._scan_wanted |= self._queue.admit([*rest, *changed])
        self._queue.settle(self.files.values(), now)
        self._reader.announcing.log_the_rest(now)
        self._queue.sort()
        for file in self.files.values():
            if file.target:
                self._paths[file.target] = file
                self.directories.append(os.path.dirname(file.target))  # noqa: PTH120

    def glance(self, path: str) -> bool:
        """Look at one file that was written to.

        False where only a scan can say what became of it: another file stands there now, or nothing was in it when it was seen
        last; what is in it by now may be its second content, and the first be waiting in a copy.
        """
        file = self._paths.get(path)
        if file is None and path in self._archives.paths:
            return False
        if file is None:
            return True  # nobody's, or so new that the event of its creation leads to a scan
        snapshot = look(path)
        if snapshot is None or snapshot.key != file.snapshot.key:
            return False
        if file.update(snapshot):
            if not file.begun:
                return False
            self._queue.add(file)
        return True

    def next_chunk(self, detect: Detect, now: int) -> Chunk | None:
        """The next records of any file; None where there is nothing to read at this moment, or the turn is over (`busy`)."""
        return self._reader.next_chunk(detect, now)

    @property
    def busy(self) -> bool:
        """There is something to read, and the turn is over."""
        return self._reader.busy

    @property
    def scan_wanted(self) -> bool:
        """The last scan was not sure, or a file turned out since to be another one: what was there before must be looked for."""
        return self._scan_wanted or self._reader.scan_wanted

    @property
    def unfinished(self) -> bool:
        """Whether the turn was over before the last scan was."""
        return self.lost.unfinished or self._archives.unfinished

    def follows(self, position: Position) -> bool:
        """Whether a file is followed whose stored position this is."""
        file = self.files.get((position.device, position.inode))
        return bool(file and file.position and file.position.fingerprint == position.fingerprint)

    def unread(self, now: int) -> list[Unread]:
        """What is missing, unreadable, not recognised or left out."""
        reports = unread.passed_over(self.spec, self._passed_over)
        reports += [one for file in self.files.values() if (one := unread.of_file(file, now, final=self._queue.final))]
        reports += [one for one, _ in self._known.vanished.unread(self.files, self._paths, now)]
        if not self._had_files and not any(one.kind != "left_out" for one in reports):
            reports.append(unread.nothing_matches(self.spec, self._passed_over))
        return reports

    def given_up(self, now: int) -> list[Position]:
        """Positions in files that are gone for good, as far as can be known, with something unread; marked as reported."""
        gone = [position for _, position in self._known.vanished.unread(self.files, self._paths, now) if position]
        return [msgspec.structs.replace(position, told=True) for position in gone if position.offset]

    def progress(self) -> tuple[int, int]:
        """(bytes that were read or need not be, bytes that there are) of the files that are followed, as on disk."""
        files = self.files.values()
        return sum(bytes_done(file) for file in files), sum(file.snapshot.size for file in files)

    def _see(self, snapshot: Snapshot, present: set[Key]) -> FollowedFile | None:
        """Take notice of a file that the glob finds; the file where there may be something to read in it."""
        key = snapshot.key
        if key in present:
            return None  # another link to the same file
        present.add(key)
        file = self.files.get(key)
        if file is None:
            file = self._follow(snapshot)
            self._known.claim(file)
        self._paths[snapshot.path] = file
        return file if file.update(snapshot) else None

    def _follow(self, snapshot: Snapshot) -> FollowedFile:
        file = FollowedFile(self.spec, snapshot, self._limits, self._turn, self._fence)
        self.files[snapshot.key] = self._paths[snapshot.path] = file
        return file

    def _follow_lost(self, snapshot: Snapshot, position: Position | None) -> FollowedFile:
        file = self._follow(snapshot)
        file.goes_first = True
        if position:
            file.resume(position)
        return file

    def _trace(self, file: FollowedFile, now: int) -> bool:
        """What became of a file that the glob does not find (any more); True where there may be something to read."""
        if file.snapshot.part or file.snapshot.key in self._archives:
            self._drop(file, now)
            return False
        place = self._whereabouts.of(file, now)
        if place is None:
            self._drop(file, now)
            return False
        gone_since = file.gone or now
        changed = file.update(place.snapshot)
        if place.deleted:
            file.gone = gone_since
        else:
            self._paths[place.snapshot.path] = file
        return changed

    def _drop(self, file: FollowedFile, now: int) -> None:
        if (file.queued or file.waiting) and file.left and file.snapshot.key not in self._archives:
            self._known.vanished.deleted(file.position or file.unread(), file.left, now)
        file.close()
        self._open_files.closed(file)
        del self.files[file.snapshot.key]
        self._queue.remove(file)
        self._known.dropped(file, now)
