"""What the first records of a file become in a format, and what of them no field of an activity holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from casbd.errors import BadRecord
from casbd.model.activity import FIELDS, Activity
from casbd.model.chunk import Chunk
from casbd.onboarding.suggestion import leaves
from casbd.plugins import Format
from casbd.records import opening, record_path
from casbd.records.finished import finish


class Trial(NamedTuple):
    """activities: not enriched, and without their place in the file. rejects: how many for each reason."""

    activities: list[Activity]
    rejects: Counter[str]


def parsed(plugin: Format, chunk: Chunk) -> Trial:
    """All records of `chunk`, as the format reads them."""
    activities: list[Activity] = []
    rejects = Counter(reject.reason for reject in chunk.rejects)
    for record in chunk.records:
        try:
            of_record = [*plugin.parse(record)]
            for activity in of_record:
                finish(activity, record, record.decode())
        except (BadRecord, UnicodeError) as error:
            rejects[str(error)] += 1
            continue
        activities += of_record
    return Trial(activities, rejects)


def only_in_records(chunk: Chunk, activities: Iterable[Activity]) -> list[tuple[str, list[str]]]:
    """(path, values) of what no field of `activities` holds; rules reach it by this path, which begins with `raw.`."""
    held = {text for activity in activities for text in _texts(activity)}
    records = [opening.decode(record.decode("utf-8", "replace")) for record in chunk.records]
    return [
        (f"raw.{record_path.write_path(path)}", values)
        for path, values in leaves(records).items()
        if not any(value.casefold() in held for value in values)
    ]


def _texts(activity: Activity) -> Iterator[str]:
    """All that an activity holds, as text."""
    for name in FIELDS:
        value = getattr(activity, name) if name not in ("raw", "objects") else None
        yield from (str(one).casefold() for one in (value if isinstance(value, tuple) else (value,)) if one is not None)
    for one in activity.objects:
        yield from (text.casefold() for text in (one.id, one.name, one.type) if text)
