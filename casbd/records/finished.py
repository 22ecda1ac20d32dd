"""What every activity gets before anybody looks at it, whichever way its record came: from a followed file, or from a rule's test."""

from __future__ import annotations

import hashlib

from msgspec.structs import astuple

from casbd.model.activity import Activity
from casbd.records import blanks, long_texts
from casbd.records.long_texts import LONGEST

try:
    from casbd.records import _usual
except ImportError:  # there was no compiler

    def usual(*_: object) -> bool:
        """Nothing is sure to be: Python looks at every text."""
        return False
else:
    usual = _usual.usual  # type: ignore[assignment]


_FIELDS = tuple(dict.fromkeys((*blanks.FIELDS, *long_texts.FIELDS)))
_PLACES = bytes(Activity.__struct_fields__.index(field) for field in _FIELDS)


def finish(activity: Activity, record: bytes, raw: str) -> None:
    """Complete what a format made of a record: unknown texts are None, long ones are bounded, the record is there, and an id.

    raw: the record as text. A format that reads a record within another has set it already. An activity whose record has no id
    gets a hash of the record as its id, so that the same record again is the same activity.
    """
    is_usual = usual(astuple(activity), _PLACES, LONGEST, activity.objects, blanks.FIELDS_OF_OBJECTS)
    if not is_usual:
        blanks.take_out(activity)
    if not activity.raw:
        activity.raw = raw
    if not activity.activity_id:
        activity.activity_id = hashlib.blake2b(record, digest_size=16).hexdigest()
    if not is_usual and len(record) > LONGEST:  # each window and alert would hold it; the record has it as it was
        long_texts.shorten(activity)
