"""What a policy of repeated activity remembers of an activity that it has counted."""

from __future__ import annotations

import msgspec


class Entry(msgspec.Struct, array_like=True, gc=False):
    """One matching activity of a subject.

    key: a 64-bit hash of the activity, which orders entries of the same time. value: the casefolded value of the `unique`
    field. alert_id: the run it is in, filled in by `Runs`.
    """

    timestamp: int
    key: int
    activity_id: str
    value: str | None = None
    alert_id: str | None = None
