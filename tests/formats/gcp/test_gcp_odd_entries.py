"""Google Cloud: entries that other services write, and what an entry cannot be."""

import json

import msgspec
import pytest
from gcp_entries import FORMAT, PERMISSION_DENIED, activity, deltas, entry, of, parsed, things
from hypothesis import given
from hypothesis import strategies as st

from casbd.errors import BadRecord
from casbd.formats.gcp import Gcp
from casbd.model.activity import Activity


def login(method, name=None, **parameters):
    event = {"eventName": name, "parameter": [{"name": key, "value": value} for key, value in parameters.items()]}
    metadata = {"@type": "type.googleapis.com/ccc_hosted_reporting.ActivityProto", "event": [event]}
    return activity(
        "data_access",
        "organizations/123",
        serviceName="login.googleapis.com",
        methodName=f"google.login.LoginService.{method}",
        metadata=metadata if name else None,
        resourceName="organizations/123",
    )


@pytest.mark.parametrize(
    ("method", "name", "kind", "result"),
    [
        ("loginSuccess", "login_success", "Log on", "success"),
        ("loginFailure", "login_failure", "Failed log on", "failure"),
        ("loginFailure", None, "Failed log on", "failure"),
        ("logout", "logout", "Log out", "success"),
        ("2svDisable", None, "Disable multi-factor authentication", "success"),
        ("suspiciousLogin", "suspicious_login", "Security alert", "failure"),
    ],
)
def test_log_ons(method, name, kind, result):
    found = login(method, name, affected_email_address="bert@contoso.com", login_failure_type="login_failure_invalid_password")
    assert (found.activity_type, found.result, found.app, found.is_admin_operation) == (kind, result, "Google Workspace", False)
    assert found.result_detail == ("login_failure_invalid_password" if kind == "Failed log on" and name else None)
    assert things(found)[0][0] == ("bert@contoso.com" if name else "123")


def test_an_administrator_of_google_workspace():
    metadata = {"event": [{"eventName": "ASSIGN_ROLE", "parameter": [{"name": "USER_EMAIL", "value": "bert@contoso.com"}]}]}
    found = of("admin", "google.admin.AdminService.assignRole", metadata=metadata)
    assert (found.activity_type, found.is_admin_operation, found.object_name) == ("Add member to role", True, "bert@contoso.com")


def test_a_row_of_bigquery():
    record = entry(serviceName="cloudresourcemanager.googleapis.com", methodName="SetIamPolicy")
    payload = record.pop("protoPayload")
    del payload["@type"]
    payload["servicedata_v1_iam"] = deltas(("ADD", "roles/owner", "user:guest@example.com"))
    found = parsed(record | {"protopayload_auditlog": payload, "timestamp": "2026-01-01 12:00:00.123456 UTC"})
    assert (found.activity_type, found.timestamp, found.user) == ("Add member to role", 1767268800123, "anna@contoso.com")


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (entry() | {"protoPayload": None, "textPayload": "x"}, "without an AuditLog"),
        (entry(**{"@type": "type.googleapis.com/google.appengine.logging.v1.RequestLog"}), "without an AuditLog"),
        (entry(methodName=None), "without methodName"),
        (entry() | {"timestamp": "soon" * 100, "receiveTimestamp": "later"}, "timestamp 'soonsoon"),
        (entry() | {"timestamp": None, "receiveTimestamp": None}, "timestamp is missing"),
        ([], "not a JSON object"),
        ({}, "without an AuditLog"),
    ],
)
def test_what_cannot_be_an_activity_is_told(given, reason):
    with pytest.raises(BadRecord, match=reason) as error:
        parsed(given)
    assert len(str(error.value)) < 200


def test_the_time_of_receipt_where_there_is_no_other():
    assert parsed(entry() | {"timestamp": None}).timestamp == 1767268801000


