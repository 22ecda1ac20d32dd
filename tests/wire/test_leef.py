"""LEEF 2.0: whatever is in an item is one message that a parser written from IBM's pages reads."""

import string

import pytest
import strict_cef
import strict_leef
from hypothesis import example, given, settings
from hypothesis import strategies as st

from casbd.model.activity import Activity, ActivityObject
from casbd.model.alert import Alert
from casbd.model.governance import GovernanceCommand
from casbd.wire import leef
from tests.wire.items import PIECES, activities, alerts, commands, maybe

WRITERS = {Alert: leef.alert, Activity: leef.activity, GovernanceCommand: leef.command}


def parsed(item, **options):
    return strict_leef.parse(WRITERS[type(item)](item, **options))


def same(got: str | None, text: str | None, most: int = 1023) -> bool:
    """Whether a value is the text as it must arrive: cleaned, `^` and `|` substituted, and cut with a mark where it is too long."""
    wanted = strict_cef.clean((text or "").translate(str.maketrans("^|\r\n", "~/  ")))
    if len(wanted) <= most:
        return (got or "") == wanted
    return got is not None and got.endswith("...") and len(got) <= most and wanted.startswith(got[:-3])


@settings(max_examples=50)
@given(alert=alerts)
def test_any_alert_gives_its_values_back(alert):
    header, found = parsed(alert, portal="https://casbd.example")
    assert header[:2] == ["casbd", "casbd"]
    assert header[3].startswith("ALERT_")
    assert (found["externalId"], found["act"], found["cnt"]) == (alert.alert_id, alert.event, str(alert.activity_count))
    assert found["url"] == f"https://casbd.example/alerts/{alert.alert_id}"
    for name, value, most in (
        ("usrName", alert.user, 255),
        ("cat", alert.category, 255),
        ("policy", alert.policy_id, 1023),
        ("policyName", alert.policy_name, 1023),
        ("title", alert.title, 1023),
        ("evidence", alert.evidence, 1023),
        ("msg", alert.description, 1023),
        ("app", alert.app, 1023),
        ("appInstance", alert.app_instance, 1023),
        ("country", alert.country, 1023),
        ("reason", alert.comment, 1023),
        ("closedBy", alert.closed_by, 1023),
    ):
        assert same(found.get(name), value, most), name


@settings(max_examples=50)
@given(activity=activities)
def test_any_activity_gives_its_values_back(activity):
    header, found = parsed(activity)
    assert header[3].startswith("EVENT_CATEGORY_")
    for name, value, most in (
        ("usrName", activity.user, 255),
        ("cat", activity.result, 255),
        ("activityType", activity.activity_type, 1023),
        ("act", activity.action_type, 1023),
        ("app", activity.app, 1023),
        ("objectName", activity.object_name, 1023),
        ("userAgent", activity.user_agent, 1023),
        ("city", activity.city, 1023),
    ):
        assert same(found.get(name), value, most), name


@settings(max_examples=50)
@given(command=commands)
def test_any_command_gives_its_values_back(command):
    _, found = parsed(command)
    assert (found["cat"], found["act"]) == (command.status, command.action)
    assert same(found.get("usrName"), command.target, 255)
    assert same(found.get("accountName"), command.who, 255)
    assert same(found.get("reason"), command.error or command.reason)


@settings(max_examples=100)
@given(item=alerts | activities | commands, limit=st.integers(480, 9000))
def test_a_limit_cuts_values_and_leaves_leef(item, limit):
    full, text = parsed(item)[1], WRITERS[type(item)](item, limit=limit)
    found = strict_leef.parse(text)[1]
    assert len(text.encode()) <= limit
    assert {"externalId", "devTime", "devTimeFormat"} <= found.keys()
    for name, value in found.items():
        assert value == full[name] or full[name].startswith(value.removesuffix("..."))
    if len(WRITERS[type(item)](item).encode()) <= limit:
        assert found == full


@pytest.mark.parametrize("piece", [*PIECES, "^", "^src=1.2.3.4^", "\t", "x5E", "|"], ids=ascii)
def test_every_hostile_piece_in_every_field(piece):
    text = f"a{piece}b"
    alert = Alert(
        alert_id="1",
        policy_id=text,
        policy_name=text,
        policy_type="activity",
        severity="low",
        tags=(text,),
        activity_ids=(text,),
        **dict.fromkeys(("category", "title", "description", "evidence", "user", "app", "app_instance", "country", "ip_address"), text),
    )
    found = parsed(alert)[1]
    for name in ("policy", "policyName", "cat", "usrName", "title", "msg", "evidence", "app", "appInstance", "country", "tags"):
        assert same(found[name], text, {"cat": 255, "usrName": 255, "tags": 4000}.get(name, 1023)), name
    assert "src" not in found


@example(["a^", "a~"])
@example(["a|", "a/"])
@given(st.lists(maybe.filter(bool) | st.sampled_from(["a^", "a~", "a ", "a"]), min_size=2, max_size=2, unique=True))
def test_ids_that_differ_stay_different(ids):
    one, other = (parsed(Activity(activity_id=text))[1]["externalId"] for text in ids)
    assert one != other


@pytest.mark.parametrize("time", [0, 1_769_860_800_123, 4_102_444_799_999, 253_402_300_799_999])
def test_the_time_has_its_year_and_zone(time):
    assert strict_leef.device_time(parsed(Activity(activity_id="1", timestamp=time))[1]) == time


@pytest.mark.parametrize(("severity", "number"), [("informational", "1"), ("low", "3"), ("medium", "6"), ("high", "8")])
def test_severities_begin_at_one(severity, number):
    alert = Alert(alert_id="1", policy_id="p", policy_name="P", policy_type="activity", severity=severity)
    assert parsed(alert)[1]["sev"] == number


@pytest.mark.parametrize(
    ("activity_type", "user", "address"),
    [("Log on", "anna", "2001:db8::1"), ("Failed log on", "anna", None), ("Log on", None, None), ("Download file", "anna", None)],
)
def test_an_address_is_tied_to_who_logged_on_from_it(activity_type, user, address):
    """Not to whose name somebody tried: QRadar would take them for the user from then on."""
    found = parsed(Activity(activity_id="1", activity_type=activity_type, user=user, ip_address="2001:db8::1"))[1]
    assert found.get("identSrc") == address
    assert found["src"] == "2001:db8::1"


def test_the_account_is_whom_it_was_done_to():
    activity = Activity(
        activity_id="1", objects=(ActivityObject("7", "bert", "User"),), object_id="7", object_name="bert", object_type="User"
    )
    assert parsed(activity)[1]["accountName"] == "bert"


def test_no_custom_attribute_has_the_name_of_one_that_is_predefined():
    """IBM's list, of those that are not used as IBM means them."""
    ours = {one.prefix.removesuffix("=") for kind in (leef._ALERT, leef._ACTIVITY, leef._COMMAND) for one in kind}
    assert not ours & {"proto", "dst", "dstPort", "resource", "realm", "groupID", "vSrc", "identHostName", "isLoginEvent", "calLanguage"}
    assert all(set(name) <= {*string.ascii_letters} for name in ours)
