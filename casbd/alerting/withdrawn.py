"""Anomalies that are none any more: a record that came late explains what was raised.

Then casbd closes the alert itself, takes back the commands of it that wait, and opens it again should it be found once more.
"""

from __future__ import annotations

import sqlite3

from msgspec.structs import replace

from casbd.alerting import telling
from casbd.model.alert import Alert

BY = "casbd"
"""Who closed it."""
WHY = "withdrawn: records that came later explain it"
HISTORY = 24 * 3_600_000
"""Milliseconds; an anomaly that was over so long before it was raised has the tag HISTORICAL."""
HISTORICAL = "history"


def withdraw(connection: sqlite3.Connection, alert: Alert, outputs: telling.Outputs, now: int) -> bool:
    """Close it, and tell the outputs; whether it was open. now: milliseconds since 1970.

    One that people have closed, or that became a part of another one, stays as it is.
    """
    if alert.status != "open" or alert.merged_into is not None:
        return False
    closed = replace(alert, status="closed", resolution="benign", comment=WHY, read=True, closed=now, closed_by=BY)
    telling.change(connection, closed, "closed", outputs, now)
    return True


def found_again(alert: Alert) -> Alert:
    """It as it was before it was withdrawn."""
    return replace(alert, status="open", resolution=None, comment=None, closed=None, closed_by=None)
