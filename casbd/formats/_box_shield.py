"""What Box Shield's alerts hold beside the event that they come in: from where, and on which files.

Source: Box, "Shield alert events" (https://developer.box.com/guides/events/event-triggers/shield-alert-events): suspicious locations and
sessions list activities, anomalous downloads and ransomware addresses, malicious content the upload and the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from casbd.formats._plain import dict_of, list_of, scalar_of
from casbd.model.activity import ActivityObject


def place_of(alert: dict[str, Any]) -> dict[str, Any]:
    """The first address that the alert is about, with what Box knows of it: `ip`, `country_code`, `city_name`; else empty."""
    summary = dict_of(alert.get("alert_summary"))
    listed = (*list_of(summary.get("ip_details")), *list_of(summary.get("download_ips")))
    places = (*(one.get("ip_info") for one in _activities(summary)), *listed)
    return next((place for place in map(dict_of, places) if scalar_of(place.get("ip"))), {})


def items_of(alert: dict[str, Any]) -> Iterator[ActivityObject]:
    """The files and folders that were touched, and who put malicious content there."""
    for one in _activities(dict_of(alert.get("alert_summary"))):
        identifier, name = scalar_of(one.get("item_id")), scalar_of(one.get("item_name"))
        if identifier or name:
            yield ActivityObject(identifier, name, (scalar_of(one.get("item_type")) or "file").capitalize(), "target")
    malware = dict_of(alert.get("malware_info"))
    identifier, name = scalar_of(malware.get("file_id")), scalar_of(malware.get("file_name"))
    if identifier or name:
        yield ActivityObject(identifier, name, "File", "target")
    author = dict_of(malware.get("file_version_uploaded_by")) or dict_of(malware.get("file_created_by"))
    identifier, name = scalar_of(author.get("id")), scalar_of(author.get("email"))
    if identifier or name:
        yield ActivityObject(identifier, name, "User", "author")


def _activities(summary: dict[str, Any]) -> list[dict[str, Any]]:
    """What was done; of several sessions what was done in the suspicious ones: the typical ones stand there to compare with."""
    activities = [*list_of(summary.get("alert_activities")), summary.get("upload_activity")]
    for session in map(dict_of, list_of(summary.get("sessions"))):
        if session.get("session_type") != "typical":
            activities += list_of(session.get("activities"))
    return [dict_of(one) for one in activities]
