"""Google Cloud Audit Logs: log entries as Logging exports them, to files, buckets, Pub/Sub, and as rows of BigQuery.

All kinds: admin activity, data access, system events, denials by policy, and what Google Workspace and Cloud Identity send there.
Sources: Google, "AuditLog" and "LogEntry" (https://docs.cloud.google.com/logging/docs/reference/audit/auditlog/rest/Shared.Types/AuditLog
and .../docs/reference/v2/rest/v2/LogEntry), "Understanding audit logs" (.../docs/audit/understanding-audit-logs), "AuditData" of IAM
(.../docs/reference/audit/iam/rest/Shared.Types/AuditData), "Login Audit" (.../docs/audit/gsuite-login-samples); which method is which
canonical activity is in `casbd/data/gcp_activities.yaml`.

What it cannot know: inside Google the address reads `private` or `gce-internal-ip`, and callers of public data have no name. A long
operation writes an entry as it starts, whose result is `unknown`, and another one as it ends.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, ClassVar

import msgspec

from casbd import plugins
from casbd.errors import BadRecord
from casbd.formats._activity_table import UNSPECIFIED, ActivityTable
from casbd.formats._gcp_objects import delegates, dicts_of, grants, resources, role_changes, workspace_objects
from casbd.formats._lenient import Reader, share
from casbd.formats._objects import put_objects
from casbd.formats._plain import dict_of, text_of
from casbd.formats._times import time_of
from casbd.model.activity import Activity
from casbd.plugins import registry
from casbd.records import addresses
from casbd.remembered import Remembered


class Record(msgspec.Struct, gc=False):
    """The part of a log entry that becomes an activity; names are Google's (and BigQuery's), the rest stays in `raw`."""

    timestamp: str | None = None
    receiveTimestamp: str | None = None  # noqa: N815
    insertId: str | None = None  # noqa: N815
    logName: str | None = None  # noqa: N815
    protoPayload: Any = None  # noqa: N815
    protopayload_auditlog: Any = None
    resource: Any = None
    operation: Any = None


WORKSPACE, CLOUD = "Google Workspace", "Google Cloud"


@registry.format
class Gcp:
    """Google Cloud's audit logs: log entries (admin activity, data access, denials, log ons), rows of BigQuery."""

    Options: ClassVar[type[plugins.Options]] = plugins.Options
    example: ClassVar[dict[str, Any]] = {}
    words: ClassVar[plugins.Words] = {"app": (WORKSPACE, CLOUD)}

    def __init__(self, options: plugins.Options) -> None:  # noqa: ARG002  it has no options
        self._read = Reader(
            Record, "log entry of Google Cloud", (), ("protoPayload", "protopayload_auditlog", "resource", "operation")
        ).read
        self._table = ActivityTable("gcp")
        self._workspace = ActivityTable("google_workspace")
        self._types = Remembered(self._type, 20_000)

    @classmethod
    def claims(cls, sample: Sequence[bytes]) -> float:
        """Every entry has a logName, and an AuditLog with a method and a service in it; or is of Access Transparency."""
        return share(
            sample,
            lambda record: (
                "logName" in record
                and ({"methodName", "serviceName"} <= _payload(record).keys() or str(record["logName"]).endswith(f"%2F{_TRANSPARENCY}"))
            ),
        )

    def parse(self, record: bytes) -> Sequence[Activity]:
        """One activity; none of what Google's own staff did.

        BadRecord where it is no JSON object, no audit log, or has no time or method.
        """
        entry = self._read(record)
        payload = _payload({"protoPayload": entry.protoPayload, "protopayload_auditlog": entry.protopayload_auditlog})
        if not payload and _LOG.split(entry.logName or "")[-1] == _TRANSPARENCY:
            return ()
        if not payload:
            raise BadRecord(f"a log entry without an AuditLog (logName {(entry.logName or '')[:40]!r})")
        method = text_of(payload.get("methodName"))
        if method is None:
            raise BadRecord("an AuditLog without methodName")
        timestamp = time_of("timestamp", entry.timestamp, entry.receiveTimestamp)
        return (self._activity(entry, payload, method, timestamp),)

    def _activity(self, record: Record, payload: dict[str, Any], method: str, timestamp: int) -> Activity:
        service = (text_of(payload.get("serviceName")) or "").partition(".")[0]
        event, values = _event(payload) if service in _WORKSPACE else (None, {})
        kind = self._types[service, method, event]
        activity = Activity(timestamp, record.insertId or "", kind, method, WORKSPACE if service in _WORKSPACE else CLOUD)
        resource = dict_of(record.resource)
        activity.app_instance = _instance(record.logName or "", dict_of(resource.get("labels")))
        log = _LOG.split(record.logName or "")[-1]
        activity.is_admin_operation = log == "activity" and service not in _BY_USERS if log in _LOGS else None
        _who(dict_of(payload.get("authenticationInfo")), activity)
        if log == "system_event":
            activity.user_type = "System"
        request = dict_of(payload.get("requestMetadata"))
        activity.ip_address, activity.ip_port = addresses.parse(text_of(request.get("callerIp")))
        activity.user_agent = text_of(request.get("callerSuppliedUserAgent"))
        activity.result, activity.result_detail = _result(payload, dict_of(record.operation))
        if dict_of(payload.get("metadata")).get("dryRun") is True and activity.result == "failure":
            activity.result = "unknown"  # the policy is only tried: it would have been denied
        if event in _REFUSED:
            activity.result = "failure"
        if activity.user is None and "affected_email_address" in values:
            activity.user, activity.user_type = values["affected_email_address"].lower(), "Regular"
        if kind == "Failed log on":
            activity.result, activity.result_detail = "failure", values.get("login_failure_type") or activity.result_detail
        changes = role_changes(payload)
        if changes and kind == "Change permissions":
            removed = all(change.get("action") == "REMOVE" for change in changes)
            activity.activity_type = "Remove member from role" if removed else "Add member to role"
        put_objects(activity, [*workspace_objects(values), *grants(changes), *resources(payload, resource), *delegates(payload, activity)])
        return activity

    def _type(self, key: tuple[str, str, str | None]) -> str:
        """The canonical activity of a service's method, or of an event of Google Workspace."""
        service, method, event = key
        last = method.rpartition(".")[2]
        if service in _WORKSPACE:
            return self._workspace.kind(event or _CAPITAL.sub(r"_\g<0>", last)).activity_type
        for name in (_operation(service, method), method.removeprefix("google."), last):  # VPC Service Controls puts google. before it
            activity_type = self._table.kind(name).activity_type
            if activity_type != UNSPECIFIED:
                return activity_type
        return UNSPECIFIED


