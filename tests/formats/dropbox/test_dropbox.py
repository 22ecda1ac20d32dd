"""Dropbox's team events to activities; the records are written by hand after Dropbox's documentation of `team_log/get_events`."""

import json

import pytest
from any_json import any_json
from hypothesis import given
from hypothesis import strategies as st

from casbd.errors import BadRecord
from casbd.formats.dropbox import Dropbox
from casbd.model.activity import Activity
from casbd.plugins import Options

FORMAT = Dropbox(Options())
ANNA = {
    ".tag": "team_member",
    "account_id": "dbid:1",
    "display_name": "Anna Berg",
    "email": "Anna@Contoso.com",
    "team_member_id": "dbmid:1",
}
BERT = {".tag": "non_team_member", "account_id": "dbid:2", "display_name": "Bert", "email": "bert@example.com"}
FILE = {
    ".tag": "file",
    "path": {"contextual": "/Contracts/plan.pdf", "namespace_relative": {"ns_id": "1234", "relative_path": "/plan.pdf"}},
    "display_name": "plan.pdf",
    "file_id": "id:1",
}
FOLDER = {".tag": "folder", "path": {"contextual": "/Contracts"}, "file_id": "id:2"}


def record(event="login_success", **fields):
    base = {
        "timestamp": "2026-01-01T12:00:00Z",
        "event_category": {".tag": "logins"},
        "actor": {".tag": "user", "user": ANNA},
        "origin": {
            "geo_location": {"city": "Oslo", "region": "Oslo", "country": "no", "ip_address": "203.0.113.7"},
            "access_method": {".tag": "end_user", "end_user": {".tag": "desktop", "session_id": "dbdsid:1"}},
        },
        "involve_non_team_member": False,
        "context": ANNA,
        "participants": [],
        "assets": [],
        "event_type": {".tag": event, "description": "What people read"},
        "details": {".tag": f"{event}_details", "login_method": {".tag": "password"}},
    }
    return json.dumps(base | fields).encode()


def activity(event="login_success", **fields):
    (found,) = FORMAT.parse(record(event, **fields))
    return found


def objects(found):
    return [(thing.id, thing.name, thing.type, thing.role) for thing in found.objects]


def test_a_log_on():
    found = activity()
    assert (found.activity_type, found.action_type, found.app, found.activity_id) == ("Log on", "login_success", "Dropbox", "")
    assert (found.user, found.user_id, found.user_display_name, found.user_type) == ("anna@contoso.com", "dbid:1", "Anna Berg", "Regular")
    assert (found.ip_address, found.country, found.device_type, found.result) == ("203.0.113.7", "NO", "PC", "success")
    assert (found.timestamp, found.is_admin_operation, found.is_impersonated, found.objects) == (1767268800000, False, None, ())


@pytest.mark.parametrize("event", ["login_fail", "sso_error"])
def test_a_failed_log_on(event):
    found = activity(event, details={".tag": f"{event}_details", "error_details": {"user_friendly_message": "Wrong password."}})
    assert (found.activity_type, found.result, found.result_detail) == ("Failed log on", "failure", "Wrong password.")


@pytest.mark.parametrize(
    ("event", "kind", "result", "admin"),
    [
        ("logout", "Log out", None, False),
        ("device_link_fail", "Unspecified", "failure", False),
        ("tfa_reset", "Disable multi-factor authentication", None, True),
        ("sso_add_cert", "Set domain information", None, True),
        ("sso_error", "Failed log on", "failure", False),
        ("app_link_team", "Consent to application", None, True),
        ("app_link_user", "Consent to application", None, False),
        ("something_new", "Unspecified", None, False),
    ],
)
def test_events(event, kind, result, admin):
    found = activity(event)
    assert (found.activity_type, found.action_type, found.result, found.is_admin_operation) == (kind, event, result, admin)


@pytest.mark.parametrize(
    ("event", "old", "new", "kind"),
    [
        ("member_change_status", "invited", "active", "Create user"),
        ("member_change_status", "suspended", "active", "Unsuspend user"),
        ("member_change_status", "active", "suspended", "Suspend user"),
        ("member_change_status", "active", "removed", "Delete user"),
        ("member_change_status", "not_joined", "invited", "Unspecified"),
        ("member_change_admin_role", None, "team_admin", "Add member to role"),
        ("member_change_admin_role", "team_admin", None, "Remove member from role"),
        ("member_change_admin_role", "team_admin", "member_only", "Remove member from role"),
        ("member_change_admin_role", None, None, "Change member role"),
        ("tfa_change_status", "disabled", "sms", "Enable multi-factor authentication"),
        ("tfa_change_status", "enabled", "disabled", "Disable multi-factor authentication"),
        ("account_lock_or_unlocked", "unlocked", "locked", "Lock user"),
    ],
)
def test_what_an_event_is_by_its_new_value(event, old, new, kind):
    values = {name: {".tag": tag} for name, tag in (("previous_value", old), ("new_value", new)) if tag}
    assert activity(event, details={".tag": f"{event}_details"} | values).activity_type == kind


@pytest.mark.parametrize(
    ("event", "kind"), [("file_download", "Download file"), ("file_delete", "Delete file"), ("file_move", "Move file")]
)
def test_a_file(event, kind):
    found = activity(event, assets=[FILE, FOLDER])
    assert found.activity_type == kind
    assert objects(found) == [("id:1", "plan.pdf", "File", "target"), ("id:2", "/Contracts", "Folder", "target")]


def test_a_folder():
    assert activity("file_delete", assets=[FOLDER]).activity_type == "Delete folder"


