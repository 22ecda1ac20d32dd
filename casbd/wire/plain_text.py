"""Text that somebody else wrote, made harmless: one line, no control characters, nothing a terminal would act on."""

from __future__ import annotations

from collections.abc import Sequence

MARK = "..."
"""Ends a text that was cut."""

_BIDI = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
"""Marks and overrides of the writing direction: they show a text as another one (Unicode TR 36)."""

_HARMFUL = (
    *range(0x20),  # C0, the terminal's escape among them
    *range(0x7F, 0xA0),  # DEL and C1, which some terminals obey as well
    0x2028,  # line and paragraph separator: line ends to some readers
    0x2029,
    *_BIDI,
    0xFEFF,  # a byte order mark inside a text
    *range(0xD800, 0xE000),  # lone surrogates cannot be written as UTF-8
)

BLANKS = dict.fromkeys(_HARMFUL, " ")
"""For `str.translate`: every harmful character becomes a blank."""


def single_line(text: str) -> str:
    """The text without harmful characters, trimmed. Clean text, the usual case, costs one look."""
    return text.strip() if text.isprintable() else text.translate(BLANKS).strip()


def cut(text: str, most: int) -> str:
    """At most so many characters; what was cut ends with the mark."""
    return text if len(text) <= most else text[: most - len(MARK)].rstrip() + MARK


def joined(items: Sequence[str | None], most: int) -> str:
    """A comma-separated list of as many whole items as fit; the mark stands for those left out."""
    if len(items) < 2:
        return items[0] or "" if items else ""
    shown: list[str] = []
    room = most - len(MARK) - 1
    for item in items:
        text = item or ""
        room -= len(text) + 1
        if room < 0:
            shown.append(MARK)
            break
        shown.append(text)
    return ",".join(shown)