HOSTILE = [7, True, ["x"], [None, 7, {"a": []}], {"id": [1]}, "\ud800", 10**300, None, float("nan")]


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize(
    "field",
    ["authenticationInfo", "requestMetadata", "status", "serviceData", "metadata", "resourceName", "serviceName", "request"],
)
def test_a_part_of_another_type_is_left_out(field, value):
    found = activity(**{field: value})
    assert found.action_type == "storage.objects.get"
    assert msgspec.json.encode(found), "it can be stored"


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("field", ["insertId", "logName", "resource", "operation"])
def test_a_field_of_another_type_is_left_out(field, value):
    found = parsed(entry() | {field: value})
    assert found.action_type == "storage.objects.get"
    assert msgspec.json.encode(found), "it can be stored"


WORDS = """protoPayload @type methodName serviceName timestamp logName resource labels type operation status authenticationInfo
principalEmail principalSubject serviceAccountDelegationInfo firstPartyPrincipal event metadata parameter name value serviceData
policyDelta bindingDeltas member role code resourceName eventName request email_id"""


NAMES = st.sampled_from(WORDS.split())


LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["2026-01-01T00:00:00Z", "login.x", "a.AuditLog"])
)


VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=6), max_leaves=20)


@given(st.dictionaries(NAMES, VALUES, max_size=8), st.dictionaries(NAMES, VALUES, max_size=8), st.booleans())
def test_anything_is_an_activity_or_a_reject(top, payload, whole):
    record = top | {"protoPayload": payload} if not whole else entry(**payload) | {key: top[key] for key in top if key != "protoPayload"}
    try:
        found = FORMAT.parse(json.dumps(record).encode())
    except BadRecord:
        return
    assert all(isinstance(one, Activity) and one.action_type and msgspec.json.encode(one) for one in found)


@pytest.mark.parametrize(("dry_run", "result"), [(False, "failure"), (True, "unknown")])
def test_a_denial_by_vpc_service_controls(dry_run, result):
    """After Google's "Retrieving VPC Service Controls errors from audit logs"."""
    found = of(
        "storage",
        "google.storage.objects.get",
        resourceName="projects/123",
        status=PERMISSION_DENIED,
        metadata={"dryRun": dry_run, "resourceNames": ["projects/_/buckets/plans/objects/2026/plan.pdf"]},
    )
    assert (found.activity_type, found.result, found.result_detail) == ("Download file", result, "PERMISSION_DENIED")
    assert things(found)[0] == ("2026/plan.pdf", "File", "target")


def test_what_googles_staff_did_is_left_aside():
    record = entry("access_transparency")
    del record["protoPayload"]
    record["jsonPayload"] = {"@type": "type.googleapis.com/google.cloud.audit.TransparencyLog", "accesses": [{"methodName": "x"}]}
    text = json.dumps(record).encode()
    assert Gcp.claims([text]) == 1
    assert FORMAT.parse(text) == ()


def test_an_alert_of_workspace_is_of_the_one_it_is_about():
    found = login("suspiciousLogin", "suspicious_login", affected_email_address="Bert@contoso.com")
    assert (found.user, found.activity_type, found.result) == ("anna@contoso.com", "Security alert", "failure")
    (nobody,) = FORMAT.parse(
        json.dumps(
            entry(
                serviceName="login.googleapis.com",
                methodName="google.login.LoginService.suspiciousLogin",
                authenticationInfo={},
                metadata={
                    "event": [
                        {"eventName": "suspicious_login", "parameter": [{"name": "affected_email_address", "value": "Bert@contoso.com"}]}
                    ]
                },
            )
        ).encode()
    )
    assert (nobody.user, nobody.user_type) == ("bert@contoso.com", "Regular")


def test_a_workforce_identity_as_principal_email():
    pool = "//iam.googleapis.com/locations/global/workforcePools/p/subject/Sam@example.com"
    assert activity(authenticationInfo={"principalEmail": pool}).user == "sam@example.com"
