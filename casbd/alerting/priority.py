"""Investigation priority: whom to look at first. Each alert about a user adds what it is worth to the user's sum of seven days.

An alert is worth its risk score (`risk.py`); that of an anomaly from half of it to all, by how unusual it is. It counts once, and grows as
the alert does. Where it turned out to be a part of another one, was withdrawn, or was closed as benign or a false positive, it counts no
more; as a true positive it still does. Alerts that were held back count, those about casbd itself and those about the priority do not.
"""

from __future__ import annotations

import sqlite3

from casbd.alerting import risk
from casbd.model.alert import Alert
from casbd.model.identity import person
from casbd.store.state import priority

KIND = "priority"
"""Of `match:`, whose alerts are about the priority itself."""


def points(alert: Alert) -> int:
    """What an alert is worth, 0 to 100."""
    score = risk.score(alert, 0) if alert.risk_score is None else alert.risk_score
    return score if alert.unusual is None else round(score * (1 + min(max(alert.unusual, 0.0), 1.0)) / 2)


def note(connection: sqlite3.Connection, alert: Alert) -> None:
    """Inside the transaction that stores an alert: what it adds now."""
    if alert.user is None or alert.policy_type == "system" or alert.detection.partition(" ")[0] == KIND:
        return
    counts = alert.merged_into is None and (alert.status == "open" or alert.resolution == "true_positive")
    who = person(alert.user, alert.app, alert.app_instance)
    priority.put(connection, alert.alert_id, who, alert.policy_id, alert.country or "", alert.last_activity, points(alert), counts=counts)


def judged(connection: sqlite3.Connection, before: Alert, alert: Alert) -> None:
    """A person has said what an alert turned out to be, or taken it back.

    A false positive teaches. Benign does not: what it told was right, and the next time it may be somebody else who does it.
    """
    if alert.resolution == before.resolution:
        return
    if alert.resolution == "false_positive":
        priority.teach(connection, alert.alert_id)
    else:
        priority.unteach(connection, alert.alert_id)
