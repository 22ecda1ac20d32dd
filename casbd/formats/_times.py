"""The time of a record, whichever way its field has it."""

from __future__ import annotations

import re

from casbd.errors import BadRecord
from casbd.wire import timestamps

_EPOCH = re.compile(r"[0-9]{9,19}(?:\.[0-9]*)?")


def time_of(field: str, moment: object) -> int:
    """Milliseconds since 1970: of ISO 8601 text, or of seconds to nanoseconds since 1970 as a number or as text.

    BadRecord names the field where it is anything else, or not between 2000 and 2100.
    """
    try:
        if isinstance(moment, str):
            return timestamps.from_epoch(float(moment)) if _EPOCH.fullmatch(moment) else timestamps.parse(moment)
        if isinstance(moment, int | float) and not isinstance(moment, bool):
            return timestamps.from_epoch(moment)
    except ValueError as error:
        raise BadRecord(f"{field} {str(moment)[:40]!r}: {str(error)[:60]}") from None
    raise BadRecord(f"{field} is missing" if moment is None else f"{field} is no time")
