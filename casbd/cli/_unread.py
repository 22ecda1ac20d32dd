"""What was not read, as lines for people."""

from __future__ import annotations

from collections.abc import Sequence

from casbd.cli._common import cell
from casbd.model.unread import Unread

_MOST = 50


def lines(found: Sequence[Unread], more: int = 0) -> list[str]:
    """A line for each, with how much it is and what to do; many more are counted. Names and reasons cannot command the terminal."""
    told = [_line(one) for one in found[:_MOST]]
    more += max(0, len(found) - _MOST)
    return told + ([f"{more:,} more (see `casbd status --json`)"] if more else [])


def _line(one: Unread) -> str:
    size = f" ({one.size:,} bytes)" if one.size else ""
    advice = f"; {one.advice}" if one.advice else ""
    return cell(f"{one.path}{size}: {one.why}{advice}")
