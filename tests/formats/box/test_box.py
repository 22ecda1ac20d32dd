"""Box's enterprise events to activities; the records are written by hand after Box's documentation of events."""

import json
from pathlib import Path

import pytest
from any_json import any_json
from golden import agrees
from hypothesis import given
from hypothesis import strategies as st

from casbd.errors import BadRecord
from casbd.formats.box import Box
from casbd.model.activity import Activity
from casbd.plugins import Options

HERE = Path(__file__).parent
FORMAT = Box(Options())
ANNA = {"type": "user", "id": "11446498", "name": "Anna Berg", "login": "Anna@Contoso.com"}
NOBODY = {"type": "user", "id": "2", "name": "Unknown User", "login": ""}
BERT = {"type": "user", "id": "22", "name": "Bert", "login": "bert@example.com"}
FILE = {
    "item_type": "file",
    "item_id": "560284318361",
    "item_name": "report.pdf",
    "parent": {"type": "folder", "id": "12345", "name": "Contracts"},
    "owned_by": ANNA,
}


def record(**fields):
    base = {
        "type": "event",
        "event_id": "e-1",
        "event_type": "LOGIN",
        "created_at": "2026-01-01T04:00:00-08:00",
        "created_by": ANNA,
        "action_by": None,
        "source": ANNA,
        "ip_address": "203.0.113.7",
        "session_id": None,
        "additional_details": None,
    }
    return json.dumps(base | fields).encode()


def activity(**fields):
    (found,) = FORMAT.parse(record(**fields))
    return found


def objects(found):
    return [(thing.id, thing.name, thing.type, thing.role) for thing in found.objects]


def test_a_log_on():
    found = activity()
    assert (found.activity_type, found.action_type, found.app, found.activity_id) == ("Log on", "LOGIN", "Box", "e-1")
    assert (found.user, found.user_id, found.user_display_name) == ("anna@contoso.com", "11446498", "Anna Berg")
    assert (found.user_type, found.ip_address, found.result) == ("Regular", "203.0.113.7", "success")
    assert (found.timestamp, found.is_admin_operation) == (1767268800000, False)


@pytest.mark.parametrize(
    ("event", "kind", "result", "admin"),
    [
        ("ADMIN_LOGIN", "Log on", "success", True),
        ("FAILED_LOGIN", "Failed log on", "failure", False),
        ("DEVICE_TRUST_CHECK_FAILED", "Unspecified", "failure", False),
        ("SHIELD_EXTERNAL_COLLAB_INVITE_BLOCKED", "Unspecified", "failure", False),
        ("NEW_USER", "Create user", None, True),
        ("CHANGE_ADMIN_ROLE", "Change member role", None, True),
        ("USER_AUTHENTICATE_OAUTH2_ACCESS_TOKEN_CREATE", "Create access key", None, False),
        ("SOMETHING_NEW", "Unspecified", None, False),
    ],
)
def test_events(event, kind, result, admin):
    found = activity(event_type=event)
    assert (found.activity_type, found.action_type, found.result, found.is_admin_operation) == (kind, event, result, admin)


@pytest.mark.parametrize(("event", "kind"), [("DOWNLOAD", "Download file"), ("SHARE", "Share file"), ("DELETE", "Delete file")])
def test_a_file(event, kind):
    found = activity(event_type=event, source=FILE)
    assert (found.activity_type, found.is_admin_operation) == (kind, False)
    assert objects(found) == [("560284318361", "report.pdf", "File", "target")]


@pytest.mark.parametrize(("event", "kind"), [("DELETE", "Delete folder"), ("DOWNLOAD", "Download file")])
def test_a_folder(event, kind):
    found = activity(event_type=event, source={"item_type": "folder", "item_id": "1", "item_name": "Contracts"})
    assert (found.activity_type, found.object_type) == (kind, "Folder")


def test_an_invitation_names_who_is_invited():
    details = {"type": "box://event/additional_details/collaboration", "collab_id": "9", "role": "Editor", "is_performed_by_admin": True}
    source = {"folder_id": "7", "folder_name": "Contracts", "user_id": "22", "user_name": "Bert"}
    found = activity(event_type="COLLABORATION_INVITE", source=source, accessible_by=BERT, additional_details=details)
    assert (found.activity_type, found.is_admin_operation) == ("Share file", True)
    assert objects(found) == [
        ("7", "Contracts", "Folder", "target"),
        ("22", "bert@example.com", "User", "target"),
    ]


