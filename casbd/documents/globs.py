"""Globs over absolute paths: wildcards in any part, `**` for any number of directories, nothing hidden unless it is named."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable
from functools import lru_cache


@lru_cache(maxsize=256)
def _pattern(part: str, before: str) -> re.Pattern[str]:
    return re.compile(before + fnmatch.translate(part))


def matcher(part: str) -> Callable[[str], re.Match[str] | None]:
    """A function that says whether a name fits this part of a glob."""
    return _pattern(part, "" if part.startswith(".") else r"(?!\.)").match


def matcher_of_hidden(part: str) -> Callable[[str], re.Match[str] | None]:
    """A function that says whether a hidden name would fit this part, were it not hidden."""
    return _pattern("" if part.startswith(".") else part, "").match


def fits(pattern: str, path: str) -> bool:
    """Whether a file with this (absolute, normal) path would be found, if it were there."""
    return _fit([part for part in pattern.split("/") if part], [part for part in path.split("/") if part])


def _fit(parts: list[str], names: list[str]) -> bool:
    if not parts or not names:
        return not parts and not names
    if parts[0] == "**":
        deeper = not names[0].startswith(".") and len(names) > 1 and _fit(parts, names[1:])
        return deeper or _fit(parts[1:] or ["*"], names)
    return matcher(parts[0])(names[0]) is not None and _fit(parts[1:], names[1:])
