"""The CloudTrail record as it is decoded, and how it and what AWS ships beside it are told from other records.

Source: AWS, "CloudTrail record contents" and "CloudTrail userIdentity element"
(https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html and
.../cloudtrail-event-reference-user-identity.html).
"""

from __future__ import annotations

from typing import Any

import msgspec

from casbd.formats._lenient import as_dict


class Issuer(msgspec.Struct, gc=False):
    """Who gave a session its rights."""

    userName: str | None = None  # noqa: N815


class Session(msgspec.Struct, gc=False):
    """Of temporary credentials."""

    sessionIssuer: Issuer | None = None  # noqa: N815


class Identity(msgspec.Struct, gc=False):
    """`userIdentity`."""

    type: str | None = None
    principalId: str | None = None  # noqa: N815
    arn: str | None = None
    accountId: str | None = None  # noqa: N815
    userName: str | None = None  # noqa: N815
    invokedBy: str | None = None  # noqa: N815
    sessionContext: Session | None = None  # noqa: N815
    onBehalfOf: Any = None  # noqa: N815


class Record(msgspec.Struct, gc=False):
    """The part of a CloudTrail record that becomes an activity; names are Amazon's, the rest stays in `raw`.

    shipped: Logstash puts the time there, and takes eventTime away.
    """

    eventName: str  # noqa: N815
    eventTime: str | None = None  # noqa: N815
    shipped: str | None = msgspec.field(default=None, name="@timestamp")
    eventSource: str = ""  # noqa: N815
    eventID: str | None = None  # noqa: N815
    eventCategory: str | None = None  # noqa: N815
    userIdentity: Identity | None = None  # noqa: N815
    sourceIPAddress: str | None = None  # noqa: N815
    userAgent: str | None = None  # noqa: N815
    errorCode: str | None = None  # noqa: N815
    errorMessage: str | None = None  # noqa: N815
    readOnly: bool | str | None = None  # noqa: N815
    requestParameters: Any = None  # noqa: N815
    responseElements: Any = None  # noqa: N815
    resources: Any = None
    recipientAccountId: str | None = None  # noqa: N815
    additionalEventData: Any = None  # noqa: N815
    serviceEventDetails: Any = None  # noqa: N815


DIGEST = frozenset({"digestS3Bucket", "digestS3Object", "logFiles"})
"""Keys of a digest, by which AWS shows that log files were not changed."""

CONTROL = "CWL CONTROL MESSAGE"
"""What CloudWatch sends now and then to see whether a subscription's receiver is there."""


def is_cloudtrail(record: dict[str, Any]) -> bool:
    """Whether it is a record, bare or as text inside, a digest, or a message by which CloudWatch tries a subscription."""
    text = record_as_text(record)
    if text is not None:
        return text.startswith(CONTROL) or is_cloudtrail(as_dict(text.encode(errors="replace")) or {})
    required = ("eventSource", "eventName", "awsRegion", "userIdentity")
    return all(key in record for key in required) or record.keys() >= DIGEST or is_insight(record)


def is_insight(record: dict[str, Any]) -> bool:
    """Whether CloudTrail reports an unusual rate of calls, which is no activity of anybody."""
    return record.get("eventCategory") == "Insight" and "insightDetails" in record


def record_as_text(record: dict[str, Any]) -> str | None:
    """The record that LookupEvents, and CloudWatch with its subscriptions, give as text."""
    text = next((record[key] for key in ("CloudTrailEvent", "message", "@message") if key in record), None)
    return text if isinstance(text, str) else None
