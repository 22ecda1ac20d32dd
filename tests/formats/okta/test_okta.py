"""Okta events to activities; the records are written by hand after Okta's documentation."""

import json

import pytest

from casbd.errors import BadRecord
from casbd.formats.okta import Okta
from casbd.plugins import Options

FORMAT = Okta(Options())


def record(**fields):
    base = {
        "uuid": "u-1",
        "published": "2026-01-01T12:00:00.123Z",
        "eventType": "user.session.start",
        "version": "0",
        "severity": "INFO",
        "displayMessage": "User login to Okta",
        "actor": {"id": "00u1", "type": "User", "alternateId": "Anna@Contoso.com", "displayName": "Anna Berg", "detailEntry": None},
        "client": {
            "userAgent": {"rawUserAgent": "Mozilla/5.0", "os": "Linux"},
            "ipAddress": "203.0.113.7",
            "geographicalContext": {"country": "Norway"},
        },
        "outcome": {"result": "SUCCESS", "reason": None},
        "target": None,
    }
    return json.dumps(base | fields).encode()


def activity(**fields):
    (found,) = FORMAT.parse(record(**fields))
    return found


def test_a_log_on():
    found = activity()
    assert (found.activity_type, found.action_type, found.app, found.activity_id) == ("Log on", "user.session.start", "Okta", "u-1")
    assert (found.user, found.user_id, found.user_display_name, found.user_type) == ("anna@contoso.com", "00u1", "Anna Berg", "Regular")
    assert (found.ip_address, found.user_agent, found.result, found.is_admin_operation) == ("203.0.113.7", "Mozilla/5.0", "success", False)


@pytest.mark.parametrize(
    ("result", "kind", "expected"),
    [
        ("FAILURE", "Failed log on", "failure"),
        ("DENY", "Failed log on", "failure"),
        ("ALLOW", "Log on", "success"),
        ("CHALLENGE", "Log on", "unknown"),
        ("SKIPPED", "Log on", "unknown"),
    ],
)
def test_results(result, kind, expected):
    found = activity(outcome={"result": result, "reason": "INVALID_CREDENTIALS"})
    assert (found.activity_type, found.result, found.result_detail) == (kind, expected, "INVALID_CREDENTIALS")


@pytest.mark.parametrize(
    ("actor", "user", "kind"),
    [
        ({"type": "SystemPrincipal", "alternateId": "system@okta.com"}, "system@okta.com", "System"),
        ({"type": "PublicClientApp", "alternateId": "0oa1", "displayName": "Deploy"}, "0oa1", "Application"),
        ({"type": "User", "alternateId": "unknown", "displayName": "unknown"}, None, "Regular"),
        (None, None, None),
    ],
)
def test_actors(actor, user, kind):
    found = activity(actor=actor)
    assert (found.user, found.user_type) == (user, kind)


def test_targets():
    target = [
        {"id": "00u2", "type": "User", "alternateId": "bert@contoso.com", "displayName": "Bert"},
        {"id": "0oa2", "type": "AppInstance", "alternateId": "unknown", "displayName": "Okta Admin Console"},
    ]
    found = activity(eventType="user.account.privilege.grant", target=target)
    assert [(thing.id, thing.name, thing.type) for thing in found.objects] == [
        ("00u2", "bert@contoso.com", "User"),
        ("0oa2", "Okta Admin Console", "Application"),
    ]
    assert (found.activity_type, found.is_admin_operation, found.object_name) == ("Add member to role", True, "bert@contoso.com")


def test_impersonation():
    assert activity(eventType="user.session.impersonation.initiate").is_impersonated


def test_an_unknown_event_is_an_activity_all_the_same():
    found = activity(eventType="something.new")
    assert (found.activity_type, found.action_type) == ("Unspecified", "something.new")


@pytest.mark.parametrize("fields", [{"published": "soon"}, {"eventType": None}, {"published": None}])
def test_what_cannot_be_an_activity_is_told(fields):
    with pytest.raises(BadRecord):
        FORMAT.parse(record(**fields))


@pytest.mark.parametrize("field", ["actor", "client", "outcome", "target", "uuid"])
@pytest.mark.parametrize("value", [7, ["x"], {"id": [1]}, "\ud800", True])
def test_a_field_of_another_type_is_left_out(field, value):
    assert [one.action_type for one in FORMAT.parse(record(**{field: value}))] == ["user.session.start"]


def test_claims():
    assert Okta.claims([record(), record()]) == 1
    assert Okta.claims([b'{"eventType": "x"}', b"no json"]) == 0
    assert Okta.claims([]) == 0


@pytest.mark.parametrize(
    ("event", "result", "kind"),
    [
        ("user.authentication.auth_via_AD_agent", "FAILURE", "Failed log on"),
        ("user.authentication.auth_via_AD_agent", "SUCCESS", "Unspecified"),
        ("user.authentication.auth_via_mfa", "FAILURE", "Failed log on"),
        ("user.authentication.auth_via_radius", "SUCCESS", "Log on"),
        ("user.mfa.okta_verify.deny_push", "FAILURE", "Unspecified"),
    ],
)
def test_a_step_of_a_log_on_is_one_if_it_fails(event, result, kind):
    assert activity(eventType=event, outcome={"result": result}).activity_type == kind


@pytest.mark.parametrize(
    ("client", "chain", "address"),
    [
        ({"ipAddress": "203.0.113.7"}, [{"ip": "198.51.100.77"}], "203.0.113.7"),
        ({"ipAddress": None}, [{"ip": "198.51.100.77"}, {"ip": "192.0.2.1"}], "198.51.100.77"),
        (None, [], None),
        (None, None, None),
    ],
)
def test_the_clients_address(client, chain, address):
    assert activity(client=client, request={"ipChain": chain}).ip_address == address


def test_what_an_event_hook_gets_is_several_events():
    one, other = record(), record(uuid="u-2", eventType="user.session.end")
    hook = (
        b'{"eventType": "com.okta.event_hook", "eventTypeVersion": "1.0", "cloudEventsVersion": "0.1", "source": "https://okta.com", '
        b'"eventId": "h", "data": {"events": [' + one + b", " + other + b"]}}"
    )
    assert Okta.claims([hook]) == 1
    found = FORMAT.parse(hook)
    assert [(activity.activity_id, activity.raw.encode()) for activity in found] == [("u-1", one), ("u-2", other)]


@pytest.mark.parametrize("data", [None, {}, {"events": 5}])
def test_a_hook_without_events_is_told(data):
    with pytest.raises(BadRecord, match="event hook"):
        FORMAT.parse(json.dumps({"eventType": "com.okta.event_hook", "data": data}).encode())


def test_a_log_stream_of_eventbridge_delivers_an_event():
    delivery = b'{"version": "0", "detail-type": "SystemLog", "source": "aws.partner/okta.com/contoso/logs", "detail": ' + record() + b"}"
    assert Okta.claims([delivery]) == 1
    (found,) = FORMAT.parse(delivery)
    assert (found.activity_id, found.raw.encode()) == ("u-1", record())
