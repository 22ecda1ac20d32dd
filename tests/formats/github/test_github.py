"""GitHub's audit events to activities; the records are written by hand after GitHub's documentation."""

import json

import pytest

from casbd.errors import BadRecord
from casbd.formats.github import GitHub
from casbd.plugins import Options

FORMAT = GitHub(Options())


def record(**fields):
    base = {
        "@timestamp": 1767268800123,
        "_document_id": "d-1",
        "action": "repo.access",
        "actor": "octocat",
        "actor_id": 583231,
        "actor_ip": "203.0.113.7",
        "actor_location": {"country_code": "NO"},
        "created_at": 1767268800123,
        "org": "contoso",
        "repo": "contoso/secret",
        "user_agent": "Mozilla/5.0",
        "visibility": "public",
    }
    return json.dumps(base | fields).encode()


def activity(**fields):
    (found,) = FORMAT.parse(record(**fields))
    return found


def test_what_was_done_by_whom():
    found = activity()
    assert (found.timestamp, found.activity_id, found.app, found.app_instance) == (1767268800123, "d-1", "GitHub", "contoso")
    assert (found.activity_type, found.action_type, found.is_admin_operation) == ("Change sharing settings", "repo.access", True)
    assert (found.user, found.user_id, found.user_type) == ("octocat", "583231", "Regular")
    assert (found.ip_address, found.country, found.user_agent, found.result) == ("203.0.113.7", "NO", "Mozilla/5.0", None)
    assert (found.object_type, found.object_name) == ("Repository", "contoso/secret")


@pytest.mark.parametrize(
    ("fields", "user", "kind"),
    [
        ({"actor": "Anna@Contoso.com"}, "anna@contoso.com", "Regular"),
        ({"actor": "dependabot[bot]"}, "dependabot[bot]", "Application"),
        ({"actor": "deploy", "actor_is_bot": True}, "deploy", "Application"),
        ({"actor": None}, None, None),
        (
            {"action": "git.clone", "actor": "deploy_key", "actor_id": None, "programmatic_access_type": "Deploy key"},
            "deploy_key",
            "Application",
        ),
        ({"action": "git.clone", "actor": "deploy_key", "actor_is_bot": False}, "deploy_key", "Application"),
        ({"action": "git.push", "actor": "octocat", "programmatic_access_type": "deploy_key"}, "octocat", "Application"),
        ({"actor": "contoso-ci", "programmatic_access_type": "GitHub App server-to-server token"}, "contoso-ci", "Application"),
        ({"actor": None, "programmatic_access_type": "GitHub App server-to-server token"}, None, "Application"),
        ({"actor": "Copilot", "actor_is_agent": True}, "Copilot", "Application"),
        *(
            ({"programmatic_access_type": access, "actor_is_bot": False}, "octocat", "Regular")
            for access in (
                *("GitHub App user-to-server token", "Personal access token (classic)", "Fine-grained personal access token"),
                *("OAuth access token", "SSH key", "", None),
            )
        ),
    ],
)
def test_actors(fields, user, kind):
    found = activity(**fields)
    assert (found.user, found.user_type) == (user, kind)


def test_objects():
    found = activity(action="team.add_member", user="hubot", team="contoso/admins", repo=None)
    assert [(thing.name, thing.type) for thing in found.objects] == [("hubot", "User"), ("contoso/admins", "Team")]
    assert found.activity_type == "Add member to group"


@pytest.mark.parametrize("moment", [1767268800, 1767268800123, "2026-01-01T12:00:00Z"])
def test_times(moment):
    assert activity(**{"@timestamp": moment}).timestamp // 1000 == 1767268800
    assert activity(**{"@timestamp": None, "created_at": moment}).timestamp // 1000 == 1767268800


@pytest.mark.parametrize("fields", [{"@timestamp": moment, "created_at": None} for moment in (None, -5, "soon")] + [{"action": None}])
def test_what_cannot_be_an_activity_is_told(fields):
    with pytest.raises(BadRecord):
        FORMAT.parse(record(**fields))


def test_several_organizations():
    assert activity(org=["contoso", "fabrikam"], repo=["contoso/a", "contoso/b"]).app_instance == "contoso"
    assert activity(org=None, business="contoso-enterprise").app_instance == "contoso-enterprise"


@pytest.mark.parametrize(
    "field", ["actor", "actor_location", "repo", "user", "_document_id", "user_agent", "actor_is_agent", "programmatic_access_type"]
)
@pytest.mark.parametrize("value", [7, ["x"], {"a": [1]}, "\ud800", True])
def test_a_field_of_another_type_is_left_out(field, value):
    assert [one.action_type for one in FORMAT.parse(record(**{field: value}))] == ["repo.access"]


def test_claims():
    assert GitHub.claims([record()]) == 1
    assert GitHub.claims([b'{"action": "login", "@timestamp": 5, "actor": "x"}', b"[]"]) == 0


@pytest.mark.parametrize("moment", ["1767268800123", 1767268800123, "2026-01-01T12:00:00.123Z", 1767268800.123])
def test_times_of_any_export(moment):
    assert activity(**{"@timestamp": moment}).timestamp == 1767268800123


@pytest.mark.parametrize(
    ("fields", "kind", "result", "detail"),
    [
        ({"action": "user.login"}, "Log on", "success", None),
        ({"action": "user.two_factor_challenge_failure"}, "Failed log on", "failure", None),
        ({"action": "protected_branch.rejected_ref_update"}, "Unspecified", "failure", None),
        ({"action": "api.request", "status_code": 403}, "Unspecified", "failure", "403"),
        ({"action": "api.request", "status_code": 200}, "Unspecified", "success", None),
        ({"action": "api.request", "status_code": 0}, "Unspecified", None, None),
        ({"action": "external_identity.scim_api_success"}, "Unspecified", "success", None),
    ],
)
def test_results(fields, kind, result, detail):
    found = activity(**fields)
    assert (found.activity_type, found.result, found.result_detail) == (kind, result, detail)


def test_a_failed_log_on_without_an_actor_is_the_users():
    found = activity(action="user.failed_login", actor=None, user="octocat")
    assert (found.user, found.user_type) == ("octocat", "Regular")
    assert activity(actor=None, user="octocat").user is None
