"""A log entry of Google Cloud."""

import json

from casbd.formats.gcp import Gcp
from casbd.plugins import Options

FORMAT = Gcp(Options())


PERMISSION_DENIED = {"code": 7, "message": "The caller does not have permission"}


def entry(log="activity", container="projects/contoso-prod", **payload):
    base = {
        "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
        "serviceName": "storage.googleapis.com",
        "methodName": "storage.objects.get",
        "resourceName": "projects/_/buckets/plans/objects/2026/plan.pdf",
        "authenticationInfo": {"principalEmail": "Anna@Contoso.com", "principalSubject": "user:Anna@Contoso.com"},
        "requestMetadata": {"callerIp": "203.0.113.7", "callerSuppliedUserAgent": "gcloud"},
        "status": {},
    }
    return {
        "insertId": "i-1",
        "logName": f"{container}/logs/cloudaudit.googleapis.com%2F{log}",
        "timestamp": "2026-01-01T12:00:00.123456789Z",
        "receiveTimestamp": "2026-01-01T12:00:01Z",
        "severity": "NOTICE",
        "resource": {"type": "gcs_bucket", "labels": {"project_id": "contoso-prod", "bucket_name": "plans"}},
        "protoPayload": base | payload,
    }


def parsed(record):
    (found,) = FORMAT.parse(json.dumps(record).encode())
    return found


def activity(*where, **payload):
    return parsed(entry(*where, **payload))


def of(service, method, **payload):
    return activity(serviceName=f"{service}.googleapis.com", methodName=method, **payload)


def things(found):
    return [(thing.name, thing.type, thing.role) for thing in found.objects]


def deltas(*changes):
    keys = ("action", "role", "member")
    return {"policyDelta": {"bindingDeltas": [dict(zip(keys, change, strict=True)) for change in changes]}}
