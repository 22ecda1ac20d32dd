"""Fields of single events: what the samples do not have, and what somebody would write to be misread."""

import json

import pytest
from single_events import ANNA, COMMAND, ROADS, ROLE, activity, alert, event

from casbd.model.activity import ActivityObject
from casbd.model.alert import Alert
from casbd.model.governance import GovernanceCommand

HOSTILE = r"""CORP\anna=1 suser=evil externalId=0 \= \n "event":"closed" | cs1=x\\"""


@pytest.mark.parametrize("road", ROADS)
class TestAccounts:
    """In the CIM `user` of an account's change is whose it is, and `src_user` who did it."""

    @pytest.mark.parametrize("activity_type", ["Create user", "Delete user", "Reset password", "Disable multi-factor authentication"])
    def test_of_another(self, road, activity_type):
        found = event(activity(activity_type, ANNA, user="boss@contoso.com"), road)
        assert (found["user"], found["src_user"]) == (["anna@contoso.com"], ["boss@contoso.com"])
        assert (found["object"], found["object_id"]) == (["anna@contoso.com"], ["u-1"])
        assert found["tag"] == ["account", "change"]

    def test_of_ones_own(self, road):
        found = event(activity("Change password", user="anna@contoso.com"), road)
        assert found["user"] == found["src_user"] == found["object"] == ["anna@contoso.com"]

    def test_of_nobody_known(self, road):
        found = event(activity("Create user", user="boss@contoso.com"), road)
        assert (found["user"], found["src_user"]) == (["unknown"], ["boss@contoso.com"])

    def test_a_users_object_that_is_not_the_first(self, road):
        folder = ActivityObject("f", "Folder", "Folder")
        found = event(activity("Reset password", folder, ANNA, user="boss@contoso.com"), road)
        if road == "json":  # CEF has the type of the first alone
            assert (found["user"], found["object"], found["object_id"]) == (["anna@contoso.com"], ["anna@contoso.com"], ["u-1"])

    def test_what_was_done_to_files_is_the_users_own(self, road):
        found = event(activity("Delete file", ActivityObject("f-1", "plan.docx", "File"), user="anna@contoso.com"), road)
        assert (found["user"], found["object"], found["action"]) == (["anna@contoso.com"], ["plan.docx"], ["deleted"])
        assert "src_user" not in found


@pytest.mark.parametrize("objects", [(ANNA, ROLE), (ROLE, ANNA)])
def test_where_a_member_comes_the_object_is_the_role(objects):
    found = event(activity("Add member to role", *objects, user="boss@contoso.com", action_type="Add member to role."), "json")
    assert (found["object"], found["object_id"], found["object_category"]) == (["Global Administrator"], ["r-1"], ["role"])
    assert (found["user"], found["command"], found["tag"]) == (["boss@contoso.com"], ["Add member to role."], ["change"])
    assert "Global Administrator" in event(activity("Add member to role", *objects), "cef")["object"][0]


@pytest.mark.parametrize("road", ROADS)
class TestResults:
    @pytest.mark.parametrize(
        ("activity_type", "result", "action"),
        [
            ("Log on", "success", "success"),
            ("Log on", None, "success"),
            ("Log on", "unknown", "pending"),
            ("Failed log on", "failure", "failure"),
            ("Failed log on", None, "failure"),
            ("Single sign-on log on", "failure", "failure"),
        ],
    )
    def test_of_sign_ins(self, road, activity_type, result, action):
        found = event(activity(activity_type, result=result), road)
        assert (found["action"], found["tag"]) == ([action], ["authentication"])

    @pytest.mark.parametrize(
        ("result", "status"), [("success", "success"), ("partial", "success"), (None, "success"), ("failure", "failure")]
    )
    def test_of_changes(self, road, result, status):
        found = event(activity("Create group", result=result), road)
        assert (found["status"], found["tag"]) == ([status], ["change"])

    @pytest.mark.parametrize("activity_type", ["Create group", "Create user", "Clear audit log", "Download file"])
    def test_what_has_only_begun_is_no_change_yet(self, road, activity_type):
        assert event(activity(activity_type, result="unknown"), road)["tag"] == []

    def test_a_file_that_was_denied_was_not_had(self, road):
        assert event(activity("Download file", result="success"), road)["tag"] == ["access", "data"]
        assert event(activity("Download file", result="failure"), road)["tag"] == []


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize(("command", "tag"), [("Set-Mailbox", ["change"]), ("Get-Mailbox", []), ("search-unifiedauditlog", [])])
def test_cmdlets_that_ask_change_nothing(road, command, tag):
    assert event(activity("Run command", action_type=command), road)["tag"] == tag


