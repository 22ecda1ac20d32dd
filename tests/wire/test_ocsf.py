import json
import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import asdict, replace

from casbd.formats import table_words
from casbd.model.activity import Activity, ActivityObject
from casbd.model.alert import Alert
from casbd.model.governance import GovernanceCommand
from casbd.outputs._message import json_message, message_id, ocsf_message
from casbd.plugins import registry
from casbd.wire.ocsf_activity import table
from casbd.wire.ocsf_parts import CLASSES
from tests.own_events import casbd, lay_out
from tests.wire import items
from tests.wire.ocsf_schema import mistakes, schema

NOON = 1_769_860_800_123
ANNA = Activity(
    timestamp=NOON,
    activity_id="a",
    app="Microsoft SharePoint Online",
    app_instance="contoso",
    action_type="FileDownloaded",
    user="anna@contoso.com",
    user_id="7",
    user_type="Admin",
    user_groups=("Finance",),
    ip_address="203.0.113.7",
    ip_port=51_000,
    country="DE",
    city="Berlin",
    latitude=52.5,
    longitude=13.4,
    isp="Example",
    asn=64_500,
    os="Windows",
    os_version="10",
    device_type="PC",
    browser="Edge",
    user_agent="Mozilla/5.0",
    result="success",
    source="m365",
    objects=(ActivityObject("1", "plan.docx", "File", "target"),),
    matched_policies=("p",),
    raw='{"Id": "a"}',
)
EVA, FINANCE, OWNER = (
    ActivityObject("8", "eva@contoso.com", "User", "target"),
    ActivityObject("g", "Finance", "Group", "target"),
    ActivityObject(None, "Owner", "Role", "container"),
)


def event(item):
    return json.loads(ocsf_message(item))


@pytest.fixture(scope="module")
def sent(tmp_path_factory):
    """Everything that casbd makes of the samples of all formats, as it stands in the file: (item, event)."""
    place = tmp_path_factory.mktemp("ocsf")
    send = "send: [alerts, activities, governance]"
    lay_out(place, *(f"{{name: {name}, type: file, path: {name}, format: {name}, {send}}}" for name in ("json", "ocsf")))
    assert casbd(place, "run", "--once").returncode == 0
    items, events = ([json.loads(line) for line in (place / name).read_text().splitlines()] for name in ("json", "ocsf"))
    return list(zip(items, events, strict=True))


class TestSamples:
    def test_every_event_is_as_the_schema_has_it(self, sent):
        assert [mistake for _, found in sent for mistake in mistakes(found)] == []

    def test_most_have_the_class_of_their_type(self, sent):
        wanted = {kind: CLASSES[name].uid for name, kinds in table().classes.items() for kind in kinds if kind != "Unspecified"}
        activities = [(item["source"], item["activity_type"], found["class_uid"]) for item, found in sent if item["type"] == "activity"]
        services = registry.data("formats")
        met = Counter((source in services, uid == wanted[kind]) for source, kind, uid in activities if kind in wanted)
        assert met[False, True] > 0.98 * (met[False, True] + met[False, False])
        # Of what services write down many records do not name what the class demands: which role, which group.
        assert met[True, True] > 0.8 * (met[True, True] + met[True, False])

    def test_few_are_of_no_class(self, sent):
        assert sum(found["class_uid"] == 0 for _, found in sent) < 0.02 * len(sent)

    def test_nothing_of_an_activity_is_missing(self, sent):
        for item, found in sent:
            if item["type"] == "activity":
                assert missing(item, found) == set()

    def test_an_id_is_of_one_message_alone(self, sent):
        uids = Counter(found["metadata"]["uid"] for _, found in sent)
        assert max(uids.values()) == 1

    def test_an_alert_names_its_activities_by_their_ids(self, sent):
        activities = {found["metadata"]["uid"] for item, found in sent if item["type"] == "activity"}
        related = [one["uid"] for item, found in sent if item["type"] == "alert" for one in found["finding_info"]["related_events"]]
        assert len(related) > 50
        assert set(related) <= activities


def missing(fields, found):
    """The values that are nowhere in the event."""
    texts = set(_values(found))
    told_otherwise = ("type", "timestamp", "result")
    return set(_values({name: value for name, value in fields.items() if name not in told_otherwise})) - texts


