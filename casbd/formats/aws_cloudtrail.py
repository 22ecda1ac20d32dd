"""AWS CloudTrail: log files in S3 (`{"Records": [...]}`, mostly gzipped), one record a line, the answers of LookupEvents, and
what CloudWatch Logs sends through Firehose (`{"logEvents": [{"message": ...}]}`), exports to S3 or shows by `aws logs tail`
(a time before each record), answers to FilterLogEvents and GetLogEvents (`{"events": [{"message": ...}]}`) or to a query
(`@message`), and EventBridge delivers.

Sources: AWS, "CloudTrail record contents" and "CloudTrail userIdentity element"
(https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html and
.../cloudtrail-event-reference-user-identity.html), "AWS Management Console sign-in events"
(.../cloudtrail-event-reference-aws-console-sign-in-events.html), "Understanding IAM Identity Center sign-in events"
(https://docs.aws.amazon.com/singlesignon/latest/userguide/understanding-sign-in-events.html): of its steps only a failed verification of
credentials is an activity of its own type, as UserAuthentication follows when all of them are done.
Which event is which canonical activity, and which is administrative, is in `casbd/data/aws_activities.yaml`.

What it cannot know: a service that acts for somebody has no address of its own (`AWS Internal`, or the service's name); of a
log on with a wrong user name AWS leaves the name out. Insight events and digests are no activities and are left aside.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from casbd import plugins
from casbd.documents import Document
from casbd.formats._activity_table import UNSPECIFIED
from casbd.formats._aws_record import CONTROL, DIGEST, Identity, Record, is_cloudtrail, is_insight, record_as_text
from casbd.formats._lenient import Reader, as_dict, delivered, share
from casbd.formats._objects import put_objects
from casbd.formats._plain import dict_of, text_of
from casbd.formats._times import time_of
from casbd.model.activity import Activity, ActivityObject
from casbd.plugins import registry
from casbd.records import addresses
from casbd.remembered import Remembered

TABLE = Path(__file__).parent.parent / "data" / "aws_activities.yaml"


class Table(msgspec.Struct, frozen=True):
    """`aws_activities.yaml`, ready for look-ups by service and event."""

    types: dict[tuple[str, str], str]
    admin: frozenset[str]
    admin_events: frozenset[tuple[str, str]]
    not_admin: frozenset[tuple[str, str]]


@cache
def table() -> Table:
    """The table that ships with casbd, read once."""
    data = Document(TABLE).data
    return Table(
        types={(of, event): kind for of, kinds in data["activities"].items() for kind, events in kinds.items() for event in events},
        admin=frozenset(data["admin"]),
        admin_events=frozenset((of, event) for of, events in data["admin_events"].items() for event in events),
        not_admin=frozenset((of, event) for of, events in data["not_admin"].items() for event in events),
    )


APP = "AWS"


@registry.format
class AwsCloudTrail:
    """CloudTrail's log files, one record a line, answers of LookupEvents, CloudWatch Logs (exports, `aws logs`), Firehose and
    EventBridge.
    """

    Options: ClassVar[type[plugins.Options]] = plugins.Options
    example: ClassVar[dict[str, Any]] = {}
    words: ClassVar[plugins.Words] = {"app": (APP,)}

    def __init__(self, options: plugins.Options) -> None:  # noqa: ARG002  it has no options
        self._read = Reader(Record, "CloudTrail record", ("eventName",), ("readOnly",)).read
        self._kinds = Remembered(_kind, 20_000)
        self._users = Remembered(_user, 50_000)

    @classmethod
    def claims(cls, sample: Sequence[bytes]) -> float:
        """Every record has eventSource, eventName, awsRegion and userIdentity, or one such as text inside; or is a digest."""
        return share(sample, is_cloudtrail)

    def parse(self, record: bytes) -> Sequence[Activity]:
        """One activity; none of an Insight event, a digest, or a message by which CloudWatch tries a subscription.

        BadRecord where it is no JSON object or has no time or event name.
        """
        own = delivered(record)
        if own is None and b'"eventName"' not in record:
            around = as_dict(record) or {}
            text = record_as_text(around)
            if around.keys() >= DIGEST or (text or "").startswith(CONTROL):
                return ()
            own = text.encode(errors="replace") if text is not None else None
        activities = self._parse(record if own is None else own)
        if own is not None:
            for activity in activities:
                activity.raw = own.decode(errors="replace")
        return activities

    def _parse(self, text: bytes) -> Sequence[Activity]:
        if b'"insightDetails"' in text and is_insight(as_dict(text) or {}):
            return ()
        record = self._read(text)
        return (self._activity(record, time_of("eventTime", record.eventTime, record.shipped)),)

    def _activity(self, record: Record, timestamp: int) -> Activity:
        activity_type, is_admin = self._kinds[record.eventSource, record.eventName]
        who = record.userIdentity or Identity()
        activity = Activity(timestamp, record.eventID or "", activity_type, record.eventName, APP)
        activity.app_instance = record.recipientAccountId or who.accountId
        activity.is_admin_operation = is_admin and record.readOnly not in (True, "true")
        self._who(record, who, activity)
        if record.sourceIPAddress:
            activity.ip_address, activity.ip_port = addresses.parse(record.sourceIPAddress)
        activity.user_agent = record.userAgent or None
        activity.result, activity.result_detail = _result(record)
        if activity_type in ("Log on", "Failed log on"):
            # The table has a step of a log on as a failed one: only its failure says something.
            activity.activity_type = (
                "Failed log on" if activity.result == "failure" else activity_type if activity_type == "Log on" else UNSPECIFIED
            )
        put_objects(activity, _objects(record))
        return activity

    def _who(self, record: Record, who: Identity, activity: Activity) -> None:
        issuer = who.sessionContext.sessionIssuer.userName if who.sessionContext and who.sessionContext.sessionIssuer else None
        activity.user = self._users[who.type, who.arn, who.userName, who.principalId, who.invokedBy, issuer]
        activity.user_id = who.arn or who.principalId or None
        activity.user_type = _USER_TYPES.get(who.type or "")
        behalf = text_of(dict_of(who.onBehalfOf).get("userId"))  # of IAM Identity Center
        if activity.user is None and who.type == "AWSService":
            activity.user = record.sourceIPAddress or None
        if activity.user is None or (behalf and not who.userName):
            name = text_of(dict_of(record.additionalEventData).get("UserName"))
            activity.user = _lower(name) if name and name != _HIDDEN else activity.user or behalf
        activity.user_id = activity.user_id or behalf
        if who.type == "AssumedRole" and who.invokedBy:
            activity.user_type = "Application"


_USER_TYPES = {
    "Root": "Admin",
    "IAMUser": "Regular",
    "AssumedRole": "Regular",
    "Role": "Regular",
    "FederatedUser": "Regular",
    "SAMLUser": "Regular",
    "WebIdentityUser": "Regular",
    "IdentityCenterUser": "Regular",
    "Directory": "Regular",
    "AWSService": "System",
}
_HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"
"""In the place of a name that no user has: it may be a password that was typed into the wrong field."""


def _kind(key: tuple[str, str]) -> tuple[str, bool]:
    """The canonical activity of a service's event, and whether it is administrative when it changes something."""
    source, event = key
    of = (source.partition(".")[0], _API_VERSION.sub("", event))
    activities = table()
    admin = (of[0] in activities.admin and of not in activities.not_admin and not event.startswith(_READS)) or of in activities.admin_events
    return activities.types.get(of, "Unspecified"), admin


