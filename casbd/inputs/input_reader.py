"""Reads the files of one input, each in its turn; what is wrong with a file is that file's problem, and the others go on being read."""

from __future__ import annotations

import logging
import traceback

from casbd.inputs.announcing import Announcing
from casbd.inputs.archives import Archives
from casbd.inputs.cursor import DamagedError, ReplacedError
from casbd.inputs.discovery import may_read
from casbd.inputs.followed_file import FollowedFile, MovedError, not_whole
from casbd.inputs.foreign import Problem
from casbd.inputs.known_contents import KnownContents
from casbd.inputs.open_files import OpenFiles
from casbd.inputs.read_queue import ReadQueue, look_at_beginning
from casbd.inputs.record_reader import Detect
from casbd.inputs.turn import LaterError, Turn
from casbd.model.chunk import Chunk

log = logging.getLogger(__name__)


class InputReader:
    """Takes the files of the input `name` from `queue`, in which a scan finds something to read.

    busy: there is something to read, and the turn is over.
    scan_wanted: a file turned out to be another one than at the last scan; what was there before must be looked for. The scan resets it.
    """

    def __init__(self, name: str, turn: Turn, open_files: OpenFiles, queue: ReadQueue, known: KnownContents, archives: Archives) -> None:
        self.busy = self.scan_wanted = False
        self.announcing = Announcing(name)
        self._name, self._turn, self._open_files = name, turn, open_files
        self._queue, self._known, self._archives = queue, known, archives

    def next_chunk(self, detect: Detect, now: int) -> Chunk | None:
        """The next records of any file; None where there is nothing to read at this moment, or the turn is over (`busy`)."""
        self.busy = False
        while self._queue and not self.busy:
            file = self._queue.take()
            try:
                chunk = self._read(file, detect, now)
            except LaterError:
                file.fruitless = self.busy = True
                self._queue.add(file)
                continue
            self.busy = bool(self._queue) and self._turn.over
            if chunk is not None:
                self._queue.put_back(file, chunk)
                return chunk
        return None

    def _read(self, file: FollowedFile, detect: Detect, now: int) -> Chunk | None:
        chunk = None
        try:
            if file.empty:
                file.open()  # and only that: what is in it by now may be younger than a copy that was not found yet
            elif not file.placed and not self._known.place(file, now):
                self._queue.add(file)
                return None
            else:
                chunk = file.next_chunk(detect, now, final=self._queue.final or file.settled)
        except LaterError:
            raise  # not broken: it goes on in its next turn
        except ReplacedError:
            self._replaced(file, now)
        except MovedError:
            file.changed = self.scan_wanted = True
        except DamagedError as error:
            file.changed = True
            file.problem = not_whole(str(error))
        except OSError as error:
            file.changed = True
            file.problem = Problem(error.strerror or str(error), may_read(error))
        except Exception as error:  # noqa: BLE001  whatever a hostile file breaks is that file's trouble: all others go on being read
            file.changed = True
            file.problem = self._broken(file, error)
        else:
            self._open_files.used(file)
            if chunk:
                self._known.cut(file)
            self._announce(file, chunk, now)
            return chunk
        return None

    def _broken(self, file: FollowedFile, error: Exception) -> Problem:
        """What nothing here raises on purpose is a mistake of ours: the log says where, without what is in the file."""
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = {"input": self._name, "path": file.snapshot.path, "offset": file.offset, "error": type(error).__name__}
        log.error("a file broke its reader: please report it", extra=where | {"place": f"{place.filename}:{place.lineno}"})
        return Problem(f"internal error: {type(error).__name__}", "please report it")

    def _announce(self, file: FollowedFile, chunk: Chunk | None, now: int) -> None:
        if chunk and not file.taken_up:
            file.taken_up = True
            self.announcing.log_file("taken up", file.snapshot.path, chunk.offsets[0] if chunk.offsets else 0, now)
        elif not chunk and file.taken_up and not (file.finished or file.problem):
            file.finished = True
            self.announcing.log_file("read to its end", file.snapshot.path, file.offset, now)

    def _replaced(self, file: FollowedFile, now: int) -> None:
        """Truncated and perhaps regrown, or an inode used again: the old content may go on elsewhere, the new one is new."""
        self._known.replaced(file, now)
        file.restart()
        self._archives.forget(file.snapshot.key)
        file.first_sight = file.snapshot
        look_at_beginning(file)
        file.changed = self.scan_wanted = True  # the scan looks for the old content, whose rest is to be read before the new
