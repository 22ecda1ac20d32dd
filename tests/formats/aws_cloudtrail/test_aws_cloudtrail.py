"""CloudTrail records to activities: who did it, from where, what came of it; real exports as golden cases.

`CASBD_ACCEPT=1 pytest tests/formats` writes what came out as what is expected; then read the difference. The records under
`invictus/` are Invictus Incident Response's (MIT, see LICENSE there).
"""

import json
import os
from pathlib import Path

import pytest
from cloudtrail_records import FORMAT, activity

from casbd.formats.aws_cloudtrail import AwsCloudTrail
from casbd.formats.m365 import M365
from casbd.wire import json_lines

HERE = Path(__file__).parent


SESSION = "arn:aws:sts::1:assumed-role/Admins/"


def test_what_was_done_by_whom():
    found = activity()
    assert (found.activity_type, found.action_type, found.app, found.app_instance) == ("Create user", "CreateUser", "AWS", "1")
    assert (found.user, found.user_type, found.user_id) == ("anna", "Regular", "arn:aws:iam::1:user/anna")
    assert (found.ip_address, found.user_agent, found.result) == ("203.0.113.7", "aws-cli/2.15", "success")
    assert found.is_admin_operation
    assert (found.object_type, found.object_name) == ("User", "bert")


@pytest.mark.parametrize(
    ("identity", "user", "kind"),
    [
        ({"type": "IAMUser", "userName": "Anna@Contoso.com"}, "anna@contoso.com", "Regular"),
        ({"type": "Root", "arn": "arn:aws:iam::1:root", "userName": "contoso"}, "root", "Admin"),
        (
            {"type": "AssumedRole", "arn": f"{SESSION}anna", "sessionContext": {"sessionIssuer": {"userName": "Admins"}}},
            "Admins/anna",
            "Regular",
        ),
        ({"type": "AssumedRole", "arn": f"{SESSION}Anna@contoso.com"}, "anna@contoso.com", "Regular"),
        (
            {"type": "AssumedRole", "principalId": "AROA:i-0abc", "sessionContext": {"sessionIssuer": {"userName": "Web"}}},
            "Web/i-0abc",
            "Regular",
        ),
        ({"type": "AssumedRole", "arn": f"{SESSION}x", "invokedBy": "autoscaling.amazonaws.com"}, "Admins/x", "Application"),
        ({"type": "AWSService", "invokedBy": "cloudtrail.amazonaws.com"}, "cloudtrail.amazonaws.com", "System"),
        ({"type": "FederatedUser", "arn": "arn:aws:sts::1:federated-user/anna"}, "anna", "Regular"),
        ({"type": "AWSAccount", "principalId": "AIDA2:bert", "accountId": "2"}, "bert", None),
        ({"type": "IAMUser", "userName": "HIDDEN_DUE_TO_SECURITY_REASONS"}, None, "Regular"),
        ({}, None, None),
        (None, None, None),
    ],
)
def test_users(identity, user, kind):
    found = activity(userIdentity=identity)
    assert (found.user, found.user_type) == (user, kind)


@pytest.mark.parametrize("text", ["AWS Internal", "cloudtrail.amazonaws.com", "", None])
def test_a_service_has_no_address(text):
    assert activity(sourceIPAddress=text).ip_address is None


@pytest.mark.parametrize(
    ("fields", "result", "detail"),
    [
        ({}, "success", None),
        ({"errorCode": "AccessDenied", "errorMessage": "User is not authorized"}, "failure", "AccessDenied"),
        ({"errorMessage": "Failed authentication"}, "failure", "Failed authentication"),
    ],
)
def test_results(fields, result, detail):
    found = activity(**fields)
    assert (found.result, found.result_detail) == (result, detail)


@pytest.mark.parametrize(("answer", "kind", "result"), [("Success", "Log on", "success"), ("Failure", "Failed log on", "failure")])
def test_log_ons_to_the_console(answer, kind, result):
    found = activity(eventSource="signin.amazonaws.com", eventName="ConsoleLogin", responseElements={"ConsoleLogin": answer})
    assert (found.activity_type, found.result, found.is_admin_operation) == (kind, result, False)


@pytest.mark.parametrize(
    ("source", "event", "fields", "admin"),
    [
        ("iam", "CreateUser", {}, True),
        ("iam", "ListUsers", {"readOnly": True}, False),
        ("iam", "ListUsers", {"readOnly": None}, False),
        ("iam", "ChangePassword", {}, False),
        ("kms", "Decrypt", {"readOnly": True}, False),
        ("kms", "ScheduleKeyDeletion", {}, True),
        ("s3", "PutBucketPolicy", {}, True),
        ("s3", "PutObject", {}, False),
    ],
)
def test_administrative_activities(source, event, fields, admin):
    assert activity(eventSource=f"{source}.amazonaws.com", eventName=event, **fields).is_admin_operation is admin