_WORKSPACE = frozenset({"admin", "cloudidentity", "login", "oauth2"})
_REFUSED = frozenset({"suspicious_login", "risky_sensitive_action_blocked"})
_TRANSPARENCY = "access_transparency"
"""The log of what Google's staff did, which has no AuditLog."""
_BY_USERS = frozenset({"login", "oauth2"})
_LOG = re.compile(r"%2F|/", re.IGNORECASE)
_LOGS = frozenset({"activity", "data_access", "system_event"})
"""A denial by policy may be of either kind."""
_CAPITAL = re.compile(r"(?<!^)[A-Z]")
_VERSION = re.compile(r"v\d+(?:(?:p\d+)?(?:alpha|beta)\d*)?|alpha|beta")
_CODES = {
    1: "CANCELLED",
    2: "UNKNOWN",
    3: "INVALID_ARGUMENT",
    4: "DEADLINE_EXCEEDED",
    5: "NOT_FOUND",
    6: "ALREADY_EXISTS",
    7: "PERMISSION_DENIED",
    8: "RESOURCE_EXHAUSTED",
    9: "FAILED_PRECONDITION",
    10: "ABORTED",
    11: "OUT_OF_RANGE",
    12: "UNIMPLEMENTED",
    13: "INTERNAL",
    14: "UNAVAILABLE",
    15: "DATA_LOSS",
    16: "UNAUTHENTICATED",
}
"""google.rpc.Code."""


def _operation(service: str, method: str) -> str:
    """A method as the table has it."""
    if method.startswith("google.") or "." not in method:
        return f"{service}.{method.rpartition('.')[2]}"
    name = ".".join(part for part in method.removeprefix("io.").split(".") if not _VERSION.fullmatch(part))
    return name if name.startswith(f"{service}.") else f"{service}.{name}"


def _payload(record: dict[str, Any]) -> dict[str, Any]:
    """The AuditLog of an entry; empty where there is none."""
    payload = dict_of(record.get("protoPayload"))
    if payload and str(payload.get("@type", "AuditLog")).endswith("AuditLog"):
        return payload
    return dict_of(record.get("protopayload_auditlog"))


_CONTAINERS = frozenset({"organizations", "folders", "billingAccounts"})


def _instance(log: str, labels: dict[str, Any]) -> str | None:
    """The project alone; an organization, folder or billing account as Google writes them."""
    kind, _, rest = log.partition("/")
    name = rest.partition("/")[0]
    return f"{kind}/{name}" if kind in _CONTAINERS and name else name if kind == "projects" and name else text_of(labels.get("project_id"))


def _who(info: dict[str, Any], activity: Activity) -> None:
    subject = text_of(info.get("principalSubject")) or ""
    kind, _, rest = subject.partition(":")
    federated = rest.rpartition("/subject/")[2] if kind == "principal" else ""
    name = text_of(info.get("principalEmail")) or (rest if kind in ("user", "serviceAccount") else "")
    if name.startswith("//iam.googleapis.com/") and "@" in name.rpartition("/subject/")[2]:
        name = name.rpartition("/subject/")[2]
    name = name or (federated if "@" in federated else subject)
    activity.user = (name.lower() if "@" in name else name) or None
    activity.user_id = subject or None
    if name.startswith("system:") or name == "system@google.com":
        activity.user_type = "System"
    elif kind == "serviceAccount" or name.endswith(".gserviceaccount.com") or "/workloadIdentityPools/" in subject:
        activity.user_type = "Application"
    elif name:
        activity.user_type = "Regular"


def _result(payload: dict[str, Any], operation: dict[str, Any]) -> tuple[str, str | None]:
    code = dict_of(payload.get("status")).get("code")
    number = int(code) if isinstance(code, int) or (isinstance(code, str) and len(code) < 5 and code.isdecimal()) else 0
    if number:
        return "failure", _CODES.get(number, str(number))
    # The first entry of a long operation has no status yet. "success" here would stay even if its last entry is an error.
    begins = operation.get("first") is True and operation.get("last") is not True
    return ("unknown" if begins else "success"), None


def _event(payload: dict[str, Any]) -> tuple[str | None, dict[str, str]]:
    """The name of the event that Google Workspace sent, and its parameters that are text."""
    events = dicts_of(dict_of(payload.get("metadata")).get("event"))
    if not events:
        return None, {}
    pairs = ((text_of(one.get("name")), text_of(one.get("value"))) for one in dicts_of(events[0].get("parameter")))
    return text_of(events[0].get("eventName")), {name: value for name, value in pairs if name and value}
