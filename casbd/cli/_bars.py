"""Numbers as bars in a terminal."""

from __future__ import annotations

from collections.abc import Sequence

import click

from casbd.cli._common import cell, terminal

_EIGHTHS = " ▏▎▍▌▋▊▉"
_LONGEST = 60
"""Characters of a bar: what is longer is no easier to compare."""


def draw(head: tuple[str, str], counts: Sequence[tuple[object, int]]) -> None:
    """A line each: what was counted, how many, and a bar; as wide as the terminal at most. head: what both are."""
    for line in lines(head, counts, terminal().width):
        click.echo(line)


def lines(head: tuple[str, str], counts: Sequence[tuple[object, int]], width: int) -> list[str]:
    """The same as text."""
    from rich.cells import cell_len, set_cell_size

    names = [cell(name) or "(unknown)" for name, _ in counts]
    numbers = [f"{number:,}" for _, number in counts]
    wide = max(map(len, (head[1], *numbers)))
    named = min(max(map(cell_len, (head[0], *names))), max(8, (width - wide) // 2))
    longest = max(1, min(_LONGEST, width - named - wide - 4))
    most = max((number for _, number in counts), default=1)
    rows = [f"{set_cell_size(head[0], named)}  {head[1]:>{wide}}"]
    for name, text, (_, number) in zip(names, numbers, counts, strict=True):
        rows.append(f"{set_cell_size(name, named)}  {text:>{wide}}  {bar(number, most, longest)}".rstrip())
    return rows


def bar(number: int, most: int, longest: int) -> str:
    """A bar that is `longest` characters long for `most`, to an eighth of a character; of what is there at all an eighth at least."""
    eighths = max(number * longest * 8 // max(most, 1), 1 if number else 0)
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()
