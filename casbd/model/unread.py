"""What of an input was not read, and what can be done about it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

Kind = Literal["unread", "waiting", "left_out"]


class Unread(msgspec.Struct, frozen=True, kw_only=True):
    """One file (or name, or directory) of an input.

    kind: `unread`: somebody must do something; `waiting`: it may be read later without that, as it may still be being written;
    `left_out`: the input's path does not ask for it, as with hidden files.
    size: bytes that were not read, where that is known. advice: what to do; empty where there is nothing.
    """

    input: str
    path: str
    why: str
    advice: str = ""
    size: int | None = None
    kind: Kind = "unread"


def problems(unread: Iterable[Unread]) -> dict[str, str]:
    """By input, in one line: the first of it that the path asks for, and how many more there are."""
    by_input: dict[str, list[Unread]] = {}
    for one in unread:
        if one.kind != "left_out":
            by_input.setdefault(one.input, []).append(one)
    more = {name: f" (and {len(ones) - 1} more)" if len(ones) > 1 else "" for name, ones in by_input.items()}
    return {name: f"{ones[0].path}: {ones[0].why}{more[name]}" for name, ones in by_input.items()}
