"""Google Cloud's audit logs to activities.

The records are written by hand after Google's documentation; those under `plaso/` are Plaso's (Apache-2.0, see LICENSE there).
"""

import json
from pathlib import Path

import msgspec
import pytest
from golden import agrees
from hypothesis import given
from hypothesis import strategies as st

from casbd.errors import BadRecord
from casbd.formats.gcp import Gcp
from casbd.model.activity import Activity
from casbd.plugins import Options

HERE = Path(__file__).parent
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


def test_a_download():
    found = activity("data_access")
    assert (found.timestamp, found.activity_id, found.activity_type) == (1767268800123, "i-1", "Download file")
    assert (found.action_type, found.app, found.app_instance) == ("storage.objects.get", "Google Cloud", "contoso-prod")
    assert (found.user, found.user_id, found.user_type) == ("anna@contoso.com", "user:Anna@Contoso.com", "Regular")
    assert (found.ip_address, found.user_agent, found.result) == ("203.0.113.7", "gcloud", "success")
    assert things(found) == [("2026/plan.pdf", "File", "target"), ("plans", "Bucket", "container")]


@pytest.mark.parametrize(
    ("log", "admin"), [("activity", True), ("data_access", False), ("system_event", False), ("policy", None), ("else", None)]
)
def test_the_log_tells_what_is_administrative(log, admin):
    assert activity(log).is_admin_operation is admin


@pytest.mark.parametrize(
    ("service", "method", "kind"),
    [
        ("iam", "google.iam.admin.v1.CreateServiceAccountKey", "Create access key"),
        ("iam", "google.iam.admin.v1.SetIAMPolicy", "Change permissions"),
        ("cloudresourcemanager", "SetIamPolicy", "Change permissions"),
        ("pubsub", "google.iam.v1.IAMPolicy.SetIamPolicy", "Change permissions"),
        ("compute", "v1.compute.instances.setIamPolicy", "Change permissions"),
        ("compute", "beta.compute.images.setIamPolicy", "Share file"),
        ("storage", "storage.setIamPermissions", "Change sharing settings"),
        ("secretmanager", "google.cloud.secretmanager.v1.SecretManagerService.AccessSecretVersion", "Read secret"),
        ("iamcredentials", "GenerateAccessToken", "Assume role"),
        ("logging", "google.logging.v2.ConfigServiceV2.DeleteSink", "Change settings"),
        ("sts", "google.identity.sts.v1.SecurityTokenService.ExchangeToken", "Assume role"),
        ("spanner", "google.spanner.admin.v1.CreateRole", "Unspecified"),
        ("compute", "v1.compute.instances.insert", "Unspecified"),
    ],
)
def test_methods(service, method, kind):
    found = of(service, method)
    assert (found.activity_type, found.action_type) == (kind, method)


def test_a_command_in_a_pod():
    found = activity(serviceName="k8s.io", methodName="io.k8s.core.v1.pods.exec.create")
    assert found.activity_type == "Run command"


def deltas(*changes):
    keys = ("action", "role", "member")
    return {"policyDelta": {"bindingDeltas": [dict(zip(keys, change, strict=True)) for change in changes]}}


def test_a_user_is_given_a_role():
    given = deltas(
        ("ADD", "roles/owner", "user:Guest@Example.com"),
        ("ADD", "roles/owner", "serviceAccount:ci@contoso-prod.iam.gserviceaccount.com"),
        ("REMOVE", "roles/viewer", "group:all@contoso.com"),
    )
    found = of("cloudresourcemanager", "SetIamPolicy", serviceData=given, resourceName="projects/contoso-prod")
    assert (found.activity_type, found.object_name) == ("Add member to role", "guest@example.com")
    assert things(found) == [
        ("guest@example.com", "User", "grantee"),
        ("ci@contoso-prod.iam.gserviceaccount.com", "Service account", "grantee"),
        ("all@contoso.com", "Group", "grantee"),
        ("roles/owner", "Role", "target"),
        ("roles/viewer", "Role", "target"),
        ("contoso-prod", "Project", "target"),
    ]


def test_a_user_loses_a_role():
    given = deltas(("REMOVE", "roles/owner", "deleted:user:guest@example.com?uid=1"))
    assert of("cloudresourcemanager", "SetIamPolicy", serviceData=given).activity_type == "Remove member from role"


def test_a_bucket_becomes_public():
    found = of("storage", "storage.setIamPermissions", serviceData=deltas(("ADD", "roles/storage.objectViewer", "allUsers")))
    assert (found.activity_type, things(found)[0]) == ("Change sharing settings", ("allUsers", "Everyone", "grantee"))


@pytest.mark.parametrize(
    ("status", "result", "detail"),
    [
        (PERMISSION_DENIED, "failure", "PERMISSION_DENIED"),
        ({"code": "5"}, "failure", "NOT_FOUND"),
        ({"code": 404}, "failure", "404"),
        ({"code": 0}, "success", None),
        (None, "success", None),
        ({"code": "x" * 5000}, "success", None),
    ],
)
def test_results(status, result, detail):
    found = activity(status=status)
    assert (found.result, found.result_detail) == (result, detail)


