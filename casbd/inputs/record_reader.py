"""Reads the records of one content: from the bytes behind the cursor to whole records of a known format."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from casbd.inputs import containers, encodings, foreign
from casbd.inputs.compression import Compressed, Plain
from casbd.inputs.cursor import Cursor, context
from casbd.inputs.cutting import WHITESPACE, Context, Cut
from casbd.inputs.file_text import SHOWN, FileText
from casbd.inputs.foreign import Problem
from casbd.inputs.turn import LaterError, Turn
from casbd.model.chunk import Position

Detect = Callable[[Sequence[bytes]], str | None]

_AFTER_A_SWITCH = 1 << 14
_SAMPLE_RECORDS, _SAMPLE_BYTES = 50, 1 << 16

_UNCLAIMED = Problem("no format claims its records", "`casbd inputs try FILE` shows a mapping to begin with")


class Limits(NamedTuple):
    """Bytes that a chunk has about, and that one record may have."""

    chunk: int
    record: int


class Taken(NamedTuple):
    """Bytes that are done with; the cursor is behind them. rejects: (place in the content, reason, beginning).

    complete: make a chunk of it: there are records or rejects, or the turn is over. ended: it was the last of a compressed file.
    """

    cut: Cut
    rejects: list[tuple[int, str, bytes]]
    complete: bool
    ended: bool


class AtEnd(NamedTuple):
    """Nothing whole is left. rest: unread bytes wait there. waiting: how many of them are not merely brackets and blanks."""

    rest: bool
    waiting: int


class RecordReader:
    """Reads one content from its start, or from where `resume` says; moves `cursor`.

    spec_format: the name of the records' format, or `auto`. format: the name, as far as it is known.
    context: how to go on at the cursor; None where nothing has been read.
    grew: the file was appended to after it had been read to its end.
    """

    def __init__(self, cursor: Cursor, spec_format: str, limits: Limits, turn: Turn) -> None:
        self._cursor, self._spec_format, self._limits, self._turn = cursor, spec_format, limits, turn
        self._text = FileText(limits.record)
        self._want = 0
        self.context: Context | None = None
        self.format = ""
        self.grew = self._met_its_end = False

    def resume(self, position: Position) -> None:
        """Go on from `position`, which has been checked to belong to this content."""
        self._cursor.resume(position)
        self.format = position.format
        self.context = context(position)
        self.grew, self._met_its_end = self.context.grew, position.offset == position.size
        self._restore()

    def _restore(self) -> None:
        """Cut on from the cursor: the cutter has a copy of the context, since what it cuts may turn out not to count."""
        self._text.cutter = containers.restore(msgspec.structs.replace(self.context)) if self.context else None

    @property
    def untouched(self) -> bool:
        """Whether nothing has been read, and no reading was left off as the turn was over."""
        return not (self._cursor.offset or self._want)

    def begin(self) -> None:
        """Before the first `next` of a chunk: how much to ask for, unless the turn was over while more was asked for."""
        # A file whose encoding switches with each line must not have a whole chunk read for each of them.
        self._want = self._want or (min(_AFTER_A_SWITCH, self._limits.chunk) if self._text.switched else self._limits.chunk)

    def next(
        self, source: Plain | Compressed, detect: Detect, *, final: bool, inside: bool, header: Context | None
    ) -> Taken | AtEnd | Problem:
        """What comes next. ReplacedError, DamagedError, OSError: nothing was read. LaterError where the turn is over before that.

        final: nothing more is expected. inside: the content is in an archive. header: see FileText.
        """
        offset = self._cursor.offset
        while True:
            want = self._want
            before, raw = self._cursor.read(source, want)
            self._turn.took(len(raw))
            if not offset and (problem := foreign.recognise(raw, inside=inside)):
                self._want = 0
                return problem
            at_end = len(raw) < want
            whole = source.compressed and not source.damage
            cut = self._text.cut(raw, offset, at_end=at_end, final=final or whole, header=header)
            if cut.used:
                break
            if at_end:
                return self._wait(raw, cut.closers)
            if want >= self._longest():
                cut = self._text.too_long(raw, offset)
                break
            # Several times as much: with a chunk more each time, a long record would be cut from its start once for each chunk.
            self._want = min(want * 4, self._longest())
            if self._turn.over:
                raise LaterError
        self._want = 0
        if not self._recognised(cut, detect):
            return _UNCLAIMED
        self._cursor.advance(before, raw, cut.used)
        self.context = msgspec.structs.replace(self._text.cutter.context) if self._text.cutter else None
        self.grew |= self._met_its_end
        self._met_its_end = False
        if cut.records or cut.rejects:
            return Taken(cut, self._text.rejects, complete=True, ended=at_end and cut.used + cut.closers == len(raw) and whole)
        self._cursor.skip_hole(source, raw)
        over = self._turn.over
        self._want = 0 if over else self._limits.chunk
        return Taken(cut, self._text.rejects, complete=over, ended=False)

    def _longest(self) -> int:
        return max(self._limits.chunk, self._limits.record + SHOWN)

    def _wait(self, raw: bytes, closers: int) -> AtEnd:
        self._want, self._met_its_end = 0, True
        if not self._cursor.offset:
            self._text.cutter = None
        return AtEnd(bool(raw), len(encodings.without_mark(raw[closers:]).strip(WHITESPACE)))

    def _recognised(self, cut: Cut, detect: Detect) -> bool:
        """Whether the records' format is known; else the cut does not count."""
        if self.format or not cut.records:
            return True
        name = detect(sample(cut.records)) if self._spec_format == "auto" else self._spec_format
        if name is None:
            self._restore()
            return False
        self.format = name
        return True


def sample(records: Sequence[bytes]) -> list[bytes]:
    """The first records of a file by which its format is recognised."""
    first_records, size = [], 0
    for record in records[:_SAMPLE_RECORDS]:
        first_records.append(record)
        size += len(record)
        if size > _SAMPLE_BYTES:
            break
    return first_records