def _values(value):
    if isinstance(value, dict):
        for inner in value.values():
            yield from _values(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _values(inner)
    elif value not in (None, ""):
        yield value


class TestAnyItem:
    @given(item=items.activities | items.alerts | items.commands)
    def test_is_as_the_schema_has_it(self, item):
        assert mistakes(event(item)) == []

    @given(activity=items.activities, kind=st.sampled_from(sorted(kind for kinds in table().classes.values() for kind in kinds)))
    def test_is_whole(self, activity, kind):
        activity = replace(activity, activity_type=kind)
        assert mistakes(event(activity)) == []
        fields = json.loads(json_message(activity))
        shown = {"object_id", "object_name", "object_type"}  # the first object's, in real activities
        assert missing({name: value for name, value in fields.items() if name not in shown}, event(activity)) == set()


class TestTable:
    def test_it_knows_every_activity_type(self):
        known = {kind for kinds in table().classes.values() for kind in kinds}
        assert known == set(table_words()["activity_type"])

    def test_no_type_is_there_twice(self):
        assert max(Counter(kind for kinds in table().classes.values() for kind in kinds).values()) == 1

    @pytest.mark.parametrize("name", table().classes)
    def test_the_class_has_such_activities(self, name):
        known = set(schema(CLASSES[name].uid)["properties"]["activity_id"]["enum"])
        assert set(table().classes[name].values()) <= known

    @pytest.mark.parametrize("name", CLASSES)
    def test_classes_have_their_numbers(self, name):
        assert schema(CLASSES[name].uid)["title"] == CLASSES[name].name
        assert schema(CLASSES[name].uid)["$id"].endswith(f"/classes/{name}")

    @pytest.mark.parametrize("name", ["api_activity", "web_resources_activity"])
    def test_what_takes_all_types_has_their_activities(self, name):
        assert set(table().words.values()) <= set(schema(CLASSES[name].uid)["properties"]["activity_id"]["enum"])


class TestActivities:
    def test_a_download(self):
        found = event(replace(ANNA, activity_type="Download file"))
        assert mistakes(found) == []
        assert (found["class_uid"], found["activity_id"], found["type_uid"], found["time"]) == (6006, 2, 600602, NOON)
        assert found["file"] == {"name": "plan.docx", "uid": "1", "type": "File", "type_id": 1}
        assert found["actor"]["user"] == {
            "name": "anna@contoso.com", "uid": "7", "email_addr": "anna@contoso.com", "type": "Admin", "type_id": 2,
            "groups": [{"name": "Finance"}],
        }  # fmt: skip
        assert found["src_endpoint"]["location"] == {"country": "DE", "city": "Berlin", "lat": 52.5, "long": 13.4}
        assert found["src_endpoint"]["os"] == {"name": "Windows", "version": "10", "type_id": 100}
        assert found["src_endpoint"]["autonomous_system"] == {"number": 64_500, "name": "Example"}
        assert found["cloud"] == {"provider": "Microsoft SharePoint Online", "account": {"uid": "contoso"}}
        assert found["api"]["operation"] == found["metadata"]["event_code"] == "FileDownloaded"
        assert found["raw_data"] == '{"Id": "a"}'
        assert found["unmapped"]["http_request"] == {"user_agent": "Mozilla/5.0"}  # of which a File Hosting Activity has none
        assert {(one["name"], one["value"]) for one in found["observables"]} == {
            ("src_endpoint.ip", "203.0.113.7"), ("actor.user.name", "anna@contoso.com"), ("file.name", "plan.docx"),
        }  # fmt: skip

    @pytest.mark.parametrize(
        ("kind", "objects", "uid", "expected"),
        [
            ("Failed log on", (), 3002, {"service": {"name": "Microsoft SharePoint Online"}}),
            ("Delete user", (EVA,), 3001, {"user": {"name": "eva@contoso.com", "uid": "8", "email_addr": "eva@contoso.com"}}),
            ("Add member to role", (OWNER, EVA), 3005, {"privileges": ["Owner"]}),
            ("Add member to group", (EVA, FINANCE), 3006, {"group": {"name": "Finance", "uid": "g", "type": "Group"}}),
            ("Delete policy", (ActivityObject("x", None, "Policy"),), 3004, {"entity": {"uid": "x", "type": "Policy", "type_id": 5}}),
            ("View report", (ActivityObject("x", "B", "Report"),), 6001, {"web_resources": [{"name": "B", "uid": "x", "type": "Report"}]}),
            ("Unspecified", (), 6003, {}),
            ("Security alert", (), 2004, {"finding_info": {"uid": "a", "title": "FileDownloaded", "types": ["Security alert"]}}),
        ],
    )  # fmt: skip
    def test_each_class_has_what_it_is_about(self, kind, objects, uid, expected):
        found = event(replace(ANNA, activity_type=kind, objects=objects, result="failure"))
        assert mistakes(found) == []
        assert found["class_uid"] == uid
        assert {name: found[name] for name in expected} == expected
        assert found.get("status_id") == (None if uid == 2004 else 2)

    @pytest.mark.parametrize(
        ("kind", "lacking", "uid"),
        [
            ("Download file", {"ip_address": None}, 6001),
            ("Download file", {"ip_address": "not one"}, 6001),
            ("Download file", {"objects": ()}, 6003),
            ("Download file", {"ip_address": None, "objects": ()}, 0),
            ("Log on", {"app": None}, 6003),
            ("Log on", {"user": None, "user_id": None, "objects": ()}, 0),
            ("Delete user", {"objects": ()}, 6003),
            ("Add member to role", {"objects": (EVA,)}, 6003),
            ("Add member to role", {"objects": (OWNER,)}, 6003),
            ("Add member to group", {"objects": (EVA,)}, 6003),
            ("Delete policy", {"objects": ()}, 6003),
            ("Security alert", {"activity_id": ""}, 6003),
            ("Unspecified", {"action_type": None}, 6001),
            ("Brew tea", {}, 6003),
        ],
    )
    def test_one_that_lacks_what_its_class_demands_is_of_another(self, kind, lacking, uid):
        found = event(replace(ANNA, **{"activity_type": kind} | lacking))
        assert mistakes(found) == []
        assert found["class_uid"] == uid
        assert found["activity_name"] == kind

    @pytest.mark.parametrize(("kind", "number"), [("Download file", 2), ("Delete user", 4), ("Brew tea", 99)])
    def test_the_other_class_tells_what_was_done_by_the_first_word(self, kind, number):
        assert event(replace(ANNA, activity_type=kind, objects=()))["activity_id"] == number

    @pytest.mark.parametrize("kind", ["Change password", "Enable multi-factor authentication"])
    def test_who_changes_their_own_account_is_not_named_twice_in_a_record(self, kind):
        found = event(replace(ANNA, activity_type=kind, objects=()))
        assert (found["class_uid"], found["user"]["name"]) == (3001, "anna@contoso.com")

    @pytest.mark.parametrize(
        ("changes", "unmapped"),
        [
            ({"ip_port": 70_000}, {"ip_port": 70_000}),
            ({"ip_address": "fe80::1%eth0"}, {"ip_address": "fe80::1%eth0"}),
            ({"country": None, "city": None}, {"latitude": 52.5, "longitude": 13.4}),
            ({"os": None}, {"os_version": "10"}),
            ({"user": None, "user_id": None}, {"actor": {"user": {"type": "Admin", "type_id": 2, "groups": [{"name": "Finance"}]}}}),
            ({"activity_type": "Security alert", "result": "failure"}, {"result": "failure"}),
        ],
        ids=["port", "address", "place", "system", "user", "result"],
    )
    def test_what_the_schema_would_not_take_is_unmapped(self, changes, unmapped):
        found = event(replace(ANNA, **changes))
        assert mistakes(found) == []
        assert {name: found["unmapped"].get(name) for name in unmapped} == unmapped

    def test_a_password_that_was_changed_for_nobody_known_is_not_who_changed_it(self):
        found = event(replace(ANNA, activity_type="Change password", objects=(FINANCE,)))
        assert (found["class_uid"], found["resources"][0]["name"]) == (6003, "Finance")

    def test_what_is_no_address_is_no_email_address(self):
        user = event(replace(ANNA, user="CONTOSO\\anna"))["actor"]["user"]
        assert (user["name"], "email_addr" in user) == ("CONTOSO\\anna", False)


class TestAlerts:
    ALERT = Alert(
        alert_id="1", policy_id="p", policy_name="Many downloads", policy_type="anomaly", severity="high", category="threat_detection",
        title="Anna downloads", user="anna@contoso.com", app="Box", ip_address="203.0.113.7", country="DE", first_activity=NOON - 9,
        last_activity=NOON, activity_count=2, activity_ids=("a", "b"), created=NOON, evidence="300 in an hour, usually 3", risk_score=80,
        tags=("attack.collection", "attack.t1530", "attack.t1110.003"),
    )  # fmt: skip

    def test_a_finding(self):
        found = event(self.ALERT)
        assert mistakes(found) == []
        assert (found["class_uid"], found["activity_id"], found["severity_id"], found["is_alert"]) == (2004, 1, 4, True)
        info = found["finding_info"]
        assert (info["uid"], info["title"], info["related_events_count"]) == ("1", "Anna downloads", 2)
        assert info["related_events"] == [{"uid": "a"}, {"uid": "b"}]
        assert info["analytic"] == {"uid": "p", "name": "Many downloads", "type_id": 2, "category": "anomaly"}
        assert info["attacks"] == [
            {"technique": {"uid": "T1530"}},
            {"technique": {"uid": "T1110"}, "sub_technique": {"uid": "T1110.003"}},
        ]
        assert found["evidences"] == [
            {"user": {"name": "anna@contoso.com", "email_addr": "anna@contoso.com"},
             "src_endpoint": {"ip": "203.0.113.7", "location": {"country": "DE"}}},
        ]  # fmt: skip
        assert found["metadata"]["labels"] == ["attack.collection", "attack.t1530", "attack.t1110.003"]
        assert (found["message"], found["risk_score"], found["count"]) == ("300 in an hour, usually 3", 80, 2)

    @pytest.mark.parametrize(
        ("more", "activity_id", "status_id", "verdict_id"),
        [
            ({"event": "updated"}, 2, 1, None),
            ({"event": "reopened", "assigned_to": "eva"}, 2, 2, None),
            ({"event": "closed", "status": "closed", "resolution": "true_positive"}, 3, 4, 2),
            ({"event": "closed", "status": "closed", "resolution": "false_positive"}, 3, 3, 1),
            ({"event": "closed", "status": "closed", "resolution": "benign"}, 3, 3, 5),
        ],
        ids=["updated", "assigned", "true", "false", "benign"],
    )
    def test_what_became_of_it(self, more, activity_id, status_id, verdict_id):
        found = event(replace(self.ALERT, changed=NOON + 5, **more))
        assert mistakes(found) == []
        assert (found["activity_id"], found["status_id"], found.get("verdict_id")) == (activity_id, status_id, verdict_id)
        assert found["time"] == found["finding_info"]["modified_time"] == NOON + 5
        assert found["is_alert"] is (more["event"] != "closed")

    def test_each_message_about_it_has_an_id_of_its_own_which_stays(self):
        several = [self.ALERT, replace(self.ALERT, event="updated", changed=NOON + 1, activity_count=4)]
        uids = [event(one)["metadata"]["uid"] for one in several]
        assert uids == [event(one)["metadata"]["uid"] for one in several]
        assert len(set(uids)) == 2
        assert all(re.fullmatch("[0-9a-f]{32}", uid) for uid in uids)
        assert message_id(json_message(several[0])) == uids[0]
        assert len({event(one)["finding_info"]["uid"] for one in several}) == 1


@pytest.mark.parametrize(
    ("action", "status", "activity_id", "status_id"),
    [("suspend_user", "succeeded", 2, 1), ("unsuspend_user", "failed", 3, 2), ("own_action", "dry_run", 99, 99)],
)
def test_what_became_of_a_command(action, status, activity_id, status_id):
    command = GovernanceCommand(
        command_id="c", action=action, connector="entra", target="eva@contoso.com", status=status, reason="Many downloads", who="anna",
        alert_id="1", created=NOON, finished=NOON + 9, duration=9,
    )  # fmt: skip
    found = event(command)
    assert mistakes(found) == []
    assert (found["class_uid"], found["activity_id"], found["status_id"], found["time"]) == (7001, activity_id, status_id, NOON + 9)
    assert (found["command_uid"], found["metadata"]["correlation_uid"], found["remediation"]["desc"]) == ("c", "1", "Many downloads")
    assert (found["actor"]["user"]["name"], found["unmapped"]["target"]["name"]) == ("anna", "eva@contoso.com")


def test_no_field_of_an_activity_is_forgotten():
    """Each in turn with a value that stands nowhere else."""
    for name, value in asdict(ANNA).items():
        if isinstance(value, str) and name not in ("ip_address", "activity_type"):
            assert "MARK" in ocsf_message(replace(ANNA, activity_type="Download file", **{name: "MARK"})).decode(), name
