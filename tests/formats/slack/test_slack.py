"""Slack's audit entries to activities; the records are written by hand after Slack's documentation of the Audit Logs API."""

import json

import pytest
from any_json import any_json
from hypothesis import given
from hypothesis import strategies as st

from casbd.errors import BadRecord
from casbd.formats.slack import Slack
from casbd.model.activity import Activity
from casbd.plugins import Options

FORMAT = Slack(Options())
ANNA = {"id": "W1", "name": "Anna Berg", "email": "Anna@Contoso.com", "team": "T1"}
FILE = {"type": "file", "file": {"id": "F1", "name": "plan.pdf", "title": "Plan", "filetype": "application/pdf"}}


def record(**fields):
    base = {
        "id": "0123a45b-6c7d-8900-e12f-3456789gh0i1",
        "date_create": 1767268800,
        "action": "user_login",
        "actor": {"type": "user", "user": ANNA},
        "entity": {"type": "user", "user": ANNA},
        "context": {
            "location": {"type": "workspace", "id": "T1", "name": "Contoso", "domain": "contoso"},
            "ua": "Mozilla/5.0",
            "ip_address": "203.0.113.7",
            "session_id": 847288190092,
        },
    }
    return json.dumps(base | fields).encode()


def activity(**fields):
    (found,) = FORMAT.parse(record(**fields))
    return found


def objects(found):
    return [(thing.id, thing.name, thing.type, thing.role) for thing in found.objects]


def test_a_log_on():
    found = activity()
    assert (found.activity_type, found.action_type, found.app, found.app_instance) == ("Log on", "user_login", "Slack", "Contoso")
    assert (found.timestamp, found.activity_id) == (1767268800000, "0123a45b-6c7d-8900-e12f-3456789gh0i1")
    assert (found.user, found.user_id, found.user_display_name, found.user_type) == ("anna@contoso.com", "W1", "Anna Berg", "Regular")
    assert (found.ip_address, found.user_agent, found.result, found.is_admin_operation) == ("203.0.113.7", "Mozilla/5.0", "success", False)


@pytest.mark.parametrize(
    ("action", "kind", "result"),
    [
        ("user_login_failed", "Failed log on", "failure"),
        ("user_logout", "Log out", None),
        ("file_download_blocked", "Unspecified", "failure"),
        ("user_channel_join", "Add member to group", None),
    ],
)
def test_results(action, kind, result):
    found = activity(action=action)
    assert (found.activity_type, found.result) == (kind, result)


@pytest.mark.parametrize(
    ("action", "kind"),
    [("file_downloaded", "Download file"), ("file_shared", "Share file"), ("file_public_link_revoked", "Unshare file")],
)
def test_a_file(action, kind):
    found = activity(action=action, entity=FILE)
    assert (found.activity_type, found.is_admin_operation) == (kind, False)
    assert objects(found) == [("F1", "plan.pdf", "File", "target")]


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        ("role_change_to_admin", "Add member to role"),
        ("user_deactivated", "Suspend user"),
        ("pref.two_factor_auth_changed", "Change settings"),
        ("pref.sso_setting_changed", "Set domain information"),
        ("manual_export_started", "Export content"),
        ("pref.allow_calls", "Unspecified"),
    ],
)
def test_what_administrators_do(action, kind):
    found = activity(action=action, entity={"type": "user", "user": {"id": "W2", "email": "bert@contoso.com"}})
    assert (found.activity_type, found.is_admin_operation, found.object_name) == (kind, True, "bert@contoso.com")


@pytest.mark.parametrize(
    ("entity", "expected"),
    [
        ({"type": "channel", "channel": {"id": "C1", "name": "general"}}, [("C1", "general", "Channel", "target")]),
        ({"type": "app", "app": {"id": "A1", "name": "Deploy", "scopes": ["bot"]}}, [("A1", "Deploy", "Application", "target")]),
        ({"type": "enterprise", "enterprise": {"id": "E1", "name": "Contoso"}}, [("E1", "Contoso", "Organization", "target")]),
        ({"type": "usergroup", "usergroup": {"id": "S1", "name": "staff"}}, [("S1", "staff", "Group", "target")]),
        (
            {"type": "message", "message": {"team": "T1", "channel": "C1", "timestamp": "1767268800.000100"}},
            [("1767268800.000100", None, "Message", "target"), ("C1", None, "Channel", "target")],
        ),
        ({"type": "new_thing", "other": {"id": "N1"}}, [("N1", None, "New thing", "target")]),
        ({"type": "file", "file": None}, []),
    ],
)
def test_entities(entity, expected):
    assert objects(activity(entity=entity)) == expected


