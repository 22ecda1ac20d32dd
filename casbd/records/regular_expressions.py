"""Regular expressions that people write, in rules and mappings: RE2's, of bounded size, and how much of a text they look at.

RE2 takes time in proportion to the text and, at its worst, to the size of the expression's program
(https://github.com/google/re2/wiki/WhyRE2): 3.4 ns a character and instruction were measured. A search cannot be interrupted, so
what one may take is bounded: a fifth of a second.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import re2

MOST_INSTRUCTIONS = 2_500
"""Of one regular expression. `.{300}` makes 2,400."""
MOST_TEXT = 100_000
"""Characters that a regular expression looks at; the rest of a longer text is as if it were not there."""
MOST_WORK = 50_000_000
"""Characters times instructions of one search: one of more than 500 instructions looks at fewer characters."""


def compiled(pattern: str | bytes, *, any_case: bool) -> Any:
    """The compiled pattern; re2.error where RE2 refuses it. One of bytes takes UTF-8, which saves the wrapper counting characters."""
    return re2.compile(pattern, _options(any_case=any_case))


def finder(pattern: bytes) -> Callable[[bytes], object]:
    """Says whether anything in UTF-8 matches a pattern, not where, in two thirds of the time of a search. None where nothing does.

    re2.Error where RE2 would need more than 8 MB for it; one that is 80,000 bytes of plain text is not too large.
    """
    found = re2.Set.SearchSet(_options(any_case=False))
    found.Add(pattern)
    found.Compile()
    match: Callable[[bytes], object] = found.Match
    return match


def _options(*, any_case: bool) -> Any:
    options = re2.Options()
    options.case_sensitive = not any_case
    options.log_errors = False
    return options


def size(expression: Any) -> int:
    """How many instructions RE2 has made of it, with each of which a text may have to be compared at every character."""
    return int(expression.programsize)


def looks_at(expression: Any) -> int:
    """How many characters of a text an expression is shown."""
    return min(MOST_TEXT, MOST_WORK // max(size(expression), 1))


def why_not(expression: Any) -> str:
    """Why an expression is too large; empty where it is not."""
    if size(expression) <= MOST_INSTRUCTIONS:
        return ""
    return f"RE2 makes {size(expression):,} instructions of this regular expression; at most {MOST_INSTRUCTIONS:,} are allowed"


REPEAT_LESS = "repeat less: a number in braces copies what stands before it"
