"""Google's records to activities: one for each event. Those under `invictus/` are Invictus Incident Response's (MIT, see LICENSE there)."""

import json
from pathlib import Path

import pytest
from golden import agrees

from casbd.errors import BadRecord
from casbd.formats.google_workspace import GoogleWorkspace
from casbd.plugins import Options

HERE = Path(__file__).parent
FORMAT = GoogleWorkspace(Options())


def record(*events, application="admin", **fields):
    base = {
        "kind": "admin#reports#activity",
        "id": {"time": "2026-01-01T12:00:00.123Z", "uniqueQualifier": "-42", "applicationName": application, "customerId": "C1"},
        "actor": {"callerType": "USER", "email": "Admin@Contoso.com", "profileId": "1"},
        "ipAddress": "2001:db8::1",
        "events": [{"type": "T", "name": name, "parameters": parameters} for name, parameters in events],
    }
    return json.dumps(base | fields).encode()


def test_each_event_is_an_activity():
    given = record(
        ("CREATE_USER", [{"name": "USER_EMAIL", "value": "new@contoso.com"}]),
        ("ASSIGN_ROLE", [{"name": "ROLE_NAME", "value": "_SEED_ADMIN_ROLE"}]),
    )
    one, other = FORMAT.parse(given)
    assert (one.activity_id, other.activity_id) == ("admin/2026-01-01T12:00:00.123Z/-42", "admin/2026-01-01T12:00:00.123Z/-42#1")
    assert (one.activity_type, one.object_type, one.object_name) == ("Create user", "User", "new@contoso.com")
    assert (other.activity_type, other.action_type, other.object_name) == ("Add member to role", "ASSIGN_ROLE", "_SEED_ADMIN_ROLE")
    assert (one.user, one.user_type, one.ip_address, one.app_instance) == ("admin@contoso.com", "Regular", "2001:db8::1", "C1")
    assert one.is_admin_operation
    assert one.app == "Google Workspace"


@pytest.mark.parametrize(
    ("name", "kind", "result"),
    [("login_success", "Log on", "success"), ("login_failure", "Failed log on", "failure"), ("logout", "Log out", None)],
)
def test_log_ons(name, kind, result):
    (found,) = FORMAT.parse(
        record((name, [{"name": "login_failure_type", "value": "login_failure_invalid_password"}]), application="login")
    )
    assert (found.activity_type, found.result, found.is_admin_operation) == (kind, result, False)


def test_a_file():
    values = [
        {"name": "doc_id", "value": "d1"},
        {"name": "doc_title", "value": "Plan"},
        {"name": "target_user", "value": "x@example.net"},
        {"name": "old", "multiValue": ["a"]},
    ]
    (found,) = FORMAT.parse(record(("change_user_access", values), application="drive"))
    assert (found.app, found.activity_type) == ("Google Drive", "Share file")
    assert [(thing.id, thing.name, thing.type) for thing in found.objects] == [
        ("d1", "Plan", "File"),
        ("x@example.net", "x@example.net", "User"),
    ]


@pytest.mark.parametrize(
    ("actor", "user", "kind"),
    [({"callerType": "KEY", "key": "SYSTEM"}, "SYSTEM", "System"), ({"key": "svc"}, "svc", "Application"), (None, None, None)],
)
def test_actors(actor, user, kind):
    (found,) = FORMAT.parse(record(("view", []), actor=actor))
    assert (found.user, found.user_type) == (user, kind)


def test_an_event_that_is_a_record_of_its_own():
    (found,) = FORMAT.parse(record(events=None, name="DELETE_USER", parameters=[{"name": "USER_EMAIL", "value": "x@contoso.com"}]))
    assert (found.activity_type, found.object_name) == ("Delete user", "x@contoso.com")


@pytest.mark.parametrize("given", [record(), record(("view", []), id={"time": "soon"}), record(("view", []), id=None), b"[]", b"{}"])
def test_what_cannot_be_an_activity_is_told(given):
    with pytest.raises(BadRecord):
        FORMAT.parse(given)


@pytest.mark.parametrize("field", ["actor", "ipAddress", "name"])
@pytest.mark.parametrize("value", [7, ["x"], {"email": [1]}, "\ud800", True])
def test_a_field_of_another_type_is_left_out(field, value):
    assert [one.action_type for one in FORMAT.parse(record(("view", [None, 7, {"name": 5}]), **{field: value}))] == ["view"]


@pytest.mark.parametrize("name", ["login", "calendar", "groups_enterprise"])
def test_records_of_a_real_tenant(name):
    records = [json.dumps(one).encode() for one in json.loads((HERE / f"invictus/{name}.json").read_text())["activities"]]
    assert GoogleWorkspace.claims(records) == 1
    assert agrees([activity for one in records for activity in FORMAT.parse(one)], HERE / f"invictus/{name}.expected.json")


@pytest.mark.parametrize(
    ("status", "result", "detail"),
    [
        ({"eventStatus": "SUCCEEDED", "httpStatusCode": 200}, "success", None),
        ({"eventStatus": "SUCCEEDED_WITH_WARNINGS"}, "partial", None),
        (
            {"eventStatus": "FAILED", "errorCode": "ALREADY_EXISTS", "errorMessage": "Entity already exists"},
            "failure",
            "Entity already exists",
        ),
        ({"eventStatus": "EVENT_STATUS_UNSPECIFIED"}, None, None),
        (["FAILED"], None, None),
    ],
)
def test_what_an_events_status_says(status, result, detail):
    (found,) = FORMAT.parse(record(events=[{"type": "T", "name": "CREATE_USER", "status": status}]))
    assert (found.activity_type, found.result, found.result_detail) == ("Create user", result, detail)


