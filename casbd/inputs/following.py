"""Following the files of all inputs: what the pipeline sees of this package."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from casbd.clock import Clock, monotonic
from casbd.inputs.changes import Changes
from casbd.inputs.fence import OwnFiles
from casbd.inputs.followed_input import FollowedInput
from casbd.inputs.open_files import OpenFiles, may_be_open
from casbd.inputs.progress import reached
from casbd.inputs.record_reader import Detect, Limits
from casbd.inputs.turn import BYTES, Turn
from casbd.model.chunk import Chunk, InputSpec, Position
from casbd.model.unread import Unread, problems

if TYPE_CHECKING:
    from casbd.inputs.watch import Watch

RESCAN, RESCAN_POLLING = 5.0, 1.0
"""Seconds between full scans, whatever the observers report."""

_BREATH = 4
"""A scan that took long is not repeated before this many times as long: storms of events must not stop the reading."""

_TRIES = 3
"""Files that change while they are looked at are looked at again at once, so often."""

OPEN_FILES = 256


class Inputs:
    """Follows the files of `specs`, from the stored `positions` on, and gives their records in chunks.

    detect: names the format of a file's first records, None where no format claims them; asked where a spec says `auto`.
    own: what no input reads, whatever its path says; may be changed at any time.
    All but `wake` is called by one thread. Nothing here raises because of a file: see `problems`.
    """

    def __init__(
        self,
        specs: Sequence[InputSpec],
        positions: Iterable[Position],
        detect: Detect,
        clock: Clock,
        *,
        chunk_bytes: int = 1 << 20,
        max_record: int = 32 << 20,
        monotonic: Callable[[], float] = monotonic,
        turn_bytes: int = BYTES,
        own: OwnFiles | None = None,
    ) -> None:
        self._own = own or OwnFiles()
        self._turn = Turn(monotonic, turn_bytes)
        self._open_files = OpenFiles(may_be_open(OPEN_FILES))
        self._limits = Limits(chunk_bytes, max_record)
        self._inputs: list[FollowedInput] = []
        self._detect, self._clock, self._monotonic = detect, clock, monotonic
        self._changes = Changes()
        self._watch: Watch | None = None
        self._next_scan = 0.0
        self._earliest_scan = 0.0
        self.use(specs, positions)

    def use(self, specs: Sequence[InputSpec], positions: Iterable[Position]) -> None:
        """Follow these inputs from now on. One that is followed already goes on as it is: a deleted file that is still open
        could not be found again. The others begin at the stored positions."""
        followed = {one.spec: one for one in self._inputs}
        self._inputs = [followed.get(spec) or FollowedInput(spec, self._open_files, self._limits, self._turn, self._own) for spec in specs]
        self._turns = list(self._inputs)
        for spec, one in followed.items():
            if spec not in specs:
                one.close()
        self._go_back([one for one in self._inputs if not one.files], positions)

    def next_chunk(self) -> Chunk | None:
        """Records of the input whose turn it is; None where there is nothing to read at this moment, or where `busy`.

        It takes a bounded time, whatever the files hold. A chunk without records only moves a position.
        """
        self._look()
        chunk = self._next()
        for _ in range(_TRIES):
            if chunk is None and not any(one.busy for one in self._inputs) and any(one.scan_wanted for one in self._inputs):
                self._scan()
                chunk = self._next()
        return chunk

    def everything(self) -> Iterator[Chunk]:
        """All chunks that there are at this moment, however many turns they take."""
        while (chunk := self.next_chunk()) is not None or self.busy:
            if chunk is not None:
                yield chunk

    @property
    def busy(self) -> bool:
        """Whether the last turn was over before all was read that could be: it should be asked for more at once."""
        return any(one.busy or one.unfinished for one in self._inputs)

    def _next(self) -> Chunk | None:
        self._turn.begin()
        for turn, one in enumerate(self._turns):
            chunk = one.next_chunk(self._detect, self._clock())
            if chunk is not None:
                # Else an input that always has something to read would keep all behind it waiting.
                self._turns.append(self._turns.pop(turn))
                return chunk
        return None

    def rewind(self, positions: Iterable[Position]) -> None:
        """Go back to the stored positions, all of them: after a failed commit, whatever was read since is read again."""
        self._go_back(self._inputs, positions)

    def _go_back(self, inputs: Iterable[FollowedInput], positions: Iterable[Position]) -> None:
        by_input: dict[str, list[Position]] = {}
        for position in positions:
            by_input.setdefault(position.input, []).append(position)
        for one in inputs:
            one.go_back(by_input.get(one.spec.name, ()), self._clock())
        self._scan_wanted = True

    def start_watching(self) -> None:
        """Start the observers' threads. Without, files are still scanned whenever it is time."""
        from casbd.inputs.watch import Watch  # `run --once` is done without

        self._watch = Watch(self._changes)
        self._arm()

    def wait(self, seconds: float) -> bool:
        """Until something may be there to read or `wake` is called (True), or the time is over (False)."""
        until_scan = max(0.0, self._due() - self._monotonic())
        return self._changes.wait(min(seconds, until_scan)) or self._monotonic() >= self._due()

    def wake(self) -> None:
        """End `wait`; from any thread, or from a signal handler's."""
        self._changes.wake()

    def finish(self) -> None:
        """For `run --once`, when next_chunk has given None: nothing more will be written.

        After it next_chunk also gives last lines without line feed that are whole records; half ones stay unread.
        """
        for one in self._inputs:
            one.finish()

    def unread(self) -> list[Unread]:
        """What is missing, unreadable, not recognised or left out, of all inputs. After `finish` also what is merely not whole."""
        now = self._clock()
        return [unread for one in self._inputs for unread in one.unread(now)]

    def given_up(self) -> list[Position]:
        """Positions to be stored, so that files which are gone for good with something unread are reported once by `unread`."""
        now = self._clock()
        return [position for one in self._inputs for position in one.given_up(now)]

    def problems(self) -> dict[str, str]:
        """By input: the first thing that is missing, unreadable or not recognised, and how many more there are."""
        return problems(self.unread())

    def progress(self) -> tuple[int, int]:
        """(bytes that were read or need not be, bytes that there are), of compressed files those on disk."""
        each = [one.progress() for one in self._inputs]
        return sum(done for done, _ in each), sum(total for _, total in each)

    def files(self) -> list[Position]:
        """The files that are followed now, with how far each has been read and its present size."""
        return [reached(file) for one in self._inputs for file in one.files.values()]

    def forgotten(self) -> list[Position]:
        """Stored positions that are not needed any more: their files have been gone for long. Each is given once."""
        now = self._clock()
        return [position for one in self._inputs for position in one.lost.forgotten(now) if not one.follows(position)]

    def close(self) -> None:
        """Stop watching and close all files."""
        if self._watch is not None:
            self._watch.close()
            self._watch = None
        for one in self._inputs:
            one.close()
        self._open_files.close()

    def _look(self) -> None:
        """Take in what changed: by a glance at the files that were written to, by a scan where that does not do."""
        modified, names = self._changes.take()
        self._scan_wanted |= names or any(one.scan_wanted for one in self._inputs)
        for path in modified:
            seen = [one.glance(path) for one in self._inputs]  # of all inputs: two may follow the same file
            self._scan_wanted |= not all(seen)
        if self._monotonic() >= self._due():
            self._scan()

    def _due(self) -> float:
        return self._earliest_scan if self._scan_wanted else self._next_scan

    def _scan(self) -> None:
        begun = self._monotonic()
        self._turn.begin()
        self._scan_wanted = False
        now = self._clock()
        for one in self._inputs:
            one.scan(now)
        if self._watch is not None:
            self._arm()
        ended = self._monotonic()
        self._earliest_scan = ended + _BREATH * (ended - begun)
        self._next_scan = ended + (RESCAN_POLLING if any(one.spec.poll for one in self._inputs) else RESCAN)

    def _arm(self) -> None:
        assert self._watch is not None
        self._watch.arm((directory, one.spec.poll) for one in self._inputs for directory in one.directories)