@pytest.mark.parametrize("road", ROADS)
class TestHostileText:
    """Each field comes back as it was, and no other field comes of it."""

    def test_of_a_user(self, road):
        found = event(alert(user=HOSTILE, app="A=b", evidence=HOSTILE), road)
        assert (found["user"], found["app"], found["id"], found["event"]) == ([HOSTILE], ["A=b"], ["a" * 32], ["raised"])
        assert found["tag"] == ["alert"]

    def test_of_an_activity(self, road):
        found = event(activity("Create user", ActivityObject(HOSTILE, HOSTILE, "User"), user=HOSTILE, action_type=HOSTILE[:40]), road)
        assert found["user"] == found["src_user"] == found["object"] == found["object_id"] == [HOSTILE]
        assert found["command"] == [HOSTILE[:40].strip()]

    def test_of_a_command(self, road):
        found = event(GovernanceCommand(command_id="c", action="suspend_user", connector="x", target=HOSTILE, status="succeeded"), road)
        assert (found["user"], found["object"], found["status"]) == ([HOSTILE], [HOSTILE], ["success"])

    def test_a_record_that_says_what_it_is(self, road):
        raw = json.dumps({"type": "system", "activity_type": "Log on", "user": "evil", "tags": ["attack.t1110"]})
        found = event(activity("Download file", user="anna", raw=raw), road)
        assert (found["activity_type"], found["user"], found["type"]) == (["Download file"], ["anna"], ["activity"])


@pytest.mark.parametrize("road", ROADS)
class TestAlerts:
    @pytest.mark.parametrize(("severity", "number"), [("informational", "0"), ("low", "1"), ("medium", "2"), ("high", "3")])
    def test_severity(self, road, severity, number):
        found = event(Alert(alert_id="a", policy_id="p", policy_name="P", policy_type="activity", severity=severity), road)
        assert (found["severity"], found["severity_id"]) == ([severity], [number])

    def test_techniques(self, road):
        found = event(alert(tags=("attack.credential-access", "attack.t1110", "attack.t1078.004", "critical")), road)
        assert found["mitre_technique_id"] == ["T1110", "T1078.004"]

    def test_of_nobody_and_nowhere(self, road):
        found = event(alert(), road)
        assert (found["user"], found["src"], found["app"], found["dest"]) == (["unknown"], ["unknown"], ["casbd"], ["casbd"])
        assert {"country", "ip_address", "incident_id", "resolution"}.isdisjoint(found)

    @pytest.mark.parametrize("said", ["raised", "updated", "reopened", "closed"])
    def test_what_is_closed_is_none_any_more(self, road, said):
        found = event(alert(event=said), road)
        assert (found["event"], found["tag"]) == ([said], [] if said == "closed" else ["alert"])
        assert "casbd_alert" in found["eventtype"]

    def test_ipv6(self, road):
        assert event(alert(ip_address="2001:db8::1"), road)["src"] == ["2001:db8::1"]

    def test_what_else_the_cim_has(self, road):
        found = event(alert(title="Policy", app_instance="contoso"), road)
        assert found["body"] == found["subject"] == found["signature"] == ["Policy"]
        assert (found["vendor_product"], found["vendor_account"]) == (["casbd"], ["contoso"])


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("item", [alert(), activity("Log on"), COMMAND], ids=["alert", "activity", "command"])
def test_the_console_of_the_host(road, item):
    """Of the row that the lookup ships with as an example."""
    assert event(item, road)["casbd_console"] == ["casbd.example.com:8443"]


