"""Salesforce: rows of event log files of any type, and the Setup Audit Trail, as the object's rows and as the downloaded CSV.

Sources: Salesforce, "EventLogFile Supported Event Types"
(https://developer.salesforce.com/docs/platform/object-reference/references/eventlogfile-supported-event-types/), its "Login Event Type"
and "LOGIN_STATUS Values", and "SetupAuditTrail" (https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/
object_reference/sforce_api_objects_setupaudittrail.htm); which event is which canonical activity is in
`casbd/data/salesforce_activities.yaml`.

What it cannot know: most events name the user by an id alone, and files too; a row has no id of its own, as REQUEST_ID is that of the
transaction. The downloaded trail tells its actions in sentences, which stay Unspecified, and no address; its times are read where they
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
from casbd.formats._lenient import as_dict, share, why_not
from casbd.formats._objects import put_objects
from casbd.model.activity import Activity, ActivityObject
from casbd.registry import plugin
from casbd.wire import addresses, timestamps

TRAIL = "SetupAuditTrail"


@plugin
class Salesforce:
    """`format: salesforce`."""

    Options: ClassVar[type[plugins.Options]] = plugins.Options
    example: ClassVar[dict[str, Any]] = {}

    def __init__(self, options: plugins.Options) -> None:  # noqa: ARG002  it has no options
        self._table = ActivityTable("salesforce")

    @classmethod
    def claims(cls, sample: Sequence[bytes]) -> float:
        """Every row has EVENT_TYPE, a time and the organization or the request; or is of the trail, of which the columns are known."""
        return share(sample, lambda record: any(names <= {key.casefold() for key in record} for names in _SIGNS))

    def parse(self, record: bytes) -> Sequence[Activity]:
        """One activity. BadRecord where it is no JSON object or has no time, or neither event type nor action."""
        data = as_dict(record)
        if data is None:
            raise BadRecord(why_not(record))
        row = _Row(data)
        if event := row.text("EVENT_TYPE"):
            return (self._event(row, event),)
        if action := row.text("ACTION"):
            return (self._trail(row, action),)
        raise BadRecord("neither EVENT_TYPE nor Action")

    def _event(self, row: _Row, event: str) -> Activity:
        """A row of an event log file."""
        part = row.text(*_PARTS.get(event, ()))
        kind = self._table.kind(f"{event}.{part}")
        if kind.activity_type == UNSPECIFIED:
            kind = self._table.kind(event)
        activity = Activity(_event_time(row), "", kind.activity_type, event, "Salesforce", row.text("ORGANIZATION_ID"))
        activity.is_admin_operation = kind.admin
        ident = row.text("USER_ID_DERIVED", "USER_ID")
        name = row.text("USER_NAME")
        things = [ActivityObject(of, of, kind, role) for ids, kind, role in _NAMED if (of := row.text(*ids))]
        if event == "LoginAs":
            activity.is_impersonated = True
            things.insert(0, ActivityObject(ident, _lower(name) or ident, "User", "target"))
            ident, name = row.text("DELEGATED_USER_ID_DERIVED", "DELEGATED_USER_ID"), row.text("DELEGATED_USER_NAME")
        activity.user, activity.user_id = _lower(name) or ident, ident
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

    def _trail(self, row: _Row, action: str) -> Activity:
        """A change in Setup. One who logged in as another is the one who did it."""
        moment = row.text("CREATEDDATE", "DATE") or ""
        kind = self._table.kind(f"{TRAIL}.{action}")
        activity = Activity(_time("CreatedDate or Date", moment), row.text("ID") or "", kind.activity_type, action, "Salesforce")
        activity.is_admin_operation = True
        account = row.text("CREATEDBY.USERNAME", "USER", "CREATEDBY.NAME")
        ident, delegate = row.text("CREATEDBYID", "CREATEDBY.ID"), row.text("DELEGATEUSER", "DELEGATE USER")
        things = [ActivityObject(None, section, "Setup section", "target")] if (section := row.text("SECTION")) else []
        if delegate:
            activity.is_impersonated, activity.user = True, _lower(delegate)
            if account or ident:
                things.append(ActivityObject(ident, _lower(account) or ident, "User", "delegate"))
        else:
            activity.user, activity.user_id = _lower(account) or ident, ident
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
)
_PARTS = {
    "ContentTransfer": ("TRANSACTION_TYPE",),
    "ContentDocumentLink": ("SHARING_OPERATION",),
    "ContentDistribution": ("ACTION",),
}
"""The columns that tell what kind of event it is."""
_NAMED = (
    (("DOCUMENT_ID_DERIVED", "DOCUMENT_ID"), "File", "target"),
    (("DELIVERY_ID",), "File link", "target"),
    (("REPORT_ID_DERIVED", "REPORT_ID"), "Report", "target"),
    (("DASHBOARD_ID_DERIVED", "DASHBOARD_ID"), "Dashboard", "target"),
    (("FEATURE_ID",), "Permission set", "target"),
    (("ENTITY_ID", "RELATED_ENTITY_ID"), "Record", "target"),
    (("ENTITY_NAME",), "Object", "target"),
    (("SHARED_WITH_ENTITY_ID",), "User", "grantee"),
    (("URI",), "URI", "target"),
)
"""Columns, what they name, and its role."""
_USER_TYPES = {"Guest": "Guest", "G": "Guest", "A": "System"}
_REQUESTS = {"S": "success", "F": "failure", "A": "failure", "N": "failure"}
"""REQUEST_STATUS: success, failure, authorization error, not found."""


class _Row:
    """A row's columns by name without regard to case, as tools that query the object write them; a related row as `CreatedBy.Name`."""

    def __init__(self, record: dict[str, Any]) -> None:
        self._values = dict(zip(map(str.upper, record), record.values(), strict=True))
        for key, value in record.items():
            if isinstance(value, dict):
                self._values |= {f"{key}.{name}".upper(): inner for name, inner in value.items()}

    def text(self, *names: str) -> str | None:
        """The first of these, in upper case, that is there."""
        for name in names:
            value = self._values.get(name)
            if value is not None and (text := _text(value)):
                return text
        return None


