"""What every activity gets before anybody looks at it, whichever way its record came: from a followed file, or from a rule's test."""

from __future__ import annotations

import hashlib

from casbd.model.activity import Activity
from casbd.records.blanks import take_out
from casbd.records.long_texts import LONGEST, shorten


def finish(activity: Activity, record: bytes, raw: str) -> None:
    """Complete what a format made of a record: unknown texts are None, long ones are bounded, the record is there, and an id.

    raw: the record as text. A format that reads a record within another has set it already. An activity whose record has no id
    gets a hash of the record as its id, so that the same record again is the same activity.
    """
    take_out(activity)
    activity.raw = activity.raw or raw
    if not activity.activity_id:
        activity.activity_id = hashlib.blake2b(record, digest_size=16).hexdigest()
    if len(record) > LONGEST:  # each window and alert would hold it; the record has it as it was
        shorten(activity)
