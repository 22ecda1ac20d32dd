"""The text of one file: its encodings and line ends, and the records that its container's cutter cuts it into."""

from __future__ import annotations

from casbd.inputs import containers, encodings
from casbd.inputs.cutting import WHITESPACE, Context, Cut, Cutter

SHOWN = 4096
"""Bytes of a reject that are kept."""


class FileText:
    """What must be known of a file's text to go on cutting it.

    rejects: those of the last cut: (place, reason, beginning). switched: the last cut ended where another encoding begins.
    """

    def __init__(self, longest: int) -> None:
        self.cutter: Cutter | None = None
        self.rejects: list[tuple[int, str, bytes]] = []
        self.switched = False
        self._longest = longest

    def cut(self, raw: bytes, offset: int, *, at_end: bool, final: bool, header: Context | None = None) -> Cut:
        """The records of `raw`, with places counted in the file and `used` and `closers` in `raw`.

        offset: where `raw` begins in the file. header: how the CSV was cut that was under the file's name before.
        """
        cutter, first = self.cutter, offset == 0
        encoding = cutter.context.encoding if cutter else encodings.recognise(raw)
        switch = encodings.switch(raw, encoding, first=first)
        if switch and not switch[0] and cutter:
            encoding = cutter.context.encoding = switch[1]
            switch = encodings.switch(raw, encoding, first=True)
        self.switched = switch is not None
        end = switch[0] if switch else len(raw)
        text, mark = encodings.decode(raw[:end] if switch else raw, encoding, first=first)
        newline = cutter.context.newline if cutter else containers.newline(text)
        if newline:
            text = text.replace(b"\r", b"\n")
        if cutter is None:
            cutter = containers.recognise(text, at_end=at_end or end < len(raw), encoding=encoding, before=header)
            if cutter is None:
                return Cut()
            cutter.context.newline = newline
        cut = cutter.cut(text, at_end=at_end or end < len(raw), final=final or end < len(raw))
        if switch:
            _to_the_end(cut, text)
        if cut.used:
            self.cutter = cutter
        self._too_long_ones(cut)
        self.rejects = [(place, reason, text[place:end][:SHOWN]) for place, end, reason in cut.rejects]
        return self._in_the_file(cut, text, offset, mark, encoding)

    def _in_the_file(self, cut: Cut, text: bytes, offset: int, mark: int, encoding: str) -> Cut:
        base = offset + mark
        if encoding != encodings.UTF8:
            marks = sorted({*cut.places, *(place for place, _, _ in cut.rejects), cut.used, cut.used + cut.closers})
            original = dict(zip(marks, encodings.original(marks, text, encoding), strict=True))
            cut.closers = original[cut.used + cut.closers] - original[cut.used]
            cut.places = [original[place] for place in cut.places]
            self.rejects = [(original[place], reason, shown) for place, reason, shown in self.rejects]
            cut.used = original[cut.used]
        if base:
            cut.places = [base + place for place in cut.places]
        self.rejects = [(base + place, reason, shown) for place, reason, shown in self.rejects]
        cut.used += mark if cut.used else 0
        return cut

    def _too_long_ones(self, cut: Cut) -> None:
        """Turn records that are whole, but longer than allowed, into rejects."""
        if not cut.records or max(map(len, cut.records)) <= self._longest:
            return
        within: list[tuple[int, bytes]] = []
        for place, record in zip(cut.places, cut.records, strict=True):
            if len(record) > self._longest:
                cut.rejects.append((place, place + len(record), self._too_long_reason()))
            else:
                within.append((place, record))
        cut.places, cut.records = [place for place, _ in within], [record for _, record in within]

    def _too_long_reason(self) -> str:
        return f"longer than {self._longest} bytes"

    def too_long(self, raw: bytes, offset: int) -> Cut:
        """A record that has no end within what may be held: its beginning becomes a reject, the rest is skipped."""
        if self.cutter is None:
            encoding = encodings.recognise(raw)
            self.cutter = containers.restore(Context("ndjson", encoding))
        self.cutter.context.skipping = True
        self.rejects = [(offset, self._too_long_reason(), raw[:SHOWN])]
        return Cut(rejects=[(0, 0, "")], used=min(len(raw), SHOWN))


def _to_the_end(cut: Cut, text: bytes) -> None:
    """Text in another encoding follows, so nothing can be added to this: what is no record by now is a reject."""
    behind = cut.used + cut.closers
    if text[behind:].strip(WHITESPACE):
        cut.rejects.append((behind, len(text), "text in another encoding begins before the end of this record"))
    cut.used, cut.closers = len(text), 0