def test_with_whom_something_is_shared():
    people = [{".tag": "user", "user": BERT}, {".tag": "group", "group_id": "g:1", "display_name": "Staff"}]
    paper = {".tag": "paper_document", "doc_id": "d1", "doc_title": "Minutes"}
    found = activity("shared_content_add_member", assets=[paper], participants=people)
    assert found.activity_type == "Share file"
    assert objects(found) == [
        ("d1", "Minutes", "File", "target"),
        ("dbid:2", "bert@example.com", "User", "target"),
        ("g:1", "Staff", "Group", "target"),
    ]


def test_an_app_is_named_by_the_details():
    info = {".tag": "team_linked_app", "app_id": "dbaid:1", "display_name": "Deploy"}
    assert objects(activity("app_link_team", details={".tag": "app_link_team_details", "app_info": info})) == [
        ("dbaid:1", "Deploy", "Application", "target")
    ]


def test_on_whose_behalf():
    found = activity("password_reset", actor={".tag": "admin", "admin": ANNA}, context=BERT | {".tag": "team_member"})
    assert (found.activity_type, found.user, found.user_type) == ("Reset password", "anna@contoso.com", "Admin")
    assert objects(found) == [("dbid:2", "bert@example.com", "User", "target")]


@pytest.mark.parametrize(
    ("actor", "user", "kind"),
    [
        ({".tag": "user", "user": BERT}, "bert@example.com", "Guest"),
        ({".tag": "app", "app": {".tag": "team_linked_app", "app_id": "dbaid:1", "display_name": "Deploy"}}, "Deploy", "Application"),
        ({".tag": "reseller", "reseller_name": "Sales", "reseller_email": "Sales@example.com"}, "sales@example.com", "Admin"),
        ({".tag": "dropbox"}, "Dropbox", "System"),
        ({".tag": "anonymous"}, None, None),
        (None, None, None),
    ],
)
def test_actors(actor, user, kind):
    found = activity(actor=actor)
    assert (found.user, found.user_type) == (user, kind)


@pytest.mark.parametrize(
    ("method", "admin", "impersonated"),
    [("admin_console", True, None), ("content_manager", True, None), ("sign_in_as", False, True), ("api", False, None)],
)
def test_how_it_was_done(method, admin, impersonated):
    found = activity("file_download", origin={"access_method": {".tag": method, "session_id": "dbwsid:1"}})
    assert (found.is_admin_operation, found.is_impersonated) == (admin, impersonated)


def test_the_beginning_of_an_impersonation():
    found = activity("sign_in_as_session_start")
    assert (found.activity_type, found.is_admin_operation, found.is_impersonated) == ("Log on", True, True)


@pytest.mark.parametrize(
    "context", [{".tag": "organization_team", "display_name": "Contoso"}, ANNA | {"team": {"display_name": "Contoso"}}]
)
def test_the_team(context):
    assert activity(context=context).app_instance == "Contoso"


@pytest.mark.parametrize("country", ["Norway", "", "1é", None, 47])
def test_a_country_that_is_no_code(country):
    assert activity(origin={"geo_location": {"country": country}}).country is None


@pytest.mark.parametrize(
    "fields",
    [{"timestamp": value} for value in (None, "soon", 7, [])] + [{"event_type": value} for value in (None, "", {}, {".tag": 7}, [1])],
)
def test_what_cannot_be_an_activity_is_told(fields):
    with pytest.raises(BadRecord, match=next(iter(fields))):
        FORMAT.parse(record(**fields))


@pytest.mark.parametrize("given", [b"[]", b"{}", b"\xff", b"no json", b'{"timestamp": "2026-01-01T12:00:00Z"}', b"[" * 100_000])
def test_what_is_no_event_is_told(given):
    with pytest.raises(BadRecord):
        FORMAT.parse(given)


@pytest.mark.parametrize("field", ["actor", "origin", "context", "participants", "assets", "details"])
@pytest.mark.parametrize("value", [7, ["x"], {".tag": [1], "user": 7}, [{".tag": "file", "file_id": 7}], "\ud800", True, float("nan")])
def test_a_field_of_another_type_is_left_out(field, value):
    found = activity(**{field: value})
    assert (found.action_type, found.timestamp) == ("login_success", 1767268800000)


def test_claims():
    assert Dropbox.claims([record(), record()]) == 1
    assert Dropbox.claims([b'{"timestamp": "x", "event_type": "login", "event_category": "logins"}', b"no json"]) == 0
    assert Dropbox.claims([]) == 0


JSON = any_json([".tag", "user", "account_id", "geo_location", "team", "path"], ["user", "login_fail", "2026-01-01T12:00:00Z"])
KEYS = ["timestamp", "event_type", "event_category", "actor", "origin", "context", "participants", "assets", "details"]


@given(st.dictionaries(st.sampled_from(KEYS), JSON))
def test_any_object_is_an_activity_or_told(fields):
    for given_fields in (json.dumps(fields).encode(), record(**fields)):
        try:
            (found,) = FORMAT.parse(given_fields)
        except BadRecord:
            continue
        assert isinstance(found, Activity)
        assert found.action_type


@pytest.mark.parametrize(
    ("actor", "category", "expected"), [("admin", "members", True), ("user", "members", False), ("admin", "file_operations", False)]
)
def test_what_an_administrator_does_to_the_team_is_administrative(actor, category, expected):
    found = activity("group_create", actor={".tag": actor, actor: ANNA}, event_category={".tag": category})
    assert found.is_admin_operation is expected


def test_an_actor_without_a_name_is_known_by_the_account():
    found = activity(actor={".tag": "user", "user": {".tag": "team_member", "account_id": "dbid:9"}})
    assert (found.user, found.user_id) == ("dbid:9", "dbid:9")
