"""How wide the columns of a table are, and which of them a narrow terminal does without."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from rich.cells import cell_len

UNFOLDED = 20
"""Characters. A time, a number, a severity, an IPv4 address stay in one line; of what is longer, words may be parted."""
LONGEST_WORD = 40
"""Characters of a word, such as an address of mail, that stays whole in a column that matters."""
_NARROWEST = 12
"""Characters. Narrower than this a column of texts can hardly be read."""
_BETWEEN = 2
"""Blanks between two columns."""


def layout(columns: Sequence[str], rows: Collection[Sequence[str]], less: Sequence[str], width: int) -> dict[int, int]:
    """The columns that there is room for in so many characters, as indexes, and how wide each is.

    less: those that matter less, the least first. Their words are parted before any column goes; one by one they go before the
    words of the others are parted.
    """
    cells = [*zip(columns, *rows, strict=True)]
    full = [max(map(cell_len, texts)) for texts in cells]
    widths = {
        index: _least(texts, full[index], UNFOLDED if name in less else LONGEST_WORD)
        for index, (name, texts) in enumerate(zip(columns, cells, strict=True))
    }
    for name in less:
        if _total(widths) <= width:
            break
        del widths[columns.index(name)]
    _shrink(widths, [index for index in widths if full[index] > UNFOLDED], _NARROWEST, width)
    _shrink(widths, [*widths], 1, width)
    return _grown(widths, full, width - _total(widths))


def _least(texts: Sequence[str], full: int, longest_word: int) -> int:
    """How narrow a column may be."""
    if full <= UNFOLDED:
        return full
    word = max(cell_len(word) for text in texts for word in (text.split() or [""]))
    return max(_NARROWEST, min(word, longest_word))


def _shrink(widths: dict[int, int], some: Sequence[int], narrowest: int, width: int) -> None:
    """Make the widest of some columns narrower, until all fit."""
    while _total(widths) > width and (wide := [index for index in some if widths[index] > narrowest]):
        widths[max(wide, key=widths.__getitem__)] -= 1


def _total(widths: dict[int, int]) -> int:
    return sum(widths.values()) + _BETWEEN * (len(widths) - 1)


def _grown(widths: dict[int, int], full: Sequence[int], room: int) -> dict[int, int]:
    """The room that is left goes to the columns that need it, in equal parts."""
    while room > 0 and (narrow := [index for index in widths if widths[index] < full[index]]):
        for index in narrow:
            more = min(max(1, room // len(narrow)), full[index] - widths[index], room)
            widths[index] += more
            room -= more
    return widths
