"""Values in rule files that no activity can have: `activity_type: {eq: Logon}` is right as YAML, and never holds.

It is a warning, not a mistake: a later version, or another input, may know the value.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from casbd.documents import Document, Where
from casbd.errors import Mistake, Mistakes
from casbd.filters.reading import GROUPS
from casbd.policies.loading import rule_files
from casbd.policies.rule_places import exception_files
from casbd.policies.sigma import is_sigma

Known = Mapping[str, frozenset[str]]
"""By field, what it can hold, as patterns of fnmatch."""


def unknown_values(directories: Sequence[Path], words: Known) -> Iterator[Mistake]:
    """Each such value of `eq` and `neq` in rules and exceptions, with its place and the nearest value that there is.

    Files that are wrong, and Sigma rules, whose words are the vendors', are passed over.
    """
    with suppress(Mistakes):
        for path in [*rule_files(directories), *exception_files(directories)]:
            with suppress(Mistakes):
                for document in Document.several(path):
                    for filters, where in _filters(document.data):
                        yield from _unknown(document, filters, where, words)


def _filters(data: Any) -> Iterator[tuple[Any, Where]]:
    """The filters of a file, and where they stand."""
    if not isinstance(data, dict) or is_sigma(data):
        return
    yield data.get("filters"), ["filters"]
    match = given if isinstance(given := data.get("match"), dict) else {}
    for index, step in enumerate(_list(match.get("sequence"))):
        yield step, ["match", "sequence", index]
    for key in ("after", "until"):
        yield match.get(key), ["match", key]
    for index, exception in enumerate(_list(data.get("exceptions"))):
        if isinstance(exception, dict):
            yield exception.get("filters"), ["exceptions", index, "filters"]


def _unknown(document: Document, filters: Any, where: Where, words: Known) -> Iterator[Mistake]:
    if not isinstance(filters, dict):
        return
    for key, value in filters.items():
        if key in GROUPS:
            for index, element in enumerate(_list(value)):
                yield from _unknown(document, element, [*where, key, index], words)
        elif key in words and isinstance(value, dict):
            for operator in value.keys() & {"eq", "neq"}:
                yield from _values(document, value[operator], [*where, key, operator], words[key])


def _values(document: Document, value_or_list: Any, where: Where, words: frozenset[str]) -> Iterator[Mistake]:
    several = isinstance(value_or_list, list)
    for index, value in enumerate(value_or_list if several else [value_or_list]):
        if isinstance(value, str) and not any(fnmatchcase(value.casefold(), one.casefold()) for one in words):
            message = f"`{where[-2]}` can be no `{value}`, so `{where[-1]}` {_MEANS[str(where[-1])]} for it"
            yield document.mistake([*where, index] if several else where, message, _nearest(value, words), at_key=False)


_MEANS = {"eq": "never holds", "neq": "always holds"}


def _nearest(value: str, words: frozenset[str]) -> str:
    """The nearest one: spelt alike, or with the word in it; all, if they are few."""
    names = {name.casefold(): name for name in words if "*" not in name}
    alike = difflib.get_close_matches(value.casefold(), names, 1)
    alike += sorted((folded for folded in names if value.casefold() in folded), key=len)
    if alike:
        return f"did you mean `{names[alike[0]]}`?"
    return f"allowed: {', '.join(sorted(names.values()))}" if 0 < len(names) <= _FEW else ""


_FEW = 20
"""So many values can be listed in one line."""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
