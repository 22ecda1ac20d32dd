"""The time of a record, whichever way its field has it."""

from __future__ import annotations

from casbd.errors import BadRecord
from casbd.wire import timestamps

_MISSING = (None, "")


def time_of(field: str, *moments: object) -> int:
    """Milliseconds since 1970 of the first of these that is a time, as text of any form or as a number since 1970 (`timestamps.read`).

    BadRecord names the field where none is one, or not between 2000 and 2100: a wrong time beside a good one harms nothing.
    """
    known = [moment for moment in moments if moment not in _MISSING and not (isinstance(moment, str) and moment.isspace())]
    mistakes = []
    for moment in known:
        try:
            return timestamps.read(moment)
        except ValueError as error:
            mistakes.append(f"{str(moment)[:40]!r}: {str(error)[:60]}" if isinstance(moment, str | int | float) else "is no time")
    raise BadRecord(f"{field} {mistakes[0]}" if mistakes else f"{field} is missing")