def test_whom_the_details_name():
    details = {"target_user": "W2", "external_user_id": "W3", "external_user_email": "x@example.com", "channel_id": "C1"}
    assert objects(activity(entity=None, details=details)) == [
        ("W2", None, "User", "target"),
        ("W3", "x@example.com", "User", "target"),
        ("C1", None, "Channel", "target"),
    ]


@pytest.mark.parametrize(("reason", "detail"), [("tor", "tor"), (["asn", "ip_address"], "asn, ip_address"), ([], None), ({}, None)])
def test_why_there_is_an_anomaly(reason, detail):
    found = activity(action="anomaly", details={"reason": reason})
    assert (found.activity_type, found.result, found.result_detail) == ("Security alert", None, detail)


@pytest.mark.parametrize(
    ("actor", "user", "kind"),
    [
        ({"type": "user", "user": {"id": "W1", "name": "anna"}}, "anna", "Regular"),
        ({"type": "user", "user": {"id": "USLACKBOT", "name": "slackbot"}}, "slackbot", "System"),
        ({"type": "new", "user": None}, None, None),
        (None, None, None),
    ],
)
def test_actors(actor, user, kind):
    found = activity(actor=actor)
    assert (found.user, found.user_type) == (user, kind)


def test_a_location_without_a_name():
    assert activity(context={"location": {"type": "enterprise", "id": "E1", "domain": "contoso"}}).app_instance == "contoso"


@pytest.mark.parametrize(
    ("moment", "expected"),
    [(1767268800.5, 1767268800500), ("1767268800", 1767268800000), ("2026-01-01T12:00:00Z", 1767268800000)],
)
def test_times(moment, expected):
    assert activity(date_create=moment).timestamp == expected


def test_an_unknown_action_is_an_activity_all_the_same():
    found = activity(action="something_new")
    assert (found.activity_type, found.action_type, found.is_admin_operation) == ("Unspecified", "something_new", False)


@pytest.mark.parametrize(
    "fields",
    [{"date_create": value} for value in (None, "soon", 0, -1, 10**400, True, [], "1" * 400)]
    + [{"action": value} for value in (None, "", [])],
)
def test_what_cannot_be_an_activity_is_told(fields):
    with pytest.raises(BadRecord, match=next(iter(fields))):
        FORMAT.parse(record(**fields))


@pytest.mark.parametrize("given", [b"[]", b"{}", b"\xff", b"no json", b'{"action": "user_login"}', b"[" * 100_000])
def test_what_is_no_entry_is_told(given):
    with pytest.raises(BadRecord):
        FORMAT.parse(given)


@pytest.mark.parametrize("field", ["id", "actor", "entity", "context", "details"])
@pytest.mark.parametrize("value", [7, ["x"], {"type": [1], "user": {"id": 7}}, "\ud800", True, float("nan")])
def test_a_field_of_another_type_is_left_out(field, value):
    found = activity(**{field: value})
    assert (found.action_type, found.timestamp) == ("user_login", 1767268800000)


def test_claims():
    assert Slack.claims([record(), record()]) == 1
    assert Slack.claims([b'{"action": "x", "date_create": 1}', b"no json"]) == 0
    assert Slack.claims([]) == 0


JSON = any_json(["type", "user", "id", "name", "reason", "file"], ["user", "user_login", "file", "1767268800"])


@given(st.dictionaries(st.sampled_from(["id", "date_create", "action", "actor", "entity", "context", "details"]), JSON))
def test_any_object_is_an_activity_or_told(fields):
    for given_fields in (json.dumps(fields).encode(), record(**fields)):
        try:
            (found,) = FORMAT.parse(given_fields)
        except BadRecord:
            continue
        assert isinstance(found, Activity)
        assert found.action_type


@pytest.mark.parametrize(
    ("identifier", "expected"),
    [("USLACKUSER", (None, None, None)), ("USLACKSECURITY", ("slack", "USLACKSECURITY", "System")), ("U1", ("slack", "U1", "Regular"))],
)
def test_actors_that_slack_puts_in(identifier, expected):
    found = activity(actor={"type": "user", "user": {"id": identifier, "name": "slack"}})
    assert (found.user, found.user_id, found.user_type) == expected


def test_an_app_may_be_the_actor():
    found = activity(actor={"type": "app", "app": {"id": "A1", "name": "Admin App"}})
    assert (found.user, found.user_id, found.user_type) == ("Admin App", "A1", "Application")
