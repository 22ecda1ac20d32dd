"""Requests to the Microsoft Graph API: the tenant's MicrosoftGraphActivityLogs, and rows of Defender XDR's `GraphApiAuditEvents`.

Sources: Microsoft, "MicrosoftGraphActivityLogs" (https://learn.microsoft.com/en-us/azure/azure-monitor/reference/tables/microsoftgraphactivitylogs),
"Access Microsoft Graph activity logs" (https://learn.microsoft.com/en-us/graph/microsoft-graph-activity-logs-overview).
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from casbd.formats._entra_fields import Fields
from casbd.formats._objects import put_objects
from casbd.model.activity import Activity, ActivityObject

APP = "Microsoft Graph"
_LOGS = frozenset({"microsoftgraphactivitylogs", "graphapiauditevents", "advancedhunting-graphapiauditevents"})
_MOST_STEPS = 8
_VERSION = re.compile(r"v[0-9.]+|beta")
_IN_BRACKETS = re.compile(r"\([^()]*\)")
_NAME = re.compile(r"\$?[A-Za-z][A-Za-z.]{1,60}(?:\(\{id\}\))?")


def is_request(fields: Fields) -> bool:
    """Whether a record is a request, by the log's name or by what only requests have."""
    if fields.kinds & _LOGS:
        return True
    return all(name in fields for name in ("requestUri", "requestMethod", "responseStatusCode")) and (
        "apiVersion" in fields or "applicationId" in fields
    )


def fill(fields: Fields, activity: Activity) -> None:
    """What was asked for, by whom, and the answer. The log has no names of users, only ids."""
    uri, method = fields.text("requestUri") or "", (fields.text("requestMethod") or "").upper()
    path = _path(uri)
    activity.app, activity.activity_id = APP, fields.text("requestId") or ""
    activity.action_type = f"{method} {kind_of(path)}".strip() or fields.text("operationName")
    user, app = fields.text("userId", "accountObjectId"), fields.text("servicePrincipalId", "appId", "applicationId")
    is_app = (fields.text("c_idtyp", "entityType") or "").casefold() in ("app", "application", "serviceprincipal") or not user
    activity.user = activity.user_id = (fields.text("servicePrincipalId") or user or app) if is_app else user
    activity.user_type = "Application" if is_app else "Regular"
    status = fields.text("responseStatusCode", "resultSignature") or ""
    if status.isascii() and status.isdigit():
        activity.result = "failure" if int(status) >= 400 else "success"
        activity.result_detail = status if activity.result == "failure" else None
    client = fields.text("appId", "applicationId")
    objects = [ActivityObject(uri, path or uri, "Request", "target")] if uri else []
    put_objects(activity, [*objects, *([ActivityObject(client, client, "Application", "client")] if client else [])])


def _path(uri: str) -> str:
    """What is asked for, without the server, the version and the query: `users/anna@contoso.com/messages`."""
    bare = uri.partition("?")[0]
    path = bare.partition("://")[2].partition("/")[2] if "://" in bare else bare
    steps = unquote(path).strip("/").split("/")
    return "/".join(steps[1:] if _VERSION.fullmatch(steps[0]) else steps)


def kind_of(path: str) -> str:
    """The path with `{id}` in the place of what names one thing: `users/{id}/messages`. So it can be counted."""
    steps = [_IN_BRACKETS.sub("({id})", step) for step in path.split("/")[:_MOST_STEPS]]
    return "/".join(step if _NAME.fullmatch(step) else "{id}" for step in steps if step)
