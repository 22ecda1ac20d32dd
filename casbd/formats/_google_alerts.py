"""Google's Alert Center: alerts of its API (`alerts.list`), each of which is an activity of the one it is about.

Sources: Google, "REST Resource: alerts" (https://developers.google.com/workspace/admin/alertcenter/reference/rest/v1beta1/alerts), its
types of `data`, and "Alert sources and types" (https://developers.google.com/workspace/admin/alertcenter/reference/alert-types).

What it cannot know: many alerts (rules of one's own, settings, outages) name no user; of reported mail the recipient is known, the sender
stands among the objects.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from casbd.errors import BadRecord
from casbd.formats._activity_table import UNSPECIFIED
from casbd.formats._objects import put_objects
from casbd.formats._plain import dict_of, list_of, text_of
from casbd.formats._times import time_of
from casbd.model.activity import Activity, ActivityObject
from casbd.records import addresses


def is_alert(record: dict[str, Any]) -> bool:
    """Whether a record is one of the Alert Center's."""
    return record.keys() >= {"alertId", "customerId", "type", "source"} and ("startTime" in record or "createTime" in record)


def activity_of(alert: dict[str, Any]) -> Activity:
    """The alert as an activity, at the time of what caused it. BadRecord where it has no time or type."""
    kind, data = text_of(alert.get("type")), dict_of(alert.get("data"))
    if kind is None:
        raise BadRecord("an alert without a type")
    moment = text_of(alert.get("startTime")) or text_of(alert.get("createTime"))
    what = (text_of(data.get("@type")) or "").rpartition(".")[2]
    activity_type = UNSPECIFIED if what in _NO_DANGER else "Security alert"
    source = text_of(alert.get("source")) or ""
    app = "Gmail" if source.startswith("Gmail") else "Google Workspace"
    activity = Activity(time_of("startTime", moment), text_of(alert.get("alertId")) or "", activity_type, kind, app)
    customer = text_of(alert.get("customerId"))
    # The Alert Center leaves out the C with which customers' ids begin in the Reports API.
    activity.app_instance = customer if customer is None or customer.startswith("C") else f"C{customer}"
    activity.is_admin_operation = False
    rule = dict_of(data.get("ruleViolationInfo"))
    user = _user(data, rule)
    if user:
        activity.user, activity.user_type = user.lower(), "Regular"
    # Not `sourceIp`, which is the address of a mail's sender, while the user is its recipient.
    activity.ip_address, activity.ip_port = addresses.parse(text_of(dict_of(data.get("loginDetails")).get("ipAddress")))
    activity.result_detail = text_of(dict_of(rule.get("ruleInfo")).get("displayName")) or text_of(data.get("name"))
    put_objects(activity, _merged(_objects(data, rule)))
    return activity


_NO_DANGER = frozenset({
    "AccessApproval", "AccountSuspensionWarning", "ApnsCertificateExpirationInfo", "AppMakerSqlSetupNotification", "AppsOutage",
    "GoogleOperations", "MandatoryServiceAnnouncement", "SupportTicket", "TransferError", "TransferMisconfiguration",
    "VoiceMisconfiguration", "VoicemailMisconfiguration", "VoicemailRecipientError",
})  # fmt: skip
"""Types of `data` that are about the service, not about an attack or a risk."""
_USERS = ("email", "userEmail", "actorEmail", "triggeringUserEmail")


def _user(data: dict[str, Any], rule: dict[str, Any]) -> str | None:
    """Whom the alert is about; of mail the recipient, if there is one only."""
    named = next((user for holder in (data, rule) for key in _USERS if (user := text_of(holder.get(key)))), None)
    recipients = {recipient for message in list_of(data.get("messages")) if (recipient := text_of(dict_of(message).get("recipient")))}
    return named or (recipients.pop() if len(recipients) == 1 else None)


def _objects(data: dict[str, Any], rule: dict[str, Any]) -> Iterator[ActivityObject]:
    """What the alert is about, most to the point first."""
    resource = dict_of(rule.get("resourceInfo"))
    if resource:
        yield _thing(resource.get("documentId"), resource.get("resourceTitle"), "File")
    for message in map(dict_of, list_of(data.get("messages"))):
        yield _thing(message.get("messageId"), message.get("subjectText"), "Email")
        yield _thing(message.get("recipient"), message.get("recipient"), "User", "recipient")
    for device in map(dict_of, list_of(data.get("events"))):
        yield _thing(device.get("deviceId"), device.get("deviceModel"), "Device")
    sender = dict_of(data.get("maliciousEntity"))
    address = text_of(dict_of(sender.get("entity")).get("emailAddress")) or text_of(sender.get("fromHeader"))
    yield _thing(address, address, "User", "sender")
    for key in ("email", "userEmail", "updatedAdminEmail", "previousAdminEmail"):
        yield _thing(data.get(key), data.get(key), "User")
    for recipient in list_of(rule.get("recipients")):
        yield _thing(recipient, recipient, "User", "recipient")
    yield _thing(data.get("inboundSsoProfileName"), data.get("inboundSsoProfileName"), "Setting")


def _thing(identifier: Any, name: Any, kind: str, role: str = "target") -> ActivityObject:
    return ActivityObject(text_of(identifier), text_of(name) or text_of(identifier), kind, role)


def _merged(things: Iterator[ActivityObject]) -> list[ActivityObject]:
    """Each thing once, without those that have no name at all."""
    return list(dict.fromkeys(thing for thing in things if thing.id or thing.name))
