"""What an alert says of its activities, and its id, which is the same for the same activities in every version of casbd."""

import pytest
from builders import HOUR, NOON, load_rules
from msgspec.structs import replace

from casbd.alerting import raising
from casbd.alerting.raising import MOST_IDS, Growth, grown
from casbd.counting.runs import Change
from casbd.model.activity import Activity
from casbd.model.alert import Alert
from casbd.model.counted import Entry

FAILED = Activity(
    NOON,
    "id-1",
    "Failed log on",
    action_type="UserLoginFailed",
    app="Microsoft Entra ID",
    app_instance="contoso",
    user="a@contoso.com",
    ip_address="203.0.113.7",
    country="NO",
    object_name="portal",
)
COMMON = Alert(
    alert_id="",
    policy_id="failed",
    policy_name="failed",
    policy_type="activity",
    severity="high",
    category="threat_detection",
    title="failed",
    description="Activity policy 'failed' was triggered by 'a@contoso.com'. Failed log on: portal",
    user="a@contoso.com",
    app="Microsoft Entra ID",
    app_instance="contoso",
    ip_address="203.0.113.7",
    country="NO",
    first_activity=NOON,
    last_activity=NOON,
    activity_ids=("id-1",),
    created=NOON + HOUR,
    tags=("attack.t1110",),
)


def policy_of(tmp_path, **rule):
    (policy,) = load_rules(tmp_path, {"failed": {"severity": "high", "category": "threat_detection", "tags": ["attack.t1110"]} | rule})
    return policy


def test_of_one_activity(tmp_path):
    alert = raising.of_one(policy_of(tmp_path), FAILED, NOON + HOUR)
    evidence = "a failed log on to Microsoft Entra ID from 203.0.113.7 (NO)"
    assert alert == replace(COMMON, alert_id="88bf23962591eceb149b613f733bb355", evidence=evidence)


@pytest.mark.parametrize(
    ("match", "kind", "user"),
    [
        ({"repeated": 2, "within": "5m"}, "repeated_activity", "a@contoso.com"),
        ({"repeated": 2, "within": "5m", "by": "ip_address"}, "repeated_activity", None),
        ({"sequence": [{"app": {"isset": True}}, {"app": {"isset": True}}], "within": "5m"}, "sequence", "a@contoso.com"),
    ],
)
def test_of_a_run_whose_activities_are_added_later(tmp_path, match, kind, user):
    alert = raising.of_a_run(policy_of(tmp_path, match=match), FAILED, "88bf23962591eceb149b613f733bb355", NOON + HOUR)
    text = COMMON.description if user else "Activity policy 'failed' was triggered. Failed log on: portal"
    assert alert == replace(
        COMMON,
        alert_id="88bf23962591eceb149b613f733bb355",
        policy_type=kind,
        detection="sequence steps" if kind == "sequence" else "repeated activities",
        user=user,
        description=text,
        activity_count=0,
        activity_ids=(),
    )


def test_what_was_done_has_the_vendors_name_where_there_is_no_other(tmp_path):
    alert = raising.of_one(policy_of(tmp_path), replace(FAILED, activity_type="Unspecified", object_name=None), NOON)
    assert alert.description == "Activity policy 'failed' was triggered by 'a@contoso.com'. UserLoginFailed"


@pytest.mark.parametrize(
    ("fields", "subject"),
    [
        ({}, "a@contoso.com"),
        ({"user": "bob"}, '["bob", "microsoft entra id", "contoso"]'),
        ({"user": None}, "203.0.113.7"),
        ({"user": None, "ip_address": None}, ""),
    ],
)
def test_whose_it_is(fields, subject):
    assert raising.subject_of_one(replace(FAILED, **fields)) == subject


def test_parts_of_an_id_are_kept_apart_and_an_unknown_one_is_empty():
    assert raising.identity("a", "b") != raising.identity("ab") != raising.identity("a", "b", None)
    assert raising.identity("a", None) == raising.identity("a", "")
    assert len(raising.identity("\ud800")) == 32


def test_about_casbd_itself():
    assert raising.system("kind", "Title", "Text.", subject="m365", moment=NOON, now=NOON + 1) == Alert(
        alert_id="6d27a36f1bc6ec949a003573adeefa53",
        policy_id="casbd.kind",
        policy_name="Title",
        policy_type="system",
        severity="medium",
        category="system",
        title="Title",
        description="Text.",
        first_activity=NOON,
        last_activity=NOON,
        activity_count=0,
        created=NOON + 1,
    )


def change(*times, number=None):
    members = tuple(Entry(time, time, f"{time}", None) for time in times)
    return Change("x", False, (), members, number or len(members), 0, 0, 0)


class TestGrowth:
    EMPTY = replace(COMMON, activity_count=0, activity_ids=())

    def test_of_a_new_alert_the_times_are_those_of_its_activities(self):
        growth = Growth()
        growth.add_change(change(5, 7, number=9))
        growth.add_change(change(3))
        alert = grown(self.EMPTY, growth)
        assert (alert.activity_count, alert.first_activity, alert.last_activity, alert.activity_ids) == (10, 3, 7, ("5", "7", "3"))

    def test_of_one_that_has_some_the_span_grows_on_both_sides(self):
        growth = Growth()
        growth.add_change(change(NOON + 5))
        alert = grown(COMMON, growth)
        assert (alert.activity_count, alert.first_activity, alert.last_activity) == (2, NOON, NOON + 5)
        assert alert.activity_ids == ("id-1", f"{NOON + 5}")
        growth.add_change(change(NOON - 5))
        assert grown(COMMON, growth).first_activity == NOON - 5

    def test_so_many_are_listed_and_all_are_counted(self):
        growth = Growth()
        for start in (0, MOST_IDS - 1):
            growth.add_change(change(*range(start, start + MOST_IDS - 1)))
        assert len(growth.ids) == MOST_IDS
        alert = grown(COMMON, growth)
        assert (len(alert.activity_ids), alert.activity_ids[-1], alert.activity_count) == (MOST_IDS, f"{MOST_IDS - 2}", 2 * MOST_IDS - 1)
        assert grown(alert, growth).activity_ids == alert.activity_ids

    def test_one_that_is_joined_brings_what_is_stored_of_it_and_what_is_not(self):
        growth, own = Growth(), Growth()
        own.add_change(change(NOON + 9))
        growth.join(COMMON, own)
        assert (growth.number, growth.first, growth.last, growth.ids) == (2, NOON, NOON + 9, ["id-1", f"{NOON + 9}"])
        alone = Growth()
        alone.join(self.EMPTY, Growth())
        assert (alone.number, alone.ids) == (0, [])
        alone.join(replace(self.EMPTY, first_activity=-1), own)
        assert (alone.number, alone.first, alone.ids) == (1, NOON + 9, [f"{NOON + 9}"])