IDENTITY_CENTER = {
    "eventSource": "signin.amazonaws.com",
    "eventType": "AwsServiceEvent",
    "userIdentity": {
        "type": "IdentityCenterUser",
        "accountId": "111122223333",
        "onBehalfOf": {"userId": "a11111-22", "identityStoreArn": "arn"},
    },
    "additionalEventData": {"UserName": "anna", "AuthWorkflowID": "w"},
    "responseElements": None,
}
"""After AWS's own example (awsdocs/aws-single-sign-on-user-guide, "Understanding IAM Identity Center sign-in events")."""


@pytest.mark.parametrize(
    ("event", "verdict", "kind", "result"),
    [
        ("CredentialChallenge", "Success", "Unspecified", "success"),
        ("CredentialVerification", "Success", "Unspecified", "success"),
        ("CredentialVerification", "Failure", "Failed log on", "failure"),
        ("UserAuthentication", "Success", "Log on", "success"),
    ],
)
def test_a_log_on_by_identity_center_is_one_whatever_its_steps(event, verdict, kind, result):
    found = activity(**IDENTITY_CENTER, eventName=event, serviceEventDetails={event: verdict})
    assert (found.activity_type, found.result, found.user, found.user_id) == (kind, result, "anna", "a11111-22")


@pytest.mark.parametrize(
    ("identity", "additional", "user"),
    [
        ({"type": "Unknown", "userName": "anna"}, {"UserName": "other"}, "anna"),
        ({"type": "IdentityCenterUser", "onBehalfOf": {"userId": "a1"}}, {"UserName": "HIDDEN_DUE_TO_SECURITY_REASONS"}, "a1"),
        ({"type": "IdentityCenterUser", "onBehalfOf": {"userId": "a1"}}, None, "a1"),
        (
            {"type": "Unknown", "principalId": "111122223333", "accountId": "111122223333"},
            {"UserName": "Anna@contoso.com"},
            "anna@contoso.com",
        ),
        ({"type": "Unknown", "principalId": "111122223333", "accountId": "111122223333"}, None, None),
    ],
)
def test_users_of_identity_center(identity, additional, user):
    assert activity(userIdentity=identity, additionalEventData=additional).user == user


def test_a_service_that_names_itself_in_the_place_of_the_address():
    found = activity(userIdentity={"type": "AWSService"}, sourceIPAddress="ec2.amazonaws.com")
    assert (found.user, found.user_type, found.ip_address) == ("ec2.amazonaws.com", "System", None)


@pytest.mark.parametrize(
    ("fields", "result", "detail"),
    [
        ({"eventName": "SwitchRole", "responseElements": {"SwitchRole": "Failure"}}, "failure", None),
        ({"eventName": "ConsoleLogin", "responseElements": {"ConsoleLogin": "Success"}, "errorMessage": ""}, "success", None),
        (
            {
                "eventName": "CreateAccountResult",
                "serviceEventDetails": {"createAccountStatus": {"state": "FAILED", "failureReason": "EMAIL"}},
            },
            "failure",
            "EMAIL",
        ),
    ],
)
def test_failures_without_an_error_code(fields, result, detail):
    found = activity(**fields)
    assert (found.result, found.result_detail) == (result, detail)


@pytest.mark.parametrize(("event", "kind"), [("Logout", "Log out"), ("Federate", "Unspecified")])
def test_what_people_do_in_the_access_portal_is_not_administration(event, kind):
    found = activity(eventSource="sso.amazonaws.com", eventName=event)
    assert (found.activity_type, found.is_admin_operation) == (kind, False)


def test_an_event_name_with_a_version():
    found = activity(eventSource="lambda.amazonaws.com", eventName="Invoke20150331")
    assert (found.activity_type, found.action_type) == ("Run command", "Invoke20150331")


def test_objects_of_storage():
    request = {"bucketName": "exports", "key": "2026/report.csv"}
    found = activity(
        eventSource="s3.amazonaws.com", eventName="GetObject", requestParameters=request, resources=[{"ARN": "arn:aws:s3:::exports"}]
    )
    assert [(thing.id, thing.name, thing.type) for thing in found.objects] == [
        ("exports/2026/report.csv", "2026/report.csv", "File"),
        ("exports", "exports", "Bucket"),
        ("arn:aws:s3:::exports", "exports", None),
    ]


def real():
    for path in sorted((HERE / "invictus").glob("*_CloudTrail_*.json")):
        yield from (json.dumps(one).encode() for one in json.loads(path.read_text())["Records"])


def test_records_of_a_real_account():
    found = []
    for text in real():
        (one,) = FORMAT.parse(text)
        shown = json.loads(json_lines.activity(one))
        found.append({name: value for name, value in shown.items() if value not in (None, [], "")})
    expected = HERE / "invictus" / "expected.json"
    if os.environ.get("CASBD_ACCEPT"):
        expected.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    assert found == json.loads(expected.read_text())


def test_a_format_claims_its_own_records_alone():
    assert AwsCloudTrail.claims([*real()]) == 1
    assert M365.claims([*real()]) == 0