def test_a_log_on_that_failed_by_its_status():
    (found,) = FORMAT.parse(record(application="login", events=[{"name": "login_success", "status": {"eventStatus": "FAILED"}}]))
    assert (found.activity_type, found.result) == ("Failed log on", "failure")


@pytest.mark.parametrize(
    ("name", "parameters", "kind", "result", "detail"),
    [
        ("login_verification", [{"name": "login_challenge_status", "value": "Challenge Passed."}], "Unspecified", "success", None),
        ("login_challenge", [{"name": "login_challenge_status", "value": "Challenge Failed."}], "Unspecified", "failure", None),
        ("login_failure", [{"name": "failure_type", "value": "failure_app_not_configured_for_user"}], "Failed log on", "failure", ...),
        ("risky_sensitive_action_blocked", [], "Security alert", "failure", None),
    ],
)
def test_steps_of_a_log_on(name, parameters, kind, result, detail):
    (found,) = FORMAT.parse(record((name, parameters), application="login"))
    detail = parameters[0]["value"] if detail is ... else detail
    assert (found.activity_type, found.result, found.result_detail) == (kind, result, detail)


@pytest.mark.parametrize(
    ("name", "parameters", "kind"),
    [
        ("change_user_access", [{"name": "new_value", "multiValue": ["can_edit"]}], "Share file"),
        ("change_user_access", [{"name": "new_value", "multiValue": ["none"]}], "Unshare file"),
        ("change_document_visibility", [{"name": "new_value", "multiValue": ["private"]}], "Unshare file"),
        ("shared_drive_membership_change", [{"name": "membership_change_type", "value": "remove_from_shared_drive"}], "Unshare file"),
        ("shared_drive_membership_change", [{"name": "membership_change_type", "value": "add_to_shared_drive"}], "Share file"),
    ],
)
def test_taking_access_away_is_no_sharing(name, parameters, kind):
    (found,) = FORMAT.parse(record((name, parameters), application="drive"))
    assert found.activity_type == kind


@pytest.mark.parametrize(
    ("application", "name", "kind"),
    [("drive", "delete", "Delete file"), ("vault", "delete", "Unspecified"), ("calendar", "delete_event", "Delete item")],
)
def test_an_events_name_means_what_its_application_says(application, name, kind):
    (found,) = FORMAT.parse(record((name, []), application=application))
    assert found.activity_type == kind


@pytest.mark.parametrize(
    ("actor", "expected"),
    [
        (
            {"callerType": "APPLICATION", "applicationInfo": {"oauthClientId": "1.apps", "applicationName": "Sync", "impersonation": True}},
            ("Sync", None, "Application", True),
        ),
        ({"applicationInfo": {"oauthClientId": "1.apps", "impersonation": False}}, ("1.apps", None, "Application", None)),
        ({"profileId": "105250506097979753968"}, (None, None, None, None)),
        ({"key": "SYSTEM"}, ("SYSTEM", None, "System", None)),
    ],
)
def test_actors_that_are_no_people(actor, expected):
    (found,) = FORMAT.parse(record(("CREATE_USER", []), actor=actor))
    assert (found.user, found.user_id, found.user_type, found.is_impersonated) == expected


def test_alerts_of_the_alert_center():
    alerts = json.loads((HERE / "cases/alert_center.json").read_text())["alerts"]
    records = [json.dumps(alert).encode() for alert in alerts]
    assert agrees([activity for each in records for activity in FORMAT.parse(each)], HERE / "cases/alert_center.expected.json")
    assert GoogleWorkspace.claims(records) == 1


def alert(**fields):
    base = {
        "customerId": "C1",
        "alertId": "a-1",
        "type": "Suspicious login",
        "source": "Google identity",
        "createTime": "2026-01-01T12:00:00Z",
    }
    return json.dumps(base | fields).encode()


def test_an_alert_without_what_can_be_left_out():
    (found,) = FORMAT.parse(alert())
    assert (found.timestamp, found.activity_id, found.activity_type, found.app_instance) == (1767268800000, "a-1", "Security alert", "C1")
    assert (found.user, found.user_type, found.ip_address, found.objects) == (None, None, None, ())


@pytest.mark.parametrize("fields", [{"type": None}, {"type": ""}, {"createTime": "soon"}, {"createTime": None}, {"startTime": "soon"}])
def test_an_alert_that_cannot_be_an_activity_is_told(fields):
    with pytest.raises(BadRecord):
        FORMAT.parse(alert(**fields))


@pytest.mark.parametrize("field", ["customerId", "alertId", "source", "data", "metadata"])
@pytest.mark.parametrize("value", [7, ["x"], {"messages": [None, 5], "events": 3, "ruleViolationInfo": []}, "\ud800", True, None])
def test_a_field_of_an_alert_of_another_type_is_left_out(field, value):
    assert [one.action_type for one in FORMAT.parse(alert(**{field: value}))] == ["Suspicious login"]


def test_a_record_of_the_reports_api_that_names_an_alert_is_none():
    given = record(("CREATE_USER", [{"name": "alertId", "value": "a-1"}]), alertId="a-1")
    assert [one.action_type for one in FORMAT.parse(given)] == ["CREATE_USER"]
