"""Charts of numbers in a terminal: bars to the right, and columns side by side."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence

import click

from casbd.cli._common import cell
from casbd.wire.plain_text import cut

_EIGHTHS = " ▏▎▍▌▋▊▉█"
_LEVELS = " ▁▂▃▄▅▆▇█"
_PLAIN = "    #####"
"""Where the terminal's encoding has no blocks: what is less than half is not seen."""
_LONGEST = 48
"""Characters of a name before its bar."""
_WIDEST = 40
"""Characters of a bar."""
_HEIGHT = 5
"""Lines of a column."""


def bars(title: str, rows: Sequence[tuple[object, int]], *, share_of: int = 0) -> None:
    """A line each: name, number, bar; the longest bar is the largest number. share_of: what is 100 %, if shares are wanted.

    Names are made harmless, and cut where they are too long.
    """
    from rich.cells import cell_len

    click.secho(f"\n{cell(title)}", bold=True)
    names = [cut(cell(name), _LONGEST) for name, _ in rows]
    wide = max(map(cell_len, names), default=0)
    digits = max((len(str(number)) for _, number in rows), default=0)
    room = shutil.get_terminal_size((100, 24)).columns - wide - digits - (7 if share_of else 0) - 6
    most = max((number for _, number in rows), default=0)
    for name, (_, number) in zip(names, rows, strict=True):
        share = f"  {100 * number / share_of:3.0f} %" if share_of else ""
        bar = _filled(number, most, max(8, min(_WIDEST, room)), _blocks(_EIGHTHS))
        click.echo(f"  {name}{' ' * (wide - cell_len(name))}  {number:>{digits}}{share}  {bar}".rstrip())


def columns(title: str, rows: Sequence[tuple[str, int]]) -> None:
    """Columns of two characters above their names, which are no longer than that."""
    click.secho(f"\n{cell(title)}", bold=True)
    most = max((number for _, number in rows), default=0)
    drawn = [_filled(number, most, _HEIGHT, _blocks(_LEVELS)).ljust(_HEIGHT) for _, number in rows]
    for line in reversed(range(_HEIGHT)):
        click.echo(("  " + " ".join(2 * one[line] for one in drawn)).rstrip())
    click.echo("  " + " ".join(f"{name:2}" for name, _ in rows))


def _filled(number: int, most: int, size: int, blocks: str) -> str:
    """So many blocks out of `size` as the number is of the largest, in eighths; something for all that is not nothing."""
    eighths = max(1, round(8 * size * number / most)) if number else 0
    whole, rest = divmod(eighths, 8)
    return blocks[8] * whole + (blocks[rest] if rest else "")


def _blocks(blocks: str) -> str:
    try:
        blocks.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return _PLAIN
    return blocks