def _text(value: Any) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        return None
    return (value if value.isascii() else _HALF_A_PAIR.sub("\ufffd", value)).strip() or None


_HALF_A_PAIR = re.compile("[\ud800-\udfff]")


def _lower(name: str | None) -> str | None:
    return name.lower() if name and "@" in name else name


def _result(row: _Row, event: str) -> tuple[str | None, str | None]:
    status = row.text("LOGIN_STATUS")
    if event == "Login" and status:
        return ("success", None) if status == "LOGIN_NO_ERROR" else ("failure", status)
    request = row.text("REQUEST_STATUS")
    if request:
        result = _REQUESTS.get(request, "unknown")
        return result, None if result == "success" else request
    code = row.text("STATUS_CODE") or ""
    if len(code) == 3 and code.isdecimal():
        return ("failure", code) if code >= "400" else ("success", None)
    return None, None


def _event_time(row: _Row) -> int:
    """TIMESTAMP_DERIVED; or TIMESTAMP, `20260131120000.123` in UTC."""
    if derived := row.text("TIMESTAMP_DERIVED"):
        return _time("TIMESTAMP_DERIVED", derived)
    plain = row.text("TIMESTAMP") or ""
    found = _PLAIN.fullmatch(plain)
    return _time("TIMESTAMP", "{}-{}-{}T{}:{}:{}".format(*found.groups()) if found else plain)


_PLAIN = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2}(?:\.[0-9]+)?)")
_AMERICAN = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4}),?\s+([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?\s+([AP])M\s+([A-Z]{2,5})")
_ZONES = {"GMT": 0, "UTC": 0, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7}
_ZONES |= {"AKST": -9, "AKDT": -8, "HST": -10}


def _time(column: str, text: str) -> int:
    found = _AMERICAN.fullmatch(text)
    if found is None and "/" in text:
        raise BadRecord(f"{column} {text[:40]!r}: not an American date and time with a zone, such as 1/31/2026, 12:00:00 PM PST")
    try:
        return timestamps.parse(_iso(column, found) if found else text)
    except ValueError as error:
        raise BadRecord(f"{column} {text[:40]!r}: {str(error)[:60]}") from None


def _iso(column: str, found: re.Match[str]) -> str:
    month, day, year, hour, minute, second, half, zone = found.groups()
    if zone not in _ZONES:
        raise BadRecord(f"{column} {found[0][:40]!r}: the zone {zone} is not known")
    if not 0 < int(hour) < 13:
        raise BadRecord(f"{column} {found[0][:40]!r}: no such hour")
    hours = int(hour) % 12 + (12 if half == "P" else 0)
    return f"{year}-{month:0>2}-{day:0>2}T{hours:02}:{minute}:{second or '00'}{_ZONES[zone]:+03}:00"