def test_a_member_of_a_group():
    found = activity(event_type="GROUP_ADD_USER", source={"group_id": 5, "group_name": "Staff", "user_id": 22, "user_name": "Bert"})
    assert (found.activity_type, found.is_admin_operation) == ("Add member to group", True)
    assert objects(found) == [("5", "Staff", "Group", "target"), ("22", "Bert", "User", "target")]


def test_an_alert_of_shield_is_of_the_one_it_is_about():
    alert = {
        "rule_category": "Suspicious Locations",
        "rule_name": "Far away",
        "user": {"id": 22, "name": "Bert", "email": "Bert@contoso.com"},
    }
    found = activity(event_type="SHIELD_ALERT", source=None, created_by=NOBODY, additional_details={"shield_alert": alert})
    assert (found.activity_type, found.result_detail, found.result) == ("Security alert", "Far away", None)
    assert (found.user, found.user_display_name, found.user_id, found.user_type) == ("bert@contoso.com", "Bert", "22", "Regular")
    assert objects(found) == [("22", "Bert@contoso.com", "User", "target")]


def test_alerts_of_shield():
    records = [json.dumps(entry).encode() for entry in json.loads((HERE / "cases/shield_alerts.json").read_text())["entries"]]
    assert agrees([activity for each in records for activity in FORMAT.parse(each)], HERE / "cases/shield_alerts.expected.json")
    assert Box.claims(records) == 1


@pytest.mark.parametrize("key", ["access_user", "inviter"])
def test_what_shield_blocks_is_of_the_one_who_tried(key):
    details = {"shield_external_collab_enforcement": {key: BERT, "item": {"type": "folder", "id": 9, "name": "Plans"}}}
    found = activity(event_type="SHIELD_EXTERNAL_COLLAB_ACCESS_BLOCKED", source=None, created_by=NOBODY, additional_details=details)
    assert (found.user, found.result, found.object_name) == ("bert@example.com", "failure", "Plans")


def test_a_justification_that_is_approved_names_what_it_is_for():
    details = {"shield_justification": {"item": {"type": "file", "id": 9, "name": "plan.docx"}, "action": "APPROVED"}}
    found = activity(event_type="SHIELD_JUSTIFICATION_APPROVAL", source=None, additional_details=details)
    assert objects(found) == [("9", "plan.docx", "File", "target")]


@pytest.mark.parametrize("key", ["alert_summary", "malware_info", "user"])
@pytest.mark.parametrize(
    "value",
    [
        7,
        ["x"],
        "\ud800",
        True,
        None,
        {"alert_activities": 5, "upload_activity": ["x"], "sessions": [None, {"activities": 3}], "ip_details": {}},
    ],
)
def test_a_part_of_an_alert_of_another_type_is_left_out(key, value):
    found = activity(event_type="SHIELD_ALERT", source=None, additional_details={"shield_alert": {key: value}})
    assert (found.activity_type, found.ip_address) == ("Security alert", "203.0.113.7")


@pytest.mark.parametrize(
    ("created_by", "user", "kind"),
    [
        ({"id": 22, "login": "bert@example.com"}, "bert@example.com", "Regular"),
        ({"id": "3", "login": "AutomationUser_1_x@boxdevedition.com"}, "automationuser_1_x@boxdevedition.com", "Application"),
        ({"id": "4", "name": "Anna Berg"}, "Anna Berg", "Regular"),
        ({}, None, None),
        (None, None, None),
    ],
)
def test_actors(created_by, user, kind):
    found = activity(created_by=created_by)
    assert (found.user, found.user_type) == (user, kind)


def test_who_acted_for_another():
    assert objects(activity(source=None, action_by=BERT)) == [("22", "bert@example.com", "User", "actor")]


def test_an_address_that_is_none():
    assert activity(ip_address="Unknown IP").ip_address is None


