"""Picking some fields out of the JSON text of records, far faster than decoding whole ones: in C, where there was a compiler.

What many records have alike (who did it, the address, the operation) need not even be decoded: the JSON text of some fields leads to
what was made of the same text before. It is for records as nearly all are: where one is odd in any way (escapes in names, a key twice,
very long numbers, deep nesting, no JSON at all) it is not picked from, and the format reads it as it reads all records elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

import msgspec

from casbd.remembered import Remembered

try:
    from casbd.records import _picking
except ImportError:  # there was no compiler
    COMPILED = False
else:
    COMPILED = True
"""Whether anything can be picked."""

T = TypeVar("T")
Path = tuple[str, ...]
"""A key of the record; or a key, and the name of a {Name, Value} or {Key, Value} in the list that stands there."""

_split = msgspec.json.Decoder(list[msgspec.Raw]).decode
_read_text = msgspec.json.Decoder(str | None).decode
_AS_TEXT, _AS_JSON, _FROM_MEMORY, _AS_MOMENT = 0, 1, 2, 3


class Output(NamedTuple):
    """One thing that is made of a record's fields."""

    what: int
    paths: Sequence[Path]
    memory: Remembered[bytes, Any] | None = None


def text(key: str) -> Output:
    """The text at a key, or None. DecodeError where another value is there."""
    return Output(_AS_TEXT, [(key,)])


def moment(key: str) -> Output:
    """The milliseconds since 1970 of a time between 2000 and 2100, written `2026-01-31T12:00:00[Z]`; of any other value as `text`."""
    return Output(_AS_MOMENT, [(key,)])


def json_of(key: str) -> Output:
    """The JSON text of whatever value is at a key; None where the record does not have it."""
    return Output(_AS_JSON, [(key,)])


def remembered(ask: Callable[[bytes], Any], paths: Sequence[Path], most: int) -> Output:
    """What `ask` says of a record that has some fields alone, as JSON; null are those that a record lacks. It may raise DecodeError."""

    def of_values(values: bytes) -> Any:
        return ask(_record_of(dict(zip(paths, _split(b"[%b]" % values), strict=True))))

    return Output(_FROM_MEMORY, paths, Remembered(of_values, most))


def _record_of(values: dict[Path, msgspec.Raw]) -> bytes:
    record: dict[str, Any] = {}
    for (key, *names), value in values.items():
        if names:
            record.setdefault(key, []).append({"Name": names[0], "Value": value})
        else:
            record[key] = value
    return msgspec.json.encode(record)


def picker(make: Callable[..., T], outputs: Sequence[Output]) -> Callable[[bytes], T | None] | None:
    """What gives `make(*outputs)` of a record; None for an odd one. It raises what an output raises. None where there was no compiler."""
    if not COMPILED:
        return None
    paths = dict.fromkeys(path for output in outputs for path in output.paths)
    keys = {key: [path for path in paths if path[0] == key and path[1:]] for key, *_ in paths}
    named = [path for several in keys.values() for path in several]
    place = {(key,): number for number, key in enumerate(keys)} | {path: len(keys) + number for number, path in enumerate(named)}
    pick: Callable[[bytes], T | None] = _picking.Picker(
        make,
        _read_text,
        tuple((key.encode(), len(several)) for key, several in keys.items()),
        tuple(name.encode() for _, name in named),
        tuple((output.what, len(output.paths), output.memory) for output in outputs),
        tuple(place[path] for output in outputs for path in output.paths),
    ).pick
    return pick
