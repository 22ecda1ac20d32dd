"""Alerts for tests of who is told of them."""

from builders import NOON

from casbd.model.alert import Alert


def alert(number: int = 1, **fields) -> Alert:
    base = {
        "alert_id": f"{number:032x}",
        "policy_id": "failed",
        "policy_name": "Failed log ons",
        "policy_type": "activity",
        "severity": "medium",
        "category": "threat_detection",
        "title": "Failed log ons",
        "description": "Activity policy 'Failed log ons' was triggered by 'a@contoso.com'",
        "user": "a@contoso.com",
        "app": "Microsoft Entra ID",
        "ip_address": "203.0.113.7",
        "country": "NO",
        "first_activity": NOON,
        "last_activity": NOON,
        "activity_count": 1,
        "created": NOON,
    }
    return Alert(**base | fields)
