"""The time of a record, whichever way its field has it."""

from __future__ import annotations

from operator import itemgetter

from casbd.errors import BadRecord
from casbd.records import timestamps


def time_of(field: str, *moments: object) -> int:
    """Milliseconds since 1970 of the first of these that is a time, as text of any form or as a number since 1970 (`timestamps.read`).

    BadRecord names the field where none is one, or not between 2000 and 2100: a wrong time beside a good one harms nothing.
    """
    mistakes = []
    for moment in moments:
        if moment is not None:
            try:
                return timestamps.read(moment)
            except ValueError as error:
                mistakes.append((_is_blank(moment), _told(moment, error)))
    raise BadRecord(f"{field} {min(mistakes, key=itemgetter(0))[1]}" if mistakes else f"{field} is missing")


def _told(moment: object, error: ValueError) -> str:
    return f"{str(moment)[:40]!r}: {str(error)[:60]}" if isinstance(moment, str | int | float) else "is no time"


def _is_blank(moment: object) -> bool:
    """Such a mistake is reported only where there is no other."""
    return isinstance(moment, str) and not moment.strip()