@pytest.mark.parametrize(
    ("operation", "result"),
    [({"first": True}, "unknown"), ({"last": True}, "success"), ({"first": True, "last": True}, "success"), ({}, "success")],
)
def test_a_long_operation_has_no_result_yet_as_it_starts(operation, result):
    assert parsed(entry() | {"operation": operation}).result == result


def test_a_long_operation_may_fail_as_it_starts():
    assert parsed(entry(status=PERMISSION_DENIED) | {"operation": {"first": True}}).result == "failure"


@pytest.mark.parametrize(
    ("info", "user", "kind"),
    [
        ({"principalEmail": "ci@contoso-prod.iam.gserviceaccount.com"}, "ci@contoso-prod.iam.gserviceaccount.com", "Application"),
        ({"principalSubject": "serviceAccount:CI@contoso.com"}, "ci@contoso.com", "Application"),
        ({"principalSubject": "user:Anna@contoso.com"}, "anna@contoso.com", "Regular"),
        (
            {"principalSubject": "principal://iam.googleapis.com/locations/global/workforcePools/hr/subject/Anna@contoso.com"},
            "anna@contoso.com",
            "Regular",
        ),
        (
            {"principalSubject": "principal://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/gh/subject/repo"},
            "principal://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/gh/subject/repo",
            "Application",
        ),
        ({"principalEmail": "system:node:n1"}, "system:node:n1", "System"),
        ({}, None, None),
        (None, None, None),
    ],
)
def test_actors(info, user, kind):
    found = activity(authenticationInfo=info)
    assert (found.user, found.user_type) == (user, kind)


def test_google_itself():
    found = activity("system_event", authenticationInfo={"principalEmail": "system@google.com"})
    assert (found.user, found.user_type) == ("system@google.com", "System")


@pytest.mark.parametrize(
    ("delegate", "impersonated"),
    [
        ({"firstPartyPrincipal": {"principalEmail": "Anna@contoso.com"}}, True),
        ({"principalSubject": "principal://iam.googleapis.com/projects/1/subject/x"}, True),
        ({"firstPartyPrincipal": {"principalEmail": "service-1@compute-system.iam.gserviceaccount.com"}}, None),
    ],
)
def test_who_acts_through_a_service_account(delegate, impersonated):
    info = {"principalEmail": "ci@contoso-prod.iam.gserviceaccount.com", "serviceAccountDelegationInfo": [delegate]}
    found = activity(authenticationInfo=info)
    assert found.is_impersonated is impersonated
    assert [thing.role for thing in found.objects].count("delegate") == bool(impersonated)


@pytest.mark.parametrize(("address", "ip"), [("private", None), ("gce-internal-ip", None), ("2001:DB8::1", "2001:db8::1"), (7, None)])
def test_addresses(address, ip):
    assert activity(requestMetadata={"callerIp": address}).ip_address == ip


@pytest.mark.parametrize(
    ("container", "instance"),
    [("projects/p", "p"), ("organizations/123", "organizations/123"), ("folders/45", "folders/45"), ("", "contoso-prod")],
)
def test_the_instance(container, instance):
    assert activity("activity", container).app_instance == instance


def test_a_service_account_is_what_its_creation_is_about():
    record = entry(serviceName="iam.googleapis.com", methodName="google.iam.admin.v1.CreateServiceAccount", resourceName="projects/p")
    record["resource"] = {"type": "service_account", "labels": {"email_id": "ci@p.iam.gserviceaccount.com", "unique_id": "1"}}
    found = parsed(record)
    assert (found.activity_type, found.object_id, found.object_type) == ("Add service principal", "1", "Service account")
    assert things(found)[1] == ("p", "Project", "target")


def test_a_secret_by_its_name_not_its_version():
    found = of(
        "secretmanager",
        "google.cloud.secretmanager.v1.SecretManagerService.AccessSecretVersion",
        resourceName="projects/p/secrets/s/versions/3",
    )
    assert (found.object_name, found.object_type, found.object_id) == ("s", "Secret", "projects/p/secrets/s/versions/3")


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


def test_claims():
    assert Gcp.claims([json.dumps(entry()).encode()] * 2) == 1
    assert Gcp.claims([json.dumps(entry() | {"protoPayload": {"message": "x"}}).encode()]) == 0
    assert Gcp.claims([b'{"logName": "x", "textPayload": "y"}', b"no json"]) == 0
    assert Gcp.claims([]) == 0


def test_records_of_plaso():
    lines = (HERE / "plaso" / "gcp_logging.jsonl").read_bytes().splitlines()
    found, refused = [], 0
    for line in lines:
        try:
            found += FORMAT.parse(line)
        except BadRecord:
            refused += 1
    assert refused == 2, "the two that are no audit logs"
    assert Gcp.claims(lines) == 9 / 11
    assert agrees(found, HERE / "plaso" / "expected.json")


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
