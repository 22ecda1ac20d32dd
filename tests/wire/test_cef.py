import re
from pathlib import Path

import msgspec
import pytest
import strict_cef
from hypothesis import given, settings
from hypothesis import strategies as st

from casbd.model.activity import Activity, ActivityObject
from casbd.model.alert import Alert
from casbd.wire import cef
from tests.wire.items import PIECES, TEXT_FIELDS, activities, alerts, texts

SAMPLES = (Path(__file__).parent / "mdca_docs" / "cef_samples.txt").read_text(encoding="utf-8").splitlines()


PROFILES = ["casbd", "mcas"]


def same(got: str | None, text: str | None, most: int) -> bool:
    """Whether a parsed value is the text as it must arrive: cleaned, and cut with a mark where it is too long."""
    wanted = strict_cef.clean(text or "")
    if len(wanted) <= most:
        return (got or "") == wanted
    return got is not None and got.endswith("...") and len(got) <= most and wanted.startswith(got[:-3])


@pytest.mark.parametrize("profile", PROFILES)
@settings(max_examples=50)
@given(activity=activities)
def test_any_activity_is_strict_cef_that_gives_its_values_back(profile, activity):
    header, pairs = strict_cef.parse(cef.activity(activity, profile=profile, portal="https://casbd.example"))
    assert re.fullmatch(r"EVENT_CATEGORY_[A-Z0-9_]{1,85}", header[4])
    assert same(pairs.get("suser"), activity.user, 1023)
    assert same(pairs.get("destinationServiceName"), activity.app, 1023)
    assert same(pairs.get("requestClientApplication"), activity.user_agent, 1023)
    if profile == "casbd":
        assert same(pairs.get("act"), activity.action_type, 63)
        assert same(pairs.get("reason"), activity.result_detail, 1023)
        assert same(pairs.get("sntdom"), activity.user_domain, 255)


@pytest.mark.parametrize("profile", PROFILES)
@settings(max_examples=50)
@given(alert=alerts)
def test_any_alert_is_strict_cef_that_gives_its_values_back(profile, alert):
    header, pairs = strict_cef.parse(cef.alert(alert, profile=profile, portal="https://casbd.example"))
    assert pairs["externalId"] == alert.alert_id
    assert same(pairs.get("suser"), alert.user, 1023)
    assert same(pairs.get("cs4"), alert.policy_id, 4000)
    assert header[6] == {"informational": "0", "low": "3", "medium": "6", "high": "8"}[alert.severity]
    if profile == "casbd":
        assert same(pairs.get("reason"), alert.comment, 1023)
        assert same(pairs.get("flexString2"), alert.closed_by, 1023)
    if profile == "casbd" or alert.event != "raised":
        assert (pairs["act"], pairs["cnt"], pairs.get("outcome")) == (alert.event, str(alert.activity_count), alert.resolution)
    else:
        assert not {"act", "cnt", "outcome"} & {*pairs}, "the SIEM agent had none of these"


@pytest.mark.parametrize("profile", PROFILES)
@settings(max_examples=50)
@given(item=activities | alerts, limit=st.integers(480, 9000))
def test_a_limit_cuts_values_and_leaves_strict_cef(profile, item, limit):
    write = cef.alert if isinstance(item, Alert) else cef.activity
    full_header, full = strict_cef.parse(write(item, profile=profile))
    text = write(item, profile=profile, limit=limit)
    header, pairs = strict_cef.parse(text)
    assert len(text.encode()) <= limit
    assert (pairs["externalId"], pairs["rt"]) == (full["externalId"], full["rt"])
    assert header[:5] == full_header[:5]
    assert header[5] == full_header[5] or full_header[5].startswith(header[5].removesuffix("..."))
    for key, value in pairs.items():
        assert value == full[key] or full[key].startswith(value.removesuffix("..."))
    if len(write(item, profile=profile).encode()) <= limit:
        assert pairs == full


@pytest.mark.parametrize("piece", PIECES, ids=ascii)
@pytest.mark.parametrize("profile", PROFILES)
def test_every_hostile_piece_in_every_field(profile, piece):
    text = f"a{piece}b{piece}"
    activity = Activity(activity_id="1", activity_type=text, objects=(ActivityObject(text, text, "File"),), matched_policies=(text,))
    for name in TEXT_FIELDS:
        setattr(activity, name, text)
    alert = Alert(
        alert_id="1", policy_id=text, policy_name=text, policy_type="activity", severity="low", title=text, user=text, activity_ids=(text,)
    )
    for message in (cef.activity(activity, profile=profile), cef.alert(alert, profile=profile)):
        header, pairs = strict_cef.parse(message)
        assert same(pairs["suser"], text, 1023)
        assert header[5]


@given(st.lists(texts, min_size=2, max_size=2, unique=True))
def test_ids_that_differ_stay_different(ids):
    one, other = (strict_cef.parse(cef.activity(Activity(activity_id=text)))[1]["externalId"] for text in ids)
    assert one != other


@pytest.mark.parametrize("line", [line for line in SAMPLES if "|ALERT_" in line])
def test_alerts_are_written_as_microsofts_agent_did(line):
    sample = without_empty_end(line[line.index("CEF:") :])
    header, pairs = strict_cef.parse(sample)
    alert = Alert(
        alert_id=pairs["externalId"],
        policy_id=pairs.get("cs4", ""),
        policy_name=header[5],
        policy_type="activity",
        severity="low",
        user=pairs["suser"],
        app=pairs["destinationServiceName"],
        first_activity=int(pairs["start"]),
        last_activity=int(pairs["end"]),
        activity_ids=tuple(pairs["cs3"].split(",")),
        created=7,
    )
    ours = cef.alert(alert, profile="mcas", portal="https://cloud-app-security.com")
    assert without_version(ours.replace(" rt=7 ", " ")) == without_version(sample)  # the agent's alerts had no `rt`


@pytest.mark.parametrize("line", [line for line in SAMPLES if "|EVENT_" in line])
def test_activities_are_written_as_microsofts_agent_did(line):
    sample = without_empty_end(
        line[line.index("CEF:") :].replace('"Device IPv6 Address"', "Device IPv6 Address")
    )  # newer ones have no quotes
    header, pairs = strict_cef.parse(sample)
    kind, _, name = pairs["msg"].partition(": ")[2].rpartition(" ")
    activity = Activity(
        timestamp=int(pairs["start"]),
        activity_id=pairs["externalId"],
        activity_type=header[5],
        app=pairs["destinationServiceName"],
        user=pairs["suser"],
        ip_address=pairs["dvc"] or None,
        objects=tuple(ActivityObject(name=name) for name in pairs["cs3"].split(",")),
        object_type=kind or None,
        object_name=name or None,
    )
    ours = cef.activity(activity, profile="mcas", portal="https://contoso.portal.cloudappsecurity.com")
    assert without_version(ours) == without_version(sample)


def without_empty_end(message: str) -> str:
    """Without the keys at the end that have no value: liblognorm refuses them."""
    return re.sub(r"( \w+Label=[^=]+ \w+=)+$", "", message)


def without_version(message: str) -> list[str]:
    fields = message.split("|")
    return fields[:3] + fields[4:]


@settings(max_examples=20)
@given(activity=activities)
def test_the_activity_is_left_as_it_was(activity):
    before = msgspec.structs.astuple(activity)
    cef.activity(activity, limit=480)
    assert msgspec.structs.astuple(activity) == before
