"""The id of the session that an activity was done in: asked of nearly every record, so it is picked out of it where that can be done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

import msgspec

from casbd.counting.subjects import different
from casbd.model.activity import Activity
from casbd.records.picking import json_of, picker
from casbd.records.record_path import RawReader, parse_path

Read = Callable[[Activity, RawReader], str | None]
_decode = msgspec.json.Decoder().decode


@lru_cache(100)
def session_ids(fields: tuple[str, ...]) -> Read:
    """What reads the first of some fields that says it; None where none does."""
    reads = [_reading(field) for field in fields]

    def read(activity: Activity, reader: RawReader) -> str | None:
        for one in reads:
            if session := one(activity, reader):
                return session
        return None

    return read


def _reading(field: str) -> Read:
    if not field.startswith("raw."):
        return lambda activity, reader: different(field, activity, reader)
    path = parse_path(field[4:])
    keys = [step for step in path if isinstance(step, str) and step.isascii()]
    pick = picker(lambda value: (value,), [json_of(keys[0])]) if len(keys) == len(path) else None

    def read(activity: Activity, reader: RawReader) -> str | None:
        record = activity.raw
        if pick is not None and keys[-1] in record:
            sure, session = _picked(pick, keys, record)
            if sure:
                return session
        values = reader.find(record, path)  # without the care that other values need, as a hash of it is all that is kept
        return values[0] if len(values) == 1 and isinstance(values[0], str) else None

    return read


def _picked(pick: Callable[[bytes], tuple[bytes | None] | None], keys: Sequence[str], record: str) -> tuple[bool, str | None]:
    """Whether it is certain what is at a path of keys, as they are written so, or the first is not there; and the text there."""
    try:
        found = pick(record.encode())
        if found is None:
            return False, None
        if found[0] is None:
            return _is_nowhere(keys[0], record), None
        value = _decode(found[0])
    except (msgspec.DecodeError, UnicodeError):
        return False, None
    for key in keys[1:]:
        if not isinstance(value, dict):
            return False, None
        value = value.get(key)
    return isinstance(value, str), value


def _is_nowhere(key: str, record: str) -> bool:
    """Whether a record that does not have a key does not have it in other letters either, as no text in it is that."""
    return record.isascii() and record.lower().count(f'"{key.lower()}"') == record.count(f'"{key}"')
