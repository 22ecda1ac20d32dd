"""What a policy of repeated activity remembers of an activity that it has counted."""

from __future__ import annotations

import msgspec


class Entry(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """One matching activity of a subject. All policies that count the same of it have the same one.

    key: a 64-bit hash of the activity, which orders entries of the same time. value: the casefolded value of the `unique`
    field. alert_id: the run it is in, where that is stored; what `Runs` hold does not say. belongs: the user groups of who did it, where an
    anomaly policy observes it; None: it was none of the organization's own.
    """

    timestamp: int
    key: int
    activity_id: str
    value: str | None = None
    alert_id: str | None = None
    belongs: tuple[str, ...] | None = ()

    def in_run(self, alert_id: str) -> Entry:
        """The same entry as one of a run."""
        return Entry(self.timestamp, self.key, self.activity_id, self.value, alert_id)
