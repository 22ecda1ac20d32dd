"""Salesforce's real-time events and login history: who, where from, and what came of it stand under one set of names in all of them."""

from __future__ import annotations

from typing import Any

from casbd.formats._activity_table import UNSPECIFIED, ActivityTable
from casbd.formats._objects import put_objects
from casbd.formats._plain import dict_of, text_of
from casbd.formats._salesforce_row import Row, lower, time_in
from casbd.model.activity import Activity, ActivityObject
from casbd.records import addresses

HISTORY = "LoginHistory"


def payload(record: dict[str, Any]) -> dict[str, Any]:
    """What the streaming API delivers in `{"channel": ..., "data": {"payload": {...}}}`; else the record."""
    return dict_of(dict_of(record.get("data")).get("payload")) or dict_of(record.get("payload")) or record


def kind_of_event(record: dict[str, Any], row: Row) -> str | None:
    """The event's object (`LoginEvent`), of its row or of the channel that it came by; None where the row is of no event."""
    if row.text("LOGINTIME", "LOGIN TIME"):
        return HISTORY
    if row.text("EVENTDATE") is None:
        return None
    name = row.text("ATTRIBUTES.TYPE") or (text_of(record.get("channel")) or "").rpartition("/")[2]
    return name.removesuffix("Store").removesuffix("Stream") or "Event"


def event_of(row: Row, event: str, table: ActivityTable) -> Activity:
    """One activity. BadRecord where it has no time."""
    column = "LOGINTIME" if event == HISTORY else "EVENTDATE"
    kind = table.kind(f"{event}.{row.text('OPERATION')}")
    if kind.activity_type == UNSPECIFIED:
        kind = table.kind(event)
    moment = time_in(column, row.text(column, "LOGIN TIME") or "")
    activity = Activity(moment, row.text("EVENTIDENTIFIER", "ID") or "", kind.activity_type, event, "Salesforce")
    activity.is_admin_operation = kind.admin
    ident, name = row.text("USERID"), row.text("USERNAME")
    things = [ActivityObject(of, row.text("NAME") or of, kind, "target") for column, kind in _NAMED if (of := row.text(column))]
    if delegate := row.text("DELEGATEDUSERNAME"):
        activity.is_impersonated = True
        things.insert(0, ActivityObject(ident, lower(name) or ident, "User", "target"))
        ident, name = None, delegate
    activity.user, activity.user_id = lower(name) or ident, ident
    activity.user_type = "Regular" if activity.user else None
    activity.ip_address, activity.ip_port = addresses.parse(row.text("SOURCEIP", "SOURCE IP"))
    activity.user_agent = row.text("USERAGENT")
    country = row.text("COUNTRYISO") or ""
    activity.country = country.upper() if len(country) == 2 and country.isascii() and country.isalpha() else None
    activity.result, activity.result_detail = _result(row)
    if kind.activity_type == "Log on" and activity.result == "failure":
        activity.activity_type = "Failed log on"
    put_objects(activity, things)
    return activity


_NAMED = (
    ("REPORTID", "Report"),
    ("LISTVIEWID", "List view"),
    ("RECORDID", "Record"),
    ("CONTENTDOCUMENTID", "File"),
    ("QUERIEDENTITIES", "Object"),
    ("PARENTNAME", "Permission set"),
)
_RESULTS = {
    "success": "success",
    "succeeded": "success",
    "automatedsuccess": "success",  # of a verification that was not needed
    "initiated": "unknown",
    "inprogress": "unknown",
}
_OUTCOMES = {
    **dict.fromkeys(("Block", "MeteringBlock", "EndSession", "FailedInvalidPassword", "FailedPasswordLockout"), "failure"),
    **dict.fromkeys(("TwoFADenied", "TwoFAReportedDenied", "TwoFAFailedGeneralError", "TwoFAFailedInvalidCode"), "failure"),
    "TwoFAFailedTooManyAttempts": "failure",
    **dict.fromkeys(("TwoFASucceeded", "TwoFAAutomatedSuccess"), "success"),
}
"""PolicyOutcome, where it decides; a policy that did nothing says nothing of the result."""


def _result(row: Row) -> tuple[str | None, str | None]:
    """What a transaction security policy did, else the status: whatever is no success is the reason of a failure."""
    outcome = row.text("POLICYOUTCOME")
    verdict = _OUTCOMES.get(outcome or "")
    if verdict == "failure":
        return verdict, outcome
    status = row.text("STATUS", "OPERATIONSTATUS")
    if status is None:
        return verdict, None
    result = _RESULTS.get(status.casefold().replace(" ", ""), "failure")
    return result, status if result == "failure" else None
