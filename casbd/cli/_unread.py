"""What was not read, as lines for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from casbd.cli._common import cell
from casbd.model.unread import Unread

_ALIKE = 10
"""Files that are named for one reason; more are counted."""


def lines(unread: Sequence[Unread], more: int = 0) -> list[str]:
    """A line for each, with how much it is and what to do; of many that are alike the first ones, and how many more there are.

    more: how many there are beyond `found`. Names and reasons cannot command the terminal.
    """
    lines_of: list[str] = []
    alike: Counter[str] = Counter()
    for one in unread:
        alike[one.why] += 1
        if alike[one.why] <= _ALIKE:
            lines_of.append(_line(one))
    lines_of += [f"{number - _ALIKE:,} more: {cell(why)}" for why, number in alike.items() if number > _ALIKE]
    return lines_of + ([f"{more:,} more"] if more else [])


def _line(one: Unread) -> str:
    size = f" ({one.size:,} bytes)" if one.size else ""
    advice = f"; {one.advice}" if one.advice else ""
    return cell(f"{one.path}{size}: {one.why}{advice}")
