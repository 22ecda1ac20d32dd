"""Real exports and any records: casbd's verdicts are those of another evaluation of Sigma."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive_sigma import holds
from ruamel.yaml import YAML

from casbd.formats.aws_cloudtrail import AwsCloudTrail
from casbd.model.activity import Activity
from casbd.plugins import Options
from casbd.policies.loading import load_file
from casbd.policies.matcher import Matcher

HERE = Path(__file__).parent


RULES = {path.stem: path for path in sorted((HERE / "rules").glob("*.yml"))}


EXPORT = HERE.parents[1] / "formats/aws_cloudtrail/invictus"


def detection(name):
    return YAML(typ="safe").load(RULES[name])["detection"]


def export():
    records = [one for path in sorted(EXPORT.glob("*_CloudTrail_*.json")) for one in json.loads(path.read_text())["Records"]]
    form = AwsCloudTrail(Options())
    for record in records:
        raw = json.dumps(record)
        (activity,) = form.parse(raw.encode())
        activity.raw, activity.source = raw, "aws_cloudtrail"
        yield record, activity


@pytest.mark.parametrize("name", RULES)
def test_a_real_export_gives_the_same_events_as_another_evaluation(name):
    matcher = Matcher([load_file(RULES[name])], now=lambda: 0)
    found, expected, mapped = [], [], []
    for record, activity in export():
        if holds(record, detection(name)):
            expected.append(activity.activity_id)
        if matcher.match(activity):
            found.append(activity.activity_id)
        if matcher.match(Activity(activity_id=activity.activity_id, source="json", raw=activity.raw)):
            mapped.append(activity.activity_id)
    assert found == mapped == expected
    assert expected, "a rule that meets nothing here tests nothing"


texts = st.sampled_from(
    ["cloudtrail.amazonaws.com", "S3.x", "NoConfiguration", "console", "false", "us-east-1", "anna", "AssumeRole", "IAMUser", ""]
)


leaves = st.one_of(st.none(), st.booleans(), st.sampled_from([10, 1000]), texts)


inside = st.dictionaries(
    st.sampled_from(["userName", "type", "policyDocument", "maxResults", "accountId", "mfaAuthenticated"]), leaves, max_size=3
)


records = st.fixed_dictionaries(
    {
        "eventName": st.sampled_from(
            ["StopLogging", "GetBucketPolicy", "DescribeVpcs", "PutX", "AssumeRole", "Decrypt", "ModifyDBSnapshotAttribute"]
        )
    },
    optional={
        "eventSource": texts,
        "errorCode": leaves.filter(lambda value: value != ""),
        "userAgent": st.one_of(leaves, st.lists(texts)),
        "responseElements": st.one_of(st.none(), inside.filter(bool)),
        "requestParameters": st.one_of(st.none(), inside),
        "userIdentity": inside,
        "readOnly": st.booleans(),
        "managementEvent": leaves,
        "awsRegion": texts,
        "recipientAccountId": texts,
    },
)


MATCHER = Matcher([load_file(path) for path in RULES.values()], now=lambda: 0)


DETECTIONS = {name: detection(name) for name in RULES}


@settings(max_examples=300)
@given(records)
def test_any_record_gives_the_same_verdicts_as_another_evaluation(record):
    met = {policy.id for policy in MATCHER.match(Activity(source="json", raw=json.dumps(record, ensure_ascii=False)))}
    assert met == {name for name in RULES if holds(record, DETECTIONS[name])}
