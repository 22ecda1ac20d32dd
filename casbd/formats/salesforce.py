"""Salesforce: rows of event log files of any type; the Setup Audit Trail and the login history, as the objects' rows and as the
downloaded CSV; and real-time events, as rows of their objects and as the streaming API delivers them.

Sources: Salesforce, "EventLogFile Supported Event Types"
(https://developer.salesforce.com/docs/platform/object-reference/references/eventlogfile-supported-event-types/), its "Login Event Type"
and "LOGIN_STATUS Values", and "SetupAuditTrail" (https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/
object_reference/sforce_api_objects_setupaudittrail.htm), "LoginHistory" (.../sforce_api_objects_loginhistory.htm) and "Real-Time Event
Monitoring Objects" (https://developer.salesforce.com/docs/atlas.en-us.platform_events.meta/platform_events/
platform_events_objects_monitoring.htm); which event is which canonical activity is in
`casbd/data/salesforce_activities.yaml`.

What it cannot know: most events name the user by an id alone, and files too; a row has no id of its own, as REQUEST_ID is that of the
transaction. The downloaded trail writes its actions as sentences, which stay Unspecified, and has no address; its times are read where they
are American ones with the zone GMT, UTC or one of the United States.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, ClassVar
from urllib.parse import unquote

from casbd import plugins
from casbd.errors import BadRecord
from casbd.formats._activity_table import UNSPECIFIED, ActivityTable
from casbd.formats._lenient import as_object, share
from casbd.formats._objects import put_objects
from casbd.formats._salesforce_events import event_of, kind_of_event, payload
from casbd.formats._salesforce_row import Row, lower, time_in
from casbd.model.activity import Activity, ActivityObject
from casbd.plugins import registry
from casbd.records import addresses

TRAIL = "SetupAuditTrail"

APP = "Salesforce"


@registry.format
class Salesforce:
    """Event log files (CSV, any event type), real-time events, the login history, the Setup Audit Trail."""

    Options: ClassVar[type[plugins.Options]] = plugins.Options
    example: ClassVar[dict[str, Any]] = {}
    words: ClassVar[plugins.Words] = {"app": (APP,)}

    def __init__(self, options: plugins.Options) -> None:  # noqa: ARG002  it has no options
        self._table = ActivityTable("salesforce")

    @classmethod
    def claims(cls, sample: Sequence[bytes]) -> float:
        """Every row has EVENT_TYPE, a time and the organization or the request; or is of the trail, of which the columns are known."""
        return share(sample, lambda record: any(names <= {key.casefold() for key in payload(record)} for names in _SIGNS))

    def parse(self, record: bytes) -> Sequence[Activity]:
        """One activity. BadRecord where it is no JSON object or has no time, or neither event type nor action."""
        data = as_object(record)
        row = Row(payload(data))
        if event := row.text("EVENT_TYPE"):
            return (self._event(row, event),)
        if event := kind_of_event(data, row):
            return (event_of(row, event, self._table),)
        if action := row.text("ACTION"):
            return (self._trail(row, action),)
        raise BadRecord("neither EVENT_TYPE, EventDate, LoginTime nor Action")

    def _event(self, row: Row, event: str) -> Activity:
        """A row of an event log file."""
        part = row.text(*_PARTS.get(event, ()))
        kind = self._table.kind(f"{event}.{part}")
        if kind.activity_type == UNSPECIFIED:
            kind = self._table.kind(event)
        activity = Activity(_event_time(row), "", kind.activity_type, event, APP, row.text("ORGANIZATION_ID"))
        activity.is_admin_operation = kind.admin
        ident = row.text("USER_ID_DERIVED", "USER_ID")
        name = row.text("USER_NAME")
        things = [ActivityObject(of, of, kind, role) for ids, kind, role in _NAMED if (of := row.text(*ids))]
        if uri := row.text("URI_ID_DERIVED", "URI"):
            things.append(ActivityObject(uri, row.text("URI") or uri, "URI", "target"))
        if event == "LoginAs":
            activity.is_impersonated = True
            things.insert(0, ActivityObject(ident, lower(name) or ident, "User", "target"))
            ident, name = row.text("DELEGATED_USER_ID_DERIVED", "DELEGATED_USER_ID"), row.text("DELEGATED_USER_NAME")
        activity.user, activity.user_id = lower(name) or ident, ident
        activity.user_type = _USER_TYPES.get(row.text("USER_TYPE") or "", "Regular" if ident or name else None)
        for address in (row.text("CLIENT_IP"), row.text("SOURCE_IP")):
            if activity.ip_address is None:
                activity.ip_address, activity.ip_port = addresses.parse(address)
        agent = row.text("BROWSER_TYPE", "USER_AGENT")
        activity.user_agent = unquote(agent) if agent and not agent.isdecimal() else None  # a number is Salesforce's own code
        country = row.text("COUNTRY_CODE") or ""
        activity.country = country.upper() if len(country) == 2 and country.isascii() and country.isalpha() else None
        activity.result, activity.result_detail = _result(row, event)
        if event == "Login" and activity.result == "failure":
            activity.activity_type = "Failed log on"
        put_objects(activity, [thing for thing in things if thing.id or thing.name])
        return activity

    def _trail(self, row: Row, action: str) -> Activity:
        """A change in Setup. One who logged in as another is the one who did it."""
        moment = row.text("CREATEDDATE", "DATE") or ""
        kind = self._table.kind(f"{TRAIL}.{action}")
        activity = Activity(time_in("CreatedDate or Date", moment), row.text("ID") or "", kind.activity_type, action, APP)
        activity.is_admin_operation = True
        account = row.text("CREATEDBY.USERNAME", "USER", "CREATEDBY.NAME")
        ident, delegate = row.text("CREATEDBYID", "CREATEDBY.ID"), row.text("DELEGATEUSER", "DELEGATE USER")
        things = [ActivityObject(None, section, "Setup section", "target")] if (section := row.text("SECTION")) else []
        if delegate:
            activity.is_impersonated, activity.user = True, lower(delegate)
            if account or ident:
                things.append(ActivityObject(ident, lower(account) or ident, "User", "delegate"))
        else:
            activity.user, activity.user_id = lower(account) or ident, ident
            activity.user_display_name = row.text("CREATEDBY.NAME")
        activity.user_type = "Regular" if activity.user else None
        put_objects(activity, things)
        return activity


_SIGNS = (
    {"event_type", "timestamp_derived", "request_id"},
    {"event_type", "timestamp_derived", "organization_id"},
    {"event_type", "timestamp", "request_id", "organization_id"},
    {"date", "user", "source namespace prefix", "action", "section", "delegate user"},
    {"action", "section", "createddate", "display"},
    {"eventdate", "eventidentifier"},
    {"logintime", "userid", "status"},
    {"login time", "username", "status", "source ip"},
)
_PARTS = {
    "ContentTransfer": ("TRANSACTION_TYPE",),
    "ContentDocumentLink": ("SHARING_OPERATION",),
    "ContentDistribution": ("ACTION",),
    "GroupMembership": ("OPERATION",),
}
"""The columns that hold the kind of event."""
_NAMED = (
    (("DOCUMENT_ID_DERIVED", "DOCUMENT_ID"), "File", "target"),
    (("DELIVERY_ID",), "File link", "target"),
    (("REPORT_ID_DERIVED", "REPORT_ID"), "Report", "target"),
    (("DASHBOARD_ID_DERIVED", "DASHBOARD_ID"), "Dashboard", "target"),
    (("FEATURE_ID",), "Permission set", "target"),
    (("ENTITY_ID", "RELATED_ENTITY_ID"), "Record", "target"),
    (("ENTITY_NAME",), "Object", "target"),
    (("SHARED_WITH_ENTITY_ID",), "User", "grantee"),
    (("GROUP_ID",), "Group", "target"),
    (("MEMBER_ID",), "User", "target"),
)
"""Columns, what they name, and its role."""
_USER_TYPES = {"Guest": "Guest", "G": "Guest", "A": "System"}
_REQUESTS = {"S": "success", "F": "failure", "A": "failure", "N": "failure"}
"""REQUEST_STATUS: success, failure, authorization error, not found."""


def _result(row: Row, event: str) -> tuple[str | None, str | None]:
    """A failure where any column reports one, else a success, else what there is; and the reason."""
    status = row.text("LOGIN_STATUS")
    if event == "Login" and status:
        return ("success", None) if status == "LOGIN_NO_ERROR" else ("failure", status)
    verdicts = [verdict for verdict in (_of_request(row), _of_code(row), _of_flag(row)) if verdict]
    failure = next((verdict for verdict in verdicts if verdict[0] == "failure"), None)
    success = next((verdict for verdict in verdicts if verdict[0] == "success"), None)
    return failure or success or (verdicts[0] if verdicts else (None, None))


def _of_request(row: Row) -> tuple[str, str | None] | None:
    """REQUEST_STATUS: of the request as a whole."""
    request = row.text("REQUEST_STATUS")
    result = request and _REQUESTS.get(request, "unknown")
    return (result, None if result == "success" else request) if result else None


def _of_code(row: Row) -> tuple[str, str | None] | None:
    """The status of HTTP, of the API's own answer or a callout's."""
    code = next((text for column in ("STATUS_CODE", "HTTP_STATUS_CODE") if (text := row.text(column)) and _HTTP.fullmatch(text)), None)
    if code is None:
        return None
    return ("failure", code) if code >= "400" else ("success", None)


def _of_flag(row: Row) -> tuple[str, str | None] | None:
    """The columns of single event types: callouts, bulk jobs, packages, credentials."""
    reason = row.text("EXCEPTION_MESSAGE", "FAILURE_TYPE", "ERROR_MESSAGE")
    succeeded = row.flag("SUCCESS", "IS_SUCCESS", "IS_SUCCESSFUL")
    if succeeded is False or row.text("EXCEPTION_MESSAGE"):
        return "failure", reason
    return ("success", None) if succeeded else None


_HTTP = re.compile("[1-5][0-9][0-9]")


def _event_time(row: Row) -> int:
    """TIMESTAMP_DERIVED; or TIMESTAMP, `20260131120000.123` in UTC."""
    if derived := row.text("TIMESTAMP_DERIVED"):
        return time_in("TIMESTAMP_DERIVED", derived)
    plain = row.text("TIMESTAMP") or ""
    digits = _PLAIN.fullmatch(plain)
    return time_in("TIMESTAMP", "{}-{}-{}T{}:{}:{}".format(*digits.groups()) if digits else plain)


_PLAIN = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2}(?:\.[0-9]+)?)")
