"""Microsoft Entra ID: sign-ins, the audit log, risk detections and requests to Microsoft Graph (MicrosoftGraphActivityLogs), from
diagnostic settings, the Graph API and Log Analytics.

Diagnostic settings have an envelope with `properties`; the Graph API has what is in there alone; Log Analytics has the same
names with capitals, and JSON as text. The portal downloads what Graph has (JSON), or CSV with its own labels for columns.
Sources: Microsoft, "Sign-in log schema in Azure Monitor" and "Microsoft Entra audit log schema"
(https://learn.microsoft.com/en-us/azure/azure-monitor/reference/tables/signinlogs and .../auditlogs), Graph's `signIn`,
`directoryAudit`, `riskDetection` (https://learn.microsoft.com/en-us/graph/api/resources/signin); which operation is which
canonical activity is in `casbd/data/entra_activities.yaml`.

What it cannot know: a sign-in that was interrupted (another factor is asked for) has an error code as a failed one has; those
that Microsoft documents as interrupts are `unknown` and `Unspecified`. Managed identities have no address. A request to Graph names
users and applications by ids only; its `action_type` is the method and the path (`GET users/{id}/messages`), and whether it is
administrative is not known.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from casbd import plugins
from casbd.errors import BadRecord
from casbd.formats import _graph_requests
from casbd.formats._entra_fields import Fields
from casbd.formats._entra_operations import kind_of
from casbd.formats._entra_portal import as_graph
from casbd.formats._lenient import as_object, share
from casbd.formats._objects import put_objects
from casbd.formats._plain import scalar_of
from casbd.formats._user_names import address_of, first_address, guid_of, is_guid
from casbd.model.activity import Activity, ActivityObject
from casbd.plugins import registry
from casbd.records import addresses

APP = "Microsoft Entra ID"
_SIGN_INS = frozenset(
    {"signinlogs", "noninteractiveusersigninlogs", "serviceprincipalsigninlogs", "managedidentitysigninlogs", "adfssigninlogs"}
    | {"aadnoninteractiveusersigninlogs", "aadserviceprincipalsigninlogs", "aadmanagedidentitysigninlogs"}
)
_INTERRUPTS = frozenset(
    {16000, 16001, 16003, 50055, 50058, 50072, 50074, 50076, 50079, 50097, 50125}
    | {50127, 50129, 50140, 50143, 50144, 50199, 65001, 81010, 81012, 81014}
)
"""Sign-ins that were asked for more, or sent elsewhere (https://learn.microsoft.com/en-us/entra/identity-platform/reference-error-codes)."""


@registry.format
class Entra:
    """Entra ID's sign-ins, audit log, risks and requests to Microsoft Graph, from diagnostic settings, the Graph API and its PowerShell
    module, Log Analytics and the portal (JSON and CSV).
    """

    Options: ClassVar[type[plugins.Options]] = plugins.Options
    example: ClassVar[dict[str, Any]] = {}
    words: ClassVar[plugins.Words] = {"app": (APP,)}

    def __init__(self, options: plugins.Options) -> None:
        """It has no options."""

    @classmethod
    def claims(cls, sample: Sequence[bytes]) -> float:
        """A record is a sign-in, a change or a risk by its own fields, in any of the shapes."""
        return share(sample, lambda record: _shape(Fields(as_graph(record) or record)) is not None)

    def parse(self, record: bytes) -> Sequence[Activity]:
        """One activity. BadRecord where it is no JSON object, has no time, or is nothing that Entra ID logs."""
        data = as_object(record)
        fields = Fields(as_graph(data) or data)
        shape = _shape(fields)
        if shape is None:
            raise BadRecord("neither a sign-in nor a change nor a risk detection of Entra ID, nor a request to Microsoft Graph")
        timestamp = fields.time()
        activity = Activity(
            timestamp, fields.text("id", "correlationId") or "", app=APP, app_instance=fields.text("tenantId", "aadTenantId")
        )
        if shape == "risk" and "riskEventType" not in fields and "riskType" not in fields:
            activity.activity_id += f"/{timestamp}"  # it is the user's id, whose risk changes
        fill = {"sign-in": self._sign_in, "audit": self._audit, "risk": self._risk, "request": self._request}[shape]
        fill(fields, activity)
        return (activity,)

    def _sign_in(self, fields: Fields, activity: Activity) -> None:
        activity.action_type = fields.text("operationName") or "Sign-in activity"
        principal, managed = fields.text("servicePrincipalName"), any("managedidentity" in kind for kind in fields.kinds)
        upn, of = fields.text("userPrincipalName"), fields.text("userId", "servicePrincipalId")
        others = map(
            fields.text, ("signInIdentifier", "alternateSignInName", "identity", "userDisplayName") if upn or not principal else ()
        )
        activity.user = address_of(upn) or first_address(others) or upn or principal or fields.text("identity") or of
        activity.user_id = guid_of(of, upn) or of
        activity.user_display_name = fields.text("userDisplayName") or principal
        guest = (fields.text("userType") or "").casefold() == "guest"
        activity.user_type = "Application" if managed or (principal and not upn) else "Guest" if guest else "Regular"
        self._from(fields, activity)
        status = fields.part("status")
        code = scalar_of(status.get("errorCode")) or fields.text("resultType") or ""
        interrupted = not code or (code.isdigit() and int(code) in _INTERRUPTS)
        activity.result = "success" if code == "0" else "unknown" if interrupted else "failure"
        activity.result_detail = None if code in ("0", "") else code
        kinds = {"success": "Log on", "failure": "Failed log on"}
        activity.activity_type = kinds.get(activity.result, "Unspecified")
        activity.device_tags = _device_tags(fields.part("deviceDetail"))
        activity.is_admin_operation = False
        apps = ((fields.text("appId"), fields.text("appDisplayName")), (fields.text("resourceId"), fields.text("resourceDisplayName")))
        put_objects(activity, [ActivityObject(of if name else None, name, "Application", "target") for of, name in apps if name])

    def _audit(self, fields: Fields, activity: Activity) -> None:
        operation = fields.text("activityDisplayName", "operationName") or ""
        kind = kind_of(operation)
        activity.action_type, activity.activity_type, activity.is_admin_operation = operation or None, kind.activity_type, kind.admin
        by, targets = fields.part("initiatedBy"), fields.parts("targetResources")
        user, app = by.get("user"), by.get("app")
        if isinstance(user, dict) and any(user.values()):
            of, upn, shown = (scalar_of(user.get(name)) for name in ("id", "userPrincipalName", "displayName"))
            own = (scalar_of(one.get("userPrincipalName")) for one in targets if of and scalar_of(one.get("id")) == of)
            activity.user = address_of(upn, shown) or first_address(own) or address_of(fields.text("identity")) or upn or shown or of
            activity.user_id, activity.user_display_name = guid_of(of, upn) or of, shown
            activity.user_type = "Regular"
            activity.ip_address, activity.ip_port = addresses.parse(scalar_of(user.get("ipAddress")) or "")
        elif isinstance(app, dict) and any(app.values()):
            activity.user = scalar_of(app.get("displayName")) or scalar_of(app.get("servicePrincipalName"))
            activity.user_id, activity.user_type = (
                scalar_of(app.get("servicePrincipalId")) or scalar_of(app.get("appId")),
                "Application",
            )
        else:
            activity.user = fields.text("identity")
        if activity.ip_address is None:
            self._from(fields, activity)
        result = (fields.text("result", "resultSignature") or "").casefold()
        activity.result = {"success": "success", "failure": "failure", "timeout": "failure"}.get(result, "unknown" if result else None)
        activity.result_detail = fields.text("resultReason", "resultDescription")
        for pair in fields.parts("additionalDetails"):
            if pair.get("key") == "User-Agent":
                activity.user_agent = scalar_of(pair.get("value"))
        put_objects(activity, [_target(one) for one in targets])

    def _risk(self, fields: Fields, activity: Activity) -> None:
        detail, principal = fields.text("riskDetail"), fields.text("servicePrincipalDisplayName", "servicePrincipalId")
        detail = None if (detail or "").casefold() == "none" else detail
        activity.action_type = fields.text("riskEventType", "riskType") or detail or "Risky user"
        activity.activity_type = "Security alert"
        upn = fields.text("userPrincipalName")
        activity.user = address_of(upn, fields.text("userDisplayName")) or upn or principal or fields.text("displayName")
        whose = fields.text("userId", "servicePrincipalId") or activity.activity_id.partition("/")[0]
        activity.user_id, activity.user_display_name = (
            whose or None,
            fields.text("userDisplayName", "servicePrincipalDisplayName", "displayName"),
        )
        activity.user_type = (
            "Regular" if fields.text("userPrincipalName") or not (principal or fields.text("displayName")) else "Application"
        )
        activity.is_admin_operation = False
        activity.result_detail = fields.text("riskLevel")
        self._from(fields, activity)

    def _request(self, fields: Fields, activity: Activity) -> None:
        _graph_requests.fill(fields, activity)
        self._from(fields, activity)

    def _from(self, fields: Fields, activity: Activity) -> None:
        text = fields.text("ipAddress", "callerIpAddress")
        if text:
            activity.ip_address, activity.ip_port = addresses.parse(text)
        activity.user_agent = fields.text("userAgent")


def _shape(fields: Fields) -> str | None:
    if _graph_requests.is_request(fields):
        return "request"
    if fields.kinds & _SIGN_INS:
        return "sign-in"
    if "auditlogs" in fields.kinds or ("activityDisplayName" in fields and "initiatedBy" in fields):
        return "audit"
    if "riskEventType" in fields or (
        "riskLevel" in fields
        and "riskState" in fields
        and ("riskLastUpdatedDateTime" in fields or ("userPrincipalName" in fields and "appId" not in fields))
        and "status" not in fields
    ):
        return "risk"
    signs = ("userPrincipalName" in fields or "servicePrincipalId" in fields) and "appId" in fields
    return "sign-in" if signs and ("status" in fields or "resultType" in fields) else None


def _target(target: dict[str, Any]) -> ActivityObject:
    named = [scalar_of(target.get(key)) for key in ("userPrincipalName", "displayName", "groupType")]
    name = (named[0] if named[0] and not is_guid(named[0]) else None) or named[1] or named[0] or named[2]
    return ActivityObject(scalar_of(target.get("id")), name or scalar_of(target.get("id")), scalar_of(target.get("type")), "target")


def _device_tags(device: dict[str, Any]) -> tuple[str, ...]:
    compliant = str(device.get("isCompliant")).casefold() == "true"
    hybrid = str(device.get("trustType")).casefold() in ("hybrid azure ad joined", "microsoft entra hybrid joined", "serverad")
    return ("Intune compliant",) * compliant + ("Microsoft Entra hybrid joined",) * hybrid
