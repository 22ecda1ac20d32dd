"""Azure's activity log: what was done to resources of a subscription through Azure Resource Manager, and what Azure reports of them.

Reads the events of the REST API (answers with `value`), `az monitor activity-log list`, the portal's JSON, the SDKs' `event_timestamp`
and PowerShell's `EventTimestamp`; of diagnostic settings (`records`, NDJSON); and rows of Log Analytics (`AzureActivity`).
Sources: Microsoft, "Azure Activity Log event schema" (https://learn.microsoft.com/en-us/azure/azure-monitor/platform/activity-log-schema)
and "AzureActivity" (https://learn.microsoft.com/en-us/azure/azure-monitor/reference/tables/azureactivity); which operation is which
canonical activity is in `casbd/data/azure_activities.yaml`.

An operation is logged when it begins and again when it ends. Of the beginning the result is `unknown` and the activity type
`Unspecified`, so that nothing is counted twice by them. `app_instance` is the subscription.

What it cannot know: `write` creates and updates alike; applications have no names here, only ids; there is no user agent, and
reading is not logged. What is read of diagnostic settings has no id of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from casbd import plugins
from casbd.errors import BadRecord
from casbd.formats._activity_table import ActivityTable
from casbd.formats._azure_event import CLAIM, Event, event_of
from casbd.formats._lenient import as_object, share
from casbd.formats._objects import put_objects
from casbd.formats._plain import dict_of, scalar_of
from casbd.formats._times import time_of
from casbd.formats._user_names import address_of, guid_of, is_guid
from casbd.model.activity import Activity, ActivityObject
from casbd.plugins import registry
from casbd.records import addresses
from casbd.records.opening import decode

APP = "Microsoft Azure"
_TIMES = ("eventTimestamp", "time", "timeGenerated", "eventSubmissionTimestamp", "submissionTimestamp")
_RESULTS = {"succeeded": "success", "success": "success", "failed": "failure", "failure": "failure"}
_ADMINISTER = frozenset(
    {"8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "b24988ac-6180-42a0-ab88-20f7382dd24c"}
    | {"18d7d88d-d35e-4fb5-a5c3-7773c20a72d9", "f58310d9-a9f6-439a-9e8d-f62e7b41a168"}
)
"""Owner, Contributor, User Access Administrator, Role Based Access Control Administrator: the roles that Microsoft calls privileged
(https://learn.microsoft.com/en-us/azure/role-based-access-control/built-in-roles/privileged)."""
_LIVE = "live.com#"
"""Before the address of an account that is not of the tenant's."""


@registry.format
class AzureActivity:
    """Azure's activity log: the REST API, `az`, SDKs and PowerShell, diagnostic settings, rows of Log Analytics (`AzureActivity`), the
    portal.
    """

    Options: ClassVar[type[plugins.Options]] = plugins.Options
    example: ClassVar[dict[str, Any]] = {}
    words: ClassVar[plugins.Words] = {"app": (APP,)}

    def __init__(self, options: plugins.Options) -> None:  # noqa: ARG002  it has no options
        self._table = ActivityTable("azure")

    @classmethod
    def claims(cls, sample: Sequence[bytes]) -> float:
        """A record has the fields of an event, in one of the shapes, and is about resources of Azure."""
        return share(sample, lambda record: event_of(record) is not None)

    def parse(self, record: bytes) -> Sequence[Activity]:
        """One activity. BadRecord where it is no JSON object, no event of the activity log, or has no time."""
        data = as_object(record)
        event = event_of(data)
        if event is None:
            raise BadRecord("no event of Azure's activity log")
        timestamp = time_of("eventTimestamp", *map(event.value, _TIMES))
        operation = event.text("operationNameValue", "operationName") or scalar_of(event.authorization.get("action")) or ""
        administrative = event.category == "administrative"
        activity = Activity(timestamp, event.text("eventDataId") or "", action_type=operation or None, app=APP)
        activity.app_instance = _subscription(event) or event.tenant
        activity.is_admin_operation = administrative
        _who(event, activity)
        text = event.http.get("clientipaddress") or event.text("callerIpAddress") or event.claims.get("ipaddr")
        activity.ip_address, activity.ip_port = addresses.parse(scalar_of(text))
        _result(event, activity, administrative)
        if event.category == "security":
            activity.activity_type = "Security alert"
        elif activity.result in ("success", "failure"):
            activity.activity_type = self._table.kind(operation).activity_type
        granted = _granted(event)
        if activity.activity_type == "Change permissions" and any(one.name in _ADMINISTER for one in granted):
            activity.activity_type = "Add member to role"
        put_objects(activity, [*_resources(event), *granted])
        return (activity,)


def _who(event: Event, activity: Activity) -> None:
    """The user by the UPN; an application by the id of its service principal."""
    claims, caller = event.claims, event.text("caller", "eventInitiatedBy")
    names = [scalar_of(claims.get(key)) for key in (f"{CLAIM}upn", "upn", "unique_name", f"{CLAIM}name", f"{CLAIM}emailaddress")]
    upn = address_of(*names, caller)
    of = scalar_of(claims.get("http://schemas.microsoft.com/identity/claims/objectidentifier"))
    activity.user = upn.removeprefix(_LIVE) if upn else caller or of
    activity.user_id = of or guid_of(caller)
    activity.user_display_name = scalar_of(claims.get("name"))
    delegated = "http://schemas.microsoft.com/identity/claims/scope" in claims
    if claims.get("idtyp") == "app" or (not upn and not delegated and is_guid(caller)):
        activity.user_type = "Application"
    elif upn:
        activity.user_type = "Guest" if "#ext#" in upn or upn.startswith(_LIVE) else "Regular"


def _result(event: Event, activity: Activity, administrative: bool) -> None:
    """What Azure reports by itself (health, alerts, advice) has no result."""
    status = event.text("status", "activityStatusValue", "activityStatus", "resultType")
    result = _RESULTS.get((status or "").casefold(), "unknown" if status and administrative else None)
    activity.result = result
    if result == "unknown":
        activity.result_detail = status
    elif result == "failure":
        signature = (event.text("resultSignature") or "").partition(".")[2]
        substatus = event.text("subStatus", "activitySubstatusValue", "activitySubstatus") or signature
        reasons = (substatus or scalar_of(event.properties.get("statusCode")), _error_of(event.properties.get("statusMessage")))
        activity.result_detail = ", ".join(dict.fromkeys(one for one in reasons if one)) or None


def _error_of(message: Any) -> str | None:
    """The code in the answer of the resource's provider: `{"error": {"code": "AuthorizationFailed", "message": ...}}`."""
    answer = dict_of(decode(message) if isinstance(message, str) else message)
    return scalar_of((dict_of(answer.get("error")) or answer).get("code"))


def _subscription(event: Event) -> str | None:
    """In small letters: diagnostic settings write it in capitals, and it is one."""
    own, steps = event.text("subscriptionId"), event.resource.split("/")
    own = own or (steps[2] if len(steps) > 2 and steps[1].casefold() == "subscriptions" else None)
    return own.lower() if own else None


def _resources(event: Event) -> list[ActivityObject]:
    """The resource, and the resource group that it lies in."""
    steps = event.resource.rstrip("/").split("/")
    if len(steps) < 3:
        name = event.text("resource")
        return [ActivityObject(None, name, event.text("resourceType"), "target")] if name else []
    objects = [ActivityObject(event.resource, steps[-1], _type_of(steps) or event.text("resourceType"), "target")]
    if len(steps) > 5 and steps[3].casefold() == "resourcegroups":
        objects.append(ActivityObject("/".join(steps[:5]), steps[4], "Resource group", "container"))
    return objects


def _type_of(steps: Sequence[str]) -> str | None:
    """`Microsoft.Compute/virtualMachines` of the steps of a resource's id: behind the last provider every second is a type."""
    folded = [step.casefold() for step in steps]
    if "providers" in folded:
        place = len(folded) - 1 - folded[::-1].index("providers")
        return "/".join([steps[place + 1], *steps[place + 2 :: 2]]) if len(steps) > place + 2 else None
    return {3: "Subscription", 5: "Resource group"}.get(len(steps))


def _granted(event: Event) -> list[ActivityObject]:
    """Of a role's assignment: to whom, and which role, by their ids, as the request or the answer has them."""
    if "/roleassignment" not in event.resource.casefold() and "/roleeligibility" not in event.resource.casefold():
        return []
    for name in ("requestbody", "responseBody"):
        body = event.properties.get(name)
        body = {key.casefold(): value for key, value in dict_of(decode(body) if isinstance(body, str) else body).items()}
        properties = {key.casefold(): value for key, value in dict_of(body.get("properties")).items()}
        if who := scalar_of(properties.get("principalid")):
            role = scalar_of(properties.get("roledefinitionid")) or ""
            grantee = ActivityObject(who, who, scalar_of(properties.get("principaltype")), "grantee")
            return [grantee, ActivityObject(role, role.rpartition("/")[2], "Role", "container")] if role else [grantee]
    return []