_API_VERSION = re.compile(r"(?:\d{8}|20\d\d_\d\d_\d\d)(?:v\d)?$")
"""Some services have it in the name: `CreateFunction20150331`."""
_READS = ("Get", "List", "Describe", "Head", "Lookup", "Search", "BatchGet", "Generate", "Simulate", "Test", "Check")


def _user(key: tuple[str | None, ...]) -> str | None:
    """The IAM user's name, `role/session` of an assumed role (an e-mail address alone), `root`, or the calling service."""
    kind, arn, name, principal, service, issuer = key
    if kind == "Root":
        return "root"
    if kind == "AWSService":
        return service or None
    if name and name != _HIDDEN:
        return _lower(name)
    if kind in ("AssumedRole", "FederatedUser", "Role") or (arn and ":assumed-role/" in arn):
        own = arn.partition("/")[2] if arn and "/" in arn else ""
        session = own.rpartition("/")[2] or (principal or "").partition(":")[2]
        role = own.rpartition("/")[0] or issuer or ""
        if "@" in session:
            return session.lower()
        return "/".join(part for part in (role, session) if part) or None
    if name == _HIDDEN:
        return None
    if principal and principal.isdecimal():  # the account's number, which is nobody
        principal = None
    return _lower((arn or "").rpartition("/")[2] or (principal or "").partition(":")[2] or principal or service or "") or None


def _lower(name: str) -> str:
    return name.lower() if "@" in name else name


def _result(record: Record) -> tuple[str, str | None]:
    """An error code is a failure; log ons and their steps carry a result of their own, under the event's name."""
    for part in (record.responseElements, record.serviceEventDetails):
        verdict = dict_of(part).get(record.eventName)
        if verdict in ("Success", "Failure"):
            return verdict.lower(), record.errorMessage or None
    if record.errorCode:
        return "failure", record.errorCode
    account = dict_of(dict_of(record.serviceEventDetails).get("createAccountStatus"))
    if account.get("state") == "FAILED":
        return "failure", text_of(account.get("failureReason"))
    return ("failure", record.errorMessage) if record.errorMessage else ("success", None)


def _objects(record: Record) -> list[ActivityObject]:
    """What was acted on, most to the point first: what the request names, then the resources that AWS lists."""
    objects: list[ActivityObject] = []
    request = record.requestParameters
    if isinstance(request, dict):
        bucket, key = request.get("bucketName"), request.get("key")
        if isinstance(bucket, str):
            if isinstance(key, str) and key:
                objects.append(ActivityObject(f"{bucket}/{key}", key, "File", "target"))
            objects.append(ActivityObject(bucket, bucket, "Bucket", "target"))
        for name, kind in _NAMED.items():
            value = request.get(name)
            if isinstance(value, str) and value:
                objects.append(ActivityObject(value, value.rpartition("/")[2] if value.startswith("arn:") else value, kind, "target"))
    for resource in record.resources if isinstance(record.resources, list) else ():
        arn = (resource.get("ARN") or resource.get("arn")) if isinstance(resource, dict) else None
        if isinstance(arn, str) and arn:
            kind = resource.get("type")
            objects.append(ActivityObject(arn, arn.rpartition(":")[2], kind if isinstance(kind, str) else None, "target"))
    return objects


_NAMED = {
    "userName": "User",
    "roleName": "Role",
    "roleArn": "Role",
    "groupName": "Group",
    "policyArn": "Policy",
    "policyName": "Policy",
    "secretId": "Secret",
    "instanceId": "Instance",
    "functionName": "Function",
    "trailName": "Trail",
    "dBSnapshotIdentifier": "Snapshot",
    "dBInstanceIdentifier": "Database",
    "snapshotId": "Snapshot",
    "imageId": "Image",
    "keyId": "Key",
    "name": "Resource",
}
"""Keys of `requestParameters`, and what they name."""
