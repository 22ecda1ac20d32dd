"""A record of CloudTrail."""

import json

from casbd.formats.aws_cloudtrail import AwsCloudTrail
from casbd.plugins import Options

FORMAT = AwsCloudTrail(Options())


USER = {"type": "IAMUser", "principalId": "AIDA1", "arn": "arn:aws:iam::1:user/anna", "accountId": "1", "userName": "anna"}


def record(**fields):
    base = {
        "eventVersion": "1.08",
        "userIdentity": USER,
        "eventTime": "2026-01-01T12:00:00Z",
        "eventSource": "iam.amazonaws.com",
        "eventName": "CreateUser",
        "awsRegion": "us-east-1",
        "sourceIPAddress": "203.0.113.7",
        "userAgent": "aws-cli/2.15",
        "requestParameters": {"userName": "bert"},
        "responseElements": None,
        "eventID": "e-1",
        "readOnly": False,
        "recipientAccountId": "1",
    }
    return json.dumps(base | fields).encode()


def activity(**fields):
    (found,) = FORMAT.parse(record(**fields))
    return found