@pytest.mark.parametrize("road", ROADS)
def test_what_else_the_cim_has_of_a_sign_in(road):
    fields = {"app": "Okta", "action_type": "user.session.start", "result": "failure", "result_detail": "LOCKED_OUT", "user_agent": "curl"}
    found = event(activity("Failed log on", user="anna", user_type="Guest", user_id="u-1", **fields), road)
    assert (found["authentication_service"], found["reason"], found["user_agent"]) == (["Okta"], ["LOCKED_OUT"], ["curl"])
    assert (found["signature"], found["signature_id"]) == (["Failed log on"], ["user.session.start"])
    assert (found["action_type"], found["user_type"], found["user_id"]) == (["user.session.start"], ["Guest"], ["u-1"])


@pytest.mark.parametrize("road", ROADS)
def test_what_governance_did(road):
    found = event(COMMAND, road)
    assert (found["user"], found["src_user"], found["src"], found["dvc"]) == (["anna"], ["casbd"], ["casbd.example.com"], ["casbd"])
    assert (found["command"], found["action"], found["result"]) == (["suspend_user"], ["modified"], ["no such user"])
    assert (found["app"], found["dest"], found["connector"]) == (["x"], ["x"], ["x"])


FULL_ALERT = alert(
    title="Policy",
    user="anna",
    app="Okta",
    app_instance="contoso",
    ip_address="203.0.113.7",
    country="NO",
    category="dlp",
    activity_count=7,
    risk_score=70,
    event="closed",
    resolution="benign",
    comment="a=b",
    closed_by="boss",
)
FULL_ACTIVITY = activity(
    "Download file",
    user="anna",
    user_id="u-1",
    user_type="Guest",
    user_domain="contoso.com",
    user_agent="a=b",
    action_type="get",
    app="Okta",
    app_instance="contoso",
    ip_address="2001:db8::1",
    ip_port=443,
    ip_category="VPN",
    country="NO",
    city="Oslo",
    isp="Telenor",
    asn=2119,
    result="failure",
    result_detail="a=b",
    source="okta",
)
FULL_COMMAND = GovernanceCommand(
    command_id="c",
    action="suspend_user",
    connector="x",
    target="anna",
    status="failed",
    alert_id="a",
    policy_id="p",
    app="Okta",
    app_instance="contoso",
    user_id="u-1",
    who="boss",
    error="no such user",
)
ALERTS = "alert_id policy_id policy_name title user app app_instance ip_address country category activity_count risk_score event resolution"
ACTIVITIES = "activity_id activity_type action_type user user_id user_type user_domain user_agent app app_instance ip_address ip_port"
COMMANDS = "command_id governance_action governance_status connector target alert_id policy_id"


@pytest.mark.parametrize(
    ("item", "names"),
    [
        (FULL_ALERT, f"{ALERTS} comment closed_by severity severity_id"),
        (FULL_ACTIVITY, f"{ACTIVITIES} ip_category country city isp asn result result_detail casbd_format"),
        (
            FULL_COMMAND,
            "command_id governance_action governance_status connector target alert_id policy_id app app_instance user_id who error",
        ),
    ],
    ids=["alert", "activity", "command"],
)
def test_cef_has_the_names_of_json(item, names):
    by_json, by_cef = event(item, "json"), event(item, "cef")
    for name in names.split():
        assert by_json[name] == by_cef[name], name


def test_evidence_in_cef():
    assert event(alert(evidence="14 failed log ons", description="Said."), "cef")["evidence"] == ["14 failed log ons. Said."]


@pytest.mark.parametrize("road", ROADS)
def test_a_cleared_audit_log_is_a_change_of_auditing(road):
    found = event(activity("Clear audit log", user="anna"), road)
    assert (found["action"], found["tag"]) == (["cleared"], ["audit", "change"])
