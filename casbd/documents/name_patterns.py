"""Names that people list in the configuration: as they are, or with `*` for any characters, none included."""

from __future__ import annotations

import re
from collections.abc import Iterable

DOMAIN = re.compile(r"([\w-]+\.)+[\w-]+")


def domain_pattern(text: str) -> str:
    """A domain, or `*.contoso.com` for all below it, in small letters. ValueError where it is none."""
    domain = text.strip().lower()
    if not DOMAIN.fullmatch(domain.removeprefix("*.")):
        raise ValueError(f"`{text}` is no domain; write `contoso.com`, or `*.contoso.com` for all domains below it")
    return domain


class NamePatterns:
    """A list of names and patterns; `found` compares without regard to case, in linear time whatever the name is."""

    def __init__(self, patterns: Iterable[str]) -> None:
        by_folded = {pattern.casefold(): pattern for pattern in patterns}
        self._exact = {folded: pattern for folded, pattern in by_folded.items() if "*" not in folded}
        self._parts = [(folded.split("*"), pattern) for folded, pattern in by_folded.items() if "*" in folded]

    def __bool__(self) -> bool:
        return bool(self._exact or self._parts)

    def matching(self, name: str) -> str | None:
        """The first name or pattern, as it was written, that a name meets as a whole; None where there is none."""
        folded = name.casefold()
        if folded in self._exact:
            return self._exact[folded]
        return next((pattern for parts, pattern in self._parts if _meets(folded, parts)), None)


def _meets(name: str, parts: list[str]) -> bool:
    """Whether a name has the parts in their order, the first at its beginning and the last at its end; each as early as it can be."""
    first, *middle, last = parts
    at, end = len(first), len(name) - len(last)
    if at > end or not name.startswith(first) or not name.endswith(last):
        return False
    for part in middle:
        at = name.find(part, at, end)
        if at < 0:
            return False
        at += len(part)
    return True
