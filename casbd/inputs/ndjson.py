"""NDJSON: a record is a line. Nothing is parsed here, so a bad line costs only itself."""

from __future__ import annotations

from itertools import accumulate

from casbd.inputs.cutting import BOM, WHITESPACE, Context, Cut, is_object, without_mark


class Ndjson:
    """Cuts at LF only. A last line without LF is a record as soon as it is a whole object: nothing could still be added."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def cut(self, text: bytes, *, at_end: bool, final: bool) -> Cut:  # noqa: ARG002 - a line's end needs no guessing
        """See Cutter."""
        start = self._resume(text)
        *lines, rest = (text[start:] if start else text).split(b"\n")
        end = len(text) - len(rest)
        if not lines and text[:1] == b"\0" and not at_end and not text.strip(b"\0"):
            return Cut(used=len(text))  # the hole that a copytruncate leaves may be gigabytes long
        if at_end and rest and is_object(without_mark(rest.strip(WHITESPACE))):
            lines.append(rest)
            end = len(text)
        cut = self._records(lines, start, end)
        return _without_marks(cut) if BOM[0] in text and BOM in text else cut  # a single byte is looked for ten times as fast

    def _resume(self, text: bytes) -> int:
        """Where the first whole line begins: behind the rest of one that was too long."""
        if not self.context.skipping:
            return 0
        end = text.find(b"\n") + 1
        self.context.skipping = not end
        return end or len(text)

    def _records(self, lines: list[bytes], start: int, end: int) -> Cut:
        places = [number + place for number, place in enumerate(accumulate(map(len, lines), initial=start))]
        records = [line.strip(WHITESPACE) for line in lines]
        if not all(records):
            nonempty = [(place, record) for place, record in zip(places, records, strict=False) if record]
            places, records = [place for place, _ in nonempty], [record for _, record in nonempty]
        return Cut(records=records, places=places[: len(records)], used=end)


def _without_marks(cut: Cut) -> Cut:
    """Byte order marks before records are no part of them, and alone they are none."""
    unmarked = [
        (place + len(record) - len(text), text)
        for place, record in zip(cut.places, cut.records, strict=True)
        if (text := without_mark(record))
    ]
    return Cut(records=[text for _, text in unmarked], places=[place for place, _ in unmarked], used=cut.used)
