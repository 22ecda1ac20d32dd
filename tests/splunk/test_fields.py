"""Fields of single events: what the samples do not have, and what somebody would write to be misread."""

import json
import re
from datetime import UTC, datetime

import pytest
from conf_files import read
from search_head import EXTRACTION_CUTOFF, search

from casbd.model.activity import Activity, ActivityObject
from casbd.model.alert import Alert
from casbd.model.governance import GovernanceCommand
from casbd.outputs._message import cef_message, json_message, kind_of
from casbd.records.timestamps import iso
from casbd.wire.moments import moment

ROADS = ["json", "cef"]
HOSTILE = r"""CORP\anna=1 suser=evil externalId=0 \= \n "event":"closed" | cs1=x\\"""


def event(item, road):
    if road == "cef":
        return search(cef_message(item, "casbd", ""), sourcetype="cef", source="casbd:cef")
    kind = kind_of(item)
    return search(json_message(item).decode(), sourcetype=f"casbd:{'alert' if kind == 'system' else kind}")


def activity(activity_type, *objects, **fields):
    first = objects[0] if objects else ActivityObject()
    values = {"object_id": first.id, "object_name": first.name, "object_type": first.type} | fields
    return Activity(1_700_000_000_000, "id-1", activity_type, objects=objects, **values)


def alert(**fields):
    return Alert(alert_id="a" * 32, policy_id="p", policy_name="Policy", policy_type="activity", severity="high", **fields)


ANNA = ActivityObject("u-1", "anna@contoso.com", "User", "target")
ROLE = ActivityObject("r-1", "Global Administrator", "Role", "container")


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


class TestLongEvents:
    """Splunk finds fields in the first 5,000 bytes alone."""

    def test_an_alert_of_a_thousand_activities(self):
        ids = tuple(f"00000000-0000-4000-8000-{number:012d}" for number in range(1000))
        said = {
            "evidence": "14 failed log ons",
            "app_instance": "contoso",
            "incident_id": "i",
            "comment": "c",
        }
        long = alert(
            activity_ids=ids, event="closed", status="closed", resolution="benign", risk_score=70, tags=("attack.t1110.003",), **said
        )
        found = event(long, "json")
        assert len(found["_raw"][0]) > 3 * EXTRACTION_CUTOFF
        for field in ("evidence", "app_instance", "incident_id", "comment", "event", "status", "resolution"):
            assert found[field] == [getattr(long, field)], field
        assert (found["description"], found["risk_score"], found["vendor_account"]) == (["14 failed log ons"], ["70"], ["contoso"])
        assert found["mitre_technique_id"] == ["T1110.003"]
        assert found["tag"] == []

    def test_an_activity_of_hundreds_of_objects(self):
        objects = [ActivityObject(f"f-{number}", f"file {number}.docx", "File") for number in range(300)]
        found = event(activity("Download file", *objects, result="failure", result_detail="denied", user="anna"), "json")
        assert len(found["_raw"][0]) > 2 * EXTRACTION_CUTOFF
        assert (found["object"], found["status"], found["reason"]) == (["file 0.docx"], ["failure"], ["denied"])
        assert found["tag"] == []


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

    def test_the_console_of_the_host(self, road):
        """Of the row that the lookup ships with as an example."""
        assert event(alert(), road)["casbd_console"] == ["casbd.example.com:8443"]


class TestTimes:
    """Of files with JSON: the same time as the HTTP Event Collector is told."""

    @pytest.mark.parametrize(
        "item",
        [
            activity("Log on", raw='{"timestamp":"2001-01-01T00:00:00.000Z"}'),
            alert(created=1, title='"changed":"2001-01-01T00:00:00.000Z"', activity_ids=("x" * 3000,)),
            alert(created=1, closed=2, changed=3, event="closed"),
            GovernanceCommand(command_id="c", action="a", connector="x", target="t", status="queued", created=1),
            GovernanceCommand(command_id="c", action="a", connector="x", target="t", status="queued", created=1, approved=2),
            GovernanceCommand(command_id="c", action="a", connector="x", target="t", status="failed", created=1, approved=2, finished=3),
        ],
    )
    def test_stand_behind_the_prefix(self, item):
        stanza = read("props.conf")[f"casbd:{kind_of(item)}"]
        line = json_message(item).decode()
        start = re.search(stanza["TIME_PREFIX"], line).end()
        text = line[start:][: int(stanza["MAX_TIMESTAMP_LOOKAHEAD"])]
        assert text == iso(moment(item))
        read_back = datetime.strptime(text, stanza["TIME_FORMAT"].replace("%3NZ", "%f%z")).astimezone(UTC)
        assert round(read_back.timestamp() * 1000) == moment(item)

    def test_of_years_ago_are_times_too(self):
        """Splunk takes what is older than 2,000 days for a mistake."""
        for kind in ("alert", "activity", "governance"):
            assert int(read("props.conf")[f"casbd:{kind}"]["MAX_DAYS_AGO"]) > 9000


def test_the_format_of_an_activity():
    """Its own `source`, which is Splunk's name for something else."""
    assert event(activity("Log on", source="okta"), "json")["casbd_format"] == ["okta"]
