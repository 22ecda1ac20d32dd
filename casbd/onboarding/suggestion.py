"""A mapping for records of an unknown format, guessed from their keys and values: a beginning to work on, not an answer.

A path is taken for a field where its values can be that field's (a time, an address), and its key, or the keys that lead
to it, say so. Each path is used once, each field gets its best path.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from casbd.records import addresses, record_path, timestamps

_DEEP, _MANY = 8, 2000
"""Levels and paths that are looked at: a record may be hostile."""

Paths = Mapping[tuple[record_path.Step, ...], Sequence[str]]


_LABELS = ("Name", "name", "Key", "key")
"""Of a list's {Name, Value}: paths go by the name."""


def leaves(records: Sequence[Any]) -> dict[tuple[record_path.Step, ...], list[str]]:
    """The values, as text, by the path that leads to them. Elements of a list share the list's path."""
    values_by_path: dict[tuple[record_path.Step, ...], list[str]] = {}
    for record in records:
        for path, value in _walk(record, ()):
            if path in values_by_path or len(values_by_path) < _MANY:
                values_by_path.setdefault(path, []).append(value)
    return values_by_path


def _walk(value: Any, path: tuple[record_path.Step, ...]) -> Iterator[tuple[tuple[record_path.Step, ...], str]]:
    if isinstance(value, dict) and len(path) < _DEEP:
        for key, inner in value.items():
            if key:  # nobody maps a field without a name, and {Name: ""} beside it would be taken for it
                yield from _walk(inner, (*path, key))
    elif isinstance(value, list):
        for inner in value:
            label = next((inner[key] for key in _LABELS if isinstance(inner.get(key), str)), "") if isinstance(inner, dict) else ""
            if label and (named := record_path.find([inner], (label,))):
                yield from _walk(named, (*path, label))
            elif not isinstance(inner, list):
                yield from _walk(inner, path)
    elif path:
        for text in record_path.texts([value]):
            if text:
                yield path, text


def suggest(records: Sequence[Any]) -> dict[str, str]:
    """Field of the activity to path, in the fields' order below; without `timestamp` where no time was found."""
    paths, taken, mapping = leaves(records), set(), {}
    for field, words, may_be in _FIELDS:
        scores = {path: _score(path, values, words, may_be) for path, values in paths.items() if path not in taken}
        best = max(scores, key=lambda path: (scores[path], -len(path)), default=None)
        if best is not None and scores[best] > 0:
            mapping[field] = record_path.write_path(best)
            taken.add(best)
    return mapping


def _score(
    path: tuple[record_path.Step, ...], values: Sequence[str], words: Sequence[str], may_be: Callable[[Sequence[str]], bool]
) -> float:
    """How well a path's name fits: its last key counts most, the key before it a little; the first words are the best."""
    names = [re.sub(r"[^a-z]", "", str(step).casefold()) for step in path[-2:]]
    best = 0.0
    for place, word in enumerate(words):
        whole, part = names[-1] == word and (word != "id" or len(path) == 1), word in names[-1] and word != "id"
        above = len(names) > 1 and word in names[0] and names[-1] in _WHAT_IT_IS
        both = "".join(names) == word
        best = max(best, (whole * 3 + both * 4 + part * 1 + above * 2) / (1 + place / 10))
    return best if best and may_be(values) else 0.0


_WHAT_IT_IS = frozenset({"id", "name", "email", "address", "value", "login", "username", "upn", "mail", "type", "ip", "displayname"})


def _times(values: Sequence[str]) -> bool:
    return all(map(_is_time, values[:20])) or time_format(values) is not None


def time_format(values: Sequence[str]) -> str | None:
    """How times are written that leave a question open (whose zone? day or month first?), as strptime has it; the first order that fits.

    None for times that casbd knows by themselves, and for what is none.
    """
    looked_at = values[:200]
    return next((form for form in _TIME_FORMATS if all(_fits(value, form) for value in looked_at)), None) if looked_at else None


_DATES = ("%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%b %d, %Y", "%d %b %Y", "%B %d, %Y", "%a %b %d %Y", "%d/%b/%Y")
_CLOCKS = ("%H:%M:%S", "%I:%M:%S %p", "%H:%M", "%I:%M %p", "%H:%M:%S %z", "%H:%M:%S.%f")
_TIME_FORMATS = tuple(f"{date}{gap}{clock}" for date in _DATES for clock in _CLOCKS for gap in (" ", ", ", ":"))


def _fits(text: str, form: str) -> bool:
    try:
        datetime.strptime(text.strip(), form)  # noqa: DTZ007  only whether it fits
    except ValueError:
        return False
    return True


def _is_time(text: str) -> bool:
    try:
        timestamps.read(text)
    except ValueError:
        return False
    return True


def _most_addresses(values: Sequence[str]) -> bool:
    return sum(addresses.parse(value).ip is not None for value in values) * 2 > len(values)


def _differ(values: Sequence[str]) -> bool:
    return len({*values}) == len(values) and not _times(values)


def _words(values: Sequence[str]) -> bool:
    return not _times(values) and not _most_addresses(values) and not all(value in ("true", "false") for value in values)


def _few(values: Sequence[str]) -> bool:
    return _words(values) and max(map(len, values)) < 80


_FIELDS: Sequence[tuple[str, Sequence[str], Callable[[Sequence[str]], bool]]] = (
    ("timestamp", ("timestamp", "time", "eventtime", "datetime", "created", "occurred", "published", "date", "when", "ts"), _times),
    ("ip_address", ("clientip", "sourceip", "ipaddress", "ip", "remoteaddr", "srcip", "remoteip", "address"), _most_addresses),
    ("user_agent", ("useragent", "ua", "browser"), _words),
    ("activity_id", ("eventid", "uuid", "id", "guid", "uid", "recordid", "requestid"), _differ),
    (
        "user",
        (
            "actoremail",
            "useremail",
            "email",
            "username",
            "userprincipalname",
            "upn",
            "actor",
            "login",
            "user",
            "account",
            "operator",
            "who",
        ),
        _words,
    ),
    ("action_type", ("action", "eventname", "operation", "eventtype", "event", "activity", "verb", "method", "type", "what"), _few),
    ("result", ("result", "outcome", "status", "success"), _few),
    ("result_detail", ("reason", "error", "errormessage", "failurereason"), _words),
    ("object_name", ("objectname", "targetname", "target", "filename", "file", "resource", "object", "path", "entity"), _words),
    ("object_type", ("objecttype", "targettype", "resourcetype", "entitytype"), _few),
    ("app", ("app", "application", "service", "product"), _few),
    ("app_instance", ("tenant", "organization", "org", "workspace", "accountid"), _few),
)
"""Field, words for it from the surest on, and what its values must be. Those that are recognised most surely come first."""
