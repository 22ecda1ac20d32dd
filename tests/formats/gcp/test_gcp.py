"""Google Cloud's audit logs to activities.

The records are written by hand after Google's documentation; those under `plaso/` are Plaso's (Apache-2.0, see LICENSE there).
"""

import json
from pathlib import Path

import pytest
from gcp_entries import FORMAT, PERMISSION_DENIED, activity, deltas, entry, of, parsed, things
from golden import agrees

from casbd.errors import BadRecord
from casbd.formats.gcp import Gcp

HERE = Path(__file__).parent


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
