"""What an entry of Google Cloud's audit logs was done to: the `objects` of its activity, and who stood behind a service account.

Sources: Google, "AuditLog" (https://docs.cloud.google.com/logging/docs/reference/audit/auditlog/rest/Shared.Types/AuditLog),
"AuditData" of IAM (.../docs/reference/audit/iam/rest/Shared.Types/AuditData).
"""

from __future__ import annotations

import re
from typing import Any

from casbd.formats._plain import dict_of, list_of, text_of
from casbd.model.activity import Activity, ActivityObject

_AGENT = re.compile(r"service-\d+@.*\.gserviceaccount\.com")
"""Google's own accounts: a virtual machine that uses its service account is nobody who acts as another."""


def workspace_objects(values: dict[str, str]) -> list[ActivityObject]:
    """What an event of Google Workspace names in its parameters."""
    return [ActivityObject(values[name], values[name], kind, "target") for name, kind in _WORKSPACE_NAMES.items() if name in values]


_WORKSPACE_NAMES = {
    "USER_EMAIL": "User",
    "affected_email_address": "User",
    "member_id": "User",
    "GROUP_EMAIL": "Group",
    "group_id": "Group",
    "ROLE_NAME": "Role",
    "app_name": "Application",
    "SETTING_NAME": "Setting",
    "DOMAIN_NAME": "Domain",
}


def role_changes(payload: dict[str, Any]) -> list[dict[str, Any]]:
    """Who was given which role, or lost it; BigQuery has another name for serviceData."""
    data = dict_of(payload.get("serviceData")) or dict_of(payload.get("servicedata_v1_iam"))
    return dicts_of(dict_of(data.get("policyDelta")).get("bindingDeltas"))


def grants(changes: list[dict[str, Any]]) -> list[ActivityObject]:
    """All members, then all roles."""
    members, roles = {}, {}
    for change in changes:
        if member := text_of(change.get("member")):
            kind, _, name = member.removeprefix("deleted:").partition(":")
            name = name.lower() if "@" in name else name or kind
            members[member] = ActivityObject(member, name, _MEMBERS.get(kind, "User"), "grantee")
        if role := text_of(change.get("role")):
            roles[role] = ActivityObject(role, role, "Role", "target")
    return [*members.values(), *roles.values()]


_MEMBERS = {
    "serviceAccount": "Service account",
    "group": "Group",
    "domain": "Domain",
    "allUsers": "Everyone",
    "allAuthenticatedUsers": "Everyone",
}


def resources(payload: dict[str, Any], resource: dict[str, Any]) -> list[ActivityObject]:
    """A service account that the entry is about, then what the method was called on."""
    objects = []
    kind = text_of(resource.get("type"))
    name = text_of(payload.get("resourceName"))
    for denied in list_of(dict_of(payload.get("metadata")).get("resourceNames")):  # of VPC Service Controls; `name` is the project then
        if (of := text_of(denied)) and of != name:
            whole, inside, file = of.partition("/objects/")
            objects.append(ActivityObject(of, file or whole.rpartition("/")[2], "File" if inside else kind, "target"))
    if kind == "service_account":
        labels, request = dict_of(resource.get("labels")), dict_of(payload.get("request"))
        account = text_of(labels.get("email_id")) or text_of(request.get("account_id"))
        if account:
            objects.append(ActivityObject(text_of(labels.get("unique_id")) or account, account, "Service account", "target"))
    if name and not (objects and "/serviceAccounts/" in name):
        whole, inside, file = name.partition("/objects/")
        parts = whole.split("/")
        if inside and "/buckets/" in whole:
            objects.append(ActivityObject(name, file, "File", "target"))
            objects.append(ActivityObject(whole, parts[-1], "Bucket", "container"))
        else:
            parts = parts[:-2] if parts[-2:-1] == ["versions"] and len(parts) > 3 else parts
            objects.append(ActivityObject(name, parts[-1] or name, _COLLECTIONS.get("".join(parts[-2:-1]), kind), "target"))
    return objects


_COLLECTIONS = {
    "buckets": "Bucket",
    "clusters": "Cluster",
    "datasets": "Dataset",
    "disks": "Disk",
    "firewalls": "Firewall rule",
    "folders": "Folder",
    "images": "Image",
    "instances": "Instance",
    "keys": "Key",
    "networks": "Network",
    "organizations": "Organization",
    "policies": "Policy",
    "projects": "Project",
    "roles": "Role",
    "secrets": "Secret",
    "serviceAccounts": "Service account",
    "sinks": "Sink",
    "snapshots": "Snapshot",
    "tables": "Table",
}
"""What comes before the name in a resource's name; else the type of the monitored resource says it."""


def delegates(payload: dict[str, Any], activity: Activity) -> list[ActivityObject]:
    """Who really acts through a service account; the activity is one of an impersonated user then, which is noted in it."""
    objects = []
    for one in dicts_of(dict_of(payload.get("authenticationInfo")).get("serviceAccountDelegationInfo")):
        name = text_of(dict_of(one.get("firstPartyPrincipal")).get("principalEmail")) or text_of(one.get("principalSubject"))
        if name and not _AGENT.fullmatch(name):
            activity.is_impersonated = True
            kind = "Service account" if name.endswith(".gserviceaccount.com") else "User"
            objects.append(ActivityObject(name, name.lower() if "@" in name else name, kind, "delegate"))
    return objects


def dicts_of(value: Any) -> list[dict[str, Any]]:
    """The objects in a list; none in the place of anything else."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
