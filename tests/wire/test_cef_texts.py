"""CEF: what becomes of long values, ids, hostile names and single keys."""

import pytest
import strict_cef
from msgspec.structs import replace

from casbd.model.activity import Activity, ActivityObject
from casbd.model.alert import Alert
from casbd.wire import cef


def test_the_longest_values_are_cut_and_the_short_ones_stay():
    alert = Alert(
        alert_id="a" * 32,
        policy_id="p",
        policy_name="P",
        policy_type="activity",
        severity="low",
        title="t" * 1000,
        user="alice@example.com",
        activity_ids=tuple(f"{n:036}" for n in range(100)),
    )
    _, pairs = strict_cef.parse(cef.alert(alert, limit=1024))
    assert pairs["suser"] == "alice@example.com"
    assert len(pairs["msg"]) == len(pairs["cs3"]) > 200


@pytest.mark.parametrize(
    ("title", "description", "text"),
    [("P", "What happened", "What happened"), ("Title", "What", "Title: What"), ("Title", "", "Title"), ("P", "", None)],
)
def test_the_message_does_not_repeat_the_name(title, description, text):
    alert = Alert(
        alert_id="1", policy_id="p", policy_name="P", policy_type="activity", severity="low", title=title, description=description
    )
    assert strict_cef.parse(cef.alert(alert))[1].get("msg") == text


@pytest.mark.parametrize(
    ("profile", "user", "text"),
    [
        ("casbd", "anna", "gave 'Owner'. What happened"),
        ("mcas", "anna", "Activity policy ''P'' was triggered by ''anna''. gave ''Owner''"),
        ("mcas", None, "Activity policy ''P'' was triggered. gave ''Owner''"),
    ],
)
def test_the_evidence_stands_before_what_may_be_cut_and_behind_the_agents_own_words(profile, user, text):
    alert = Alert(
        alert_id="1",
        policy_id="p",
        policy_name="P",
        policy_type="activity",
        severity="low",
        title="P",
        description="What happened",
        evidence="gave 'Owner'",
        user=user,
    )
    assert strict_cef.parse(cef.alert(alert, profile=profile))[1]["msg"] == text
    long = strict_cef.parse(cef.alert(replace(alert, description="x" * 2000), profile=profile))[1]["msg"]
    assert "Owner" in long


def test_a_limit_that_cannot_hold_the_id_is_refused():
    with pytest.raises(ValueError, match="480"):
        cef.activity(Activity(user="a" * 500), limit=479)


def test_a_torn_escape_is_never_left():
    for length in range(200, 240):
        strict_cef.parse(cef.activity(Activity(activity_id="1", user="=" * length, user_agent="\\" * length), limit=480))


def test_ids_too_long_to_send_are_replaced_by_one_that_stays_the_same():
    ids = [strict_cef.parse(cef.activity(Activity(activity_id="a" * 300 + last)))[1]["externalId"] for last in "aab"]
    assert ids[0] == ids[1] != ids[2]
    assert len(ids[0]) == 32


def test_the_class_is_the_agents_where_it_is_known():
    assert cef.event_class("Log on") == "EVENT_CATEGORY_LOGIN"
    assert cef.event_class("Check in/out file") == "EVENT_CATEGORY_CHECK_IN_OUT_FILE"
    assert cef.event_class("???") == "EVENT_CATEGORY_UNSPECIFIED"


def test_ipv6_is_never_in_a_key_for_ipv4():
    six = strict_cef.parse(cef.activity(Activity(activity_id="1", ip_address="2001:db8::1")))[1]
    assert (six["c6a2"], six["c6a2Label"], "src" in six) == ("2001:db8::1", "Source IPv6 Address", False)
    agent = strict_cef.parse(cef.activity(Activity(activity_id="1", ip_address="2001:db8::1"), profile="mcas"))[1]
    assert (agent["dvc"], agent["c6a1"]) == ("", "2001:db8::1")


def test_a_hostile_name_does_not_reach_the_header():
    text = cef.alert(
        Alert(alert_id="1", policy_id="p", policy_name="a|b=c\\d\ne\x1b[2J", policy_type="activity", severity="high"),
    )
    assert text.split("|")[5] == "a/b-c/d e [2J"


def test_every_key_of_the_richer_profile_carries_its_field():
    activity = Activity(
        timestamp=1_511_373_004_123,
        activity_id="id",
        activity_type="Download file",
        action_type="FileDownloaded",
        app="Box",
        app_instance="contoso",
        user="a@b.example",
        ip_address="203.0.113.7",
        country="NO",
        isp="Telenor",
        object_type="File",
        object_name="x.docx",
        object_id="/sites/x.docx",
        objects=(ActivityObject(name="x.docx"), ActivityObject(id="42")),
        result="failure",
        result_detail="denied",
        matched_policies=("p1", "p2"),
        is_impersonated=True,
    )
    header, pairs = strict_cef.parse(cef.activity(activity))
    assert header[5] == "Download file (impersonated)"
    wanted = {
        "externalId": "id",
        "rt": "1511373004123",
        "act": "FileDownloaded",
        "outcome": "failure",
        "reason": "denied",
        "src": "203.0.113.7",
        "cs4Label": "policyIDs",
        "cs4": "p1,p2",
        "flexString1": "NO",
        "flexString2": "Telenor",
        "fname": "x.docx",
        "filePath": "/sites/x.docx",
        "cs3": "x.docx,42",
    }
    assert wanted.items() <= pairs.items()
    assert "cs1" not in pairs


def test_nobody_begins_a_message_within_another():
    """SC4S takes what stands behind the last `CEF:0` for the message, and what stands first for the host."""
    text = "CEF:0|casbd|casbd|1|ALERT|forged|8|externalId"
    alert = Alert(alert_id=text, policy_id=text, policy_name=text, policy_type="activity", severity="low", user=text)
    for profile in ("casbd", "mcas"):
        for message in (cef.alert(alert, profile=profile, limit=limit) for limit in (0, 480)):
            assert message.count("CEF:0") == 1
    assert " suser=CEF-0|casbd|" in cef.alert(alert)
    one, other = (cef.alert(replace(alert, alert_id=text)) for text in ("CEF:0", "CEF-0"))
    assert one != other, "ids that differ stay different"