@pytest.mark.parametrize(
    "fields", [{"created_at": value} for value in (None, "soon", 7, [], "")] + [{"event_type": value} for value in (None, "", {})]
)
def test_what_cannot_be_an_activity_is_told(fields):
    with pytest.raises(BadRecord, match=next(iter(fields))):
        FORMAT.parse(record(**fields))


@pytest.mark.parametrize("given", [b"[]", b"{}", b"\xff", b"no json", b'{"event_type": "LOGIN"}', b"[" * 100_000])
def test_what_is_no_event_is_told(given):
    with pytest.raises(BadRecord):
        FORMAT.parse(given)


@pytest.mark.parametrize("field", ["event_id", "created_by", "ip_address", "source", "accessible_by", "action_by", "additional_details"])
@pytest.mark.parametrize("value", [7, ["x"], {"id": [1], "item_id": 10**30, "shield_alert": 5}, "\ud800", True, float("nan")])
def test_a_field_of_another_type_is_left_out(field, value):
    found = activity(**{field: value})
    assert (found.action_type, found.timestamp) == ("LOGIN", 1767268800000)


def test_claims():
    assert Box.claims([record(), record()]) == 1
    assert Box.claims([b'{"type": "event", "event_id": "x"}', b"no json"]) == 0
    assert Box.claims([]) == 0


JSON = any_json(["type", "id", "login", "item_id", "item_type", "shield_alert"], ["file", "LOGIN", "2026-01-01T12:00:00Z"])
KEYS = ["event_id", "event_type", "created_at", "created_by", "source", "ip_address", "accessible_by", "action_by", "additional_details"]


@given(st.dictionaries(st.sampled_from(KEYS), JSON))
def test_any_object_is_an_activity_or_told(fields):
    for given_fields in (json.dumps(fields).encode(), record(**fields)):
        try:
            (found,) = FORMAT.parse(given_fields)
        except BadRecord:
            continue
        assert isinstance(found, Activity)
        assert found.action_type


def test_a_failed_log_on_is_of_the_account_that_was_tried():
    found = activity(event_type="FAILED_LOGIN", created_by=NOBODY, source=BERT)
    assert (found.user, found.user_id, found.activity_type, found.result) == ("bert@example.com", "22", "Failed log on", "failure")


def test_who_signs_without_being_logged_in():
    signing = {
        "signer": {"id": "24", "login": "jane@example.com"},
        "signer_ip_address": "192.0.2.44",
        "files": [{"id": "1", "type": "file", "name": "a.pdf"}],
    }
    found = activity(
        event_type="SIGN_DOCUMENT_SIGNED", created_by=NOBODY, source=None, ip_address=None, additional_details={"sign_request": signing}
    )
    assert (found.user, found.ip_address, objects(found)) == ("jane@example.com", "192.0.2.44", [("1", "a.pdf", "File", "target")])


@pytest.mark.parametrize(("mode", "result"), [("enforced", "failure"), ("monitoring", None)])
def test_what_shield_blocks_or_would_have_blocked(mode, result):
    enforcement = {"item": {"type": "file", "id": 9, "name": "plan.docx"}, "controlMode": mode}
    found = activity(event_type="SHIELD_DOWNLOAD_BLOCKED", source=None, additional_details={"shield_download_enforcement": enforcement})
    assert (found.result, objects(found)) == (result, [("9", "plan.docx", "File", "target")])


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            {"source": BERT, "additional_details": {"group_id": "15", "group_name": "Board"}},
            [("22", "bert@example.com", "User", "target"), ("15", "Board", "Group", "target")],
        ),
        (
            {"source": {"file_id": "12", "file_name": "a.doc", "user_email": "alice@example.com"}},
            [("12", "a.doc", "File", "target"), (None, "alice@example.com", "User", "target")],
        ),
        (
            {"source": {"file_id": "12", "file_name": "a.doc", "user_id": "22", "user_name": "Bert"}, "accessible_by": BERT},
            [("12", "a.doc", "File", "target"), ("22", "bert@example.com", "User", "target")],
        ),
    ],
)
def test_objects_beside_the_source(fields, expected):
    assert objects(activity(event_type="GROUP_ADD_USER", **fields)) == expected


def test_an_administrator_who_logs_on_as_somebody_else():
    assert activity(event_type="ADMIN_LOGIN", source=BERT).is_impersonated is True
    assert activity().is_impersonated is None
