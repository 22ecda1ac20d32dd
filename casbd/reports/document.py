"""What a page of a report can hold, whatever it is written as. All text is plain: who writes it escapes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

Cell = str | int | float | None
"""Of a table: a number stands to the right, None is nothing known."""


class Paragraph(msgspec.Struct, frozen=True):
    """Some sentences. note: they are an aside."""

    text: str
    note: bool = False


class Figure(msgspec.Struct, frozen=True):
    """One number that is read first. note: what it is to be compared with."""

    label: str
    value: str
    note: str = ""


class Figures(msgspec.Struct, frozen=True):
    """Some of them side by side."""

    figures: Sequence[Figure]


class Table(msgspec.Struct, frozen=True):
    """columns: their heads. empty: what is said where there are no rows."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    empty: str = "None."


class Chart(msgspec.Struct, frozen=True):
    """Numbers as a picture. bars: lying ones, the longest first; columns: standing ones, series upon each other; line: one series.

    series: by name, a number for each label. unit: what is counted.
    """

    kind: Literal["bars", "columns", "line"]
    title: str
    labels: Sequence[str]
    series: Mapping[str, Sequence[int]]
    unit: str


class Code(msgspec.Struct, frozen=True):
    """Lines as they are: a diff, or what is to be put into a file."""

    text: str
    language: Literal["diff", "yaml"]


class Step(msgspec.Struct, frozen=True):
    """Something to do. what: a short sentence; why: the numbers; do: a command or a place, empty where words say it."""

    what: str
    why: str
    do: str = ""


class Steps(msgspec.Struct, frozen=True):
    """Some of them, the most urgent first. empty: what is said where there are none."""

    steps: Sequence[Step]
    empty: str


Block = Paragraph | Figures | Table | Chart | Code | Steps


class Section(msgspec.Struct, frozen=True):
    """A part of a page with its heading."""

    title: str
    blocks: Sequence[Block]


class Document(msgspec.Struct, frozen=True):
    """A page. lead: what it is about, in a sentence; footer: how it was made."""

    title: str
    lead: str
    sections: Sequence[Section]
    footer: str


def number(value: int | float) -> str:
    """`1,234,567`, and with one digit after the point where there is a fraction."""
    return f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"
