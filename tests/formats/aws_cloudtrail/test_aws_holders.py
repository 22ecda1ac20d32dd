"""CloudTrail: records within what AWS ships them in, and what is no event."""

import json

import pytest
from cloudtrail_records import FORMAT, activity, record

from casbd.errors import BadRecord
from casbd.formats.aws_cloudtrail import AwsCloudTrail
from casbd.formats.m365 import M365


def test_a_delivery_of_eventbridge_holds_the_record():
    delivery = b'{"version": "0", "detail-type": "AWS API Call via CloudTrail", "source": "aws.iam", "detail": ' + record() + b"}"
    assert AwsCloudTrail.claims([delivery]) == 1
    (found,) = FORMAT.parse(delivery)
    assert found.action_type == "CreateUser"
    assert found.raw.encode() == record()


def test_an_answer_of_lookup_events_holds_the_record_as_text():
    inside = record().decode()
    (found,) = FORMAT.parse(json.dumps({"EventId": "e-1", "EventName": "CreateUser", "CloudTrailEvent": inside}).encode())
    assert (found.action_type, found.activity_id, found.raw) == ("CreateUser", "e-1", inside)
    assert AwsCloudTrail.claims([json.dumps({"CloudTrailEvent": inside}).encode()]) == 1


def test_a_log_event_of_cloudwatch_holds_the_record_as_text():
    inside = record(requestParameters={"message": "hello"}).decode()
    event = json.dumps({"id": "3669", "timestamp": 1767268800000, "message": inside}).encode()
    (found,) = FORMAT.parse(event)
    assert (found.activity_id, found.raw) == ("e-1", inside)
    assert AwsCloudTrail.claims([event]) == 1
    assert FORMAT.parse(inside.encode())[0].activity_id == "e-1"


BEFORE = ["2026-11-20T10:05:01.000Z ", "2026-11-20T10:05:01.123000+00:00 1_CloudTrail_us-east-1 ", "2026-11-20T10:05:01 "]


@pytest.mark.parametrize("before", BEFORE)
def test_a_line_of_cloudwatch_has_a_time_before_the_record(before):
    inside = record().decode()
    delivered = json.dumps({"detail-type": "AWS API Call via CloudTrail", "detail": json.loads(inside)})
    for own in (inside, delivered):
        (found,) = FORMAT.parse((before + own).encode())
        assert (found.timestamp, found.activity_id, json.loads(found.raw)) == (activity().timestamp, "e-1", json.loads(inside))
        assert AwsCloudTrail.claims([(before + own).encode()]) == 1
        assert M365.claims([(before + own).encode()]) == 0


def test_a_row_of_a_query_in_cloudwatch_holds_the_record_as_text():
    row = json.dumps({"@timestamp": "2026-01-01 12:00:00.000", "@message": record().decode()}).encode()
    assert (FORMAT.parse(row)[0].activity_id, AwsCloudTrail.claims([row])) == ("e-1", 1)


@pytest.mark.parametrize(
    "line", ["2026-11-20T10:05:01.000Z START RequestId: 1", '2026-11-20T10:05:01.000Z {"a": 1}', "2026-11-20T10:05:01Z {"]
)
def test_a_line_of_cloudwatch_that_holds_something_else_is_told(line):
    with pytest.raises(BadRecord):
        FORMAT.parse(line.encode())
    assert AwsCloudTrail.claims([line.encode()]) == 0


def test_what_is_no_event_is_left_aside():
    digest = {"awsAccountId": "1", "digestS3Bucket": "b", "digestS3Object": "o", "logFiles": [], "digestStartTime": "2026-01-01T12:00:00Z"}
    control = {"id": "", "timestamp": 1510109208016, "message": "CWL CONTROL MESSAGE: Checking health of destination Firehose."}
    assert FORMAT.parse(json.dumps(digest).encode()) == FORMAT.parse(json.dumps(control).encode()) == ()
    assert AwsCloudTrail.claims([json.dumps(digest).encode()]) == 1
    assert (
        AwsCloudTrail.claims([json.dumps(control | {"message": text}).encode() for text in (control["message"], "a line of a log")]) == 0.5
    )


def test_an_insight_is_no_activity():
    insight = (
        b'{"eventVersion": "1.07", "eventTime": "2026-01-01T12:00:00Z", "awsRegion": "us-east-1", "eventID": "i", "eventType": '
        b'"AwsCloudTrailInsight", "recipientAccountId": "1", "insightDetails": {"state": "Start", "eventSource": "iam.amazonaws.com", '
        b'"eventName": "CreateUser"}, "eventCategory": "Insight"}'
    )
    assert FORMAT.parse(insight) == ()
    assert AwsCloudTrail.claims([insight]) == 1


@pytest.mark.parametrize("value", [5, "\ud800", {"a": 1}])
def test_times_that_logstash_has_moved_in_a_record_with_another_mistake(value):
    (found,) = FORMAT.parse(record(eventTime=None, errorMessage=value, **{"@timestamp": "2026-01-01T12:00:00.000Z"}))
    assert found.timestamp == activity().timestamp


def test_half_a_surrogate_pair_in_a_record_within_a_record():
    (found,) = FORMAT.parse(json.dumps({"CloudTrailEvent": record().decode().replace("aws-cli", "\ud800")}).encode())
    assert found.raw.encode()


def test_times_that_logstash_has_moved():
    (found,) = FORMAT.parse(record(eventTime=None, **{"@timestamp": "2026-01-01T12:00:00.000Z"}))
    assert found.timestamp == activity().timestamp


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"eventTime": None}, "eventTime is missing"),
        ({"eventTime": "yesterday"}, "eventTime 'yesterday'"),
        ({"eventName": None}, "not a CloudTrail record"),
    ],
)
def test_what_cannot_be_an_activity_is_told(fields, why):
    with pytest.raises(BadRecord, match=why):
        FORMAT.parse(record(**fields))


@pytest.mark.parametrize(
    "field", ["userIdentity", "resources", "requestParameters", "eventID", "userAgent", "errorCode", "sourceIPAddress"]
)
@pytest.mark.parametrize("value", [7, ["x"], {"a": [None]}, "\ud800", True])
def test_a_field_of_another_type_is_left_out(field, value):
    found = FORMAT.parse(record(**{field: value}))
    assert [one.action_type for one in found] == ["CreateUser"]
