"""The profile `mcas`: what parsers made for Microsoft's agent would trip over."""

import re

import pytest
import strict_cef
from msgspec.structs import replace

from casbd.model.activity import Activity, ActivityObject
from casbd.model.alert import Alert
from casbd.wire import cef, cef_mcas

ALERT = Alert(alert_id="a1", policy_id="p", policy_name="P", policy_type="activity", severity="low", activity_ids=("1",), created=5)
ACTIVITY = Activity(activity_id="1", timestamp=7, objects=(ActivityObject(name="x"),))
PUBLIC_PARSER = re.compile(r"\Wcs1=(.+?)\s{1,100}(\w+=|$)")
"""How Exabeam's takes the link out of an alert."""
WRITERS = [(cef.alert, ALERT), (cef.activity, ACTIVITY)]


@pytest.mark.parametrize(("write", "item"), WRITERS)
def test_without_a_portal_no_key_is_taken_for_the_link(write, item):
    assert not PUBLIC_PARSER.search(write(item, profile="mcas"))
    linked = PUBLIC_PARSER.search(write(item, profile="mcas", portal="https://casbd.example"))
    assert linked[1].startswith("https://casbd.example/#/")
    assert linked[2] == "cs2Label=" if item.app else "cs3Label="


@pytest.mark.parametrize(("write", "item"), WRITERS)
@pytest.mark.parametrize("limit", [0, *range(480, 900, 7)])
def test_no_message_ends_with_an_empty_key_wherever_it_is_cut(write, item, limit):
    """Debian's liblognorm refuses those that do."""
    long = {name: "x" * 128 for name in ("alert_id", "policy_id", "policy_name", "activity_id", "activity_type") if hasattr(item, name)}
    for one in (item, replace(item, **long), replace(item, **long, user="u" * 300), replace(item, **long, app="Box" * 60)):
        message = write(one, profile="mcas", limit=limit)
        assert not message.endswith("=")
        assert strict_cef.parse(message)[1]["rt"]


def test_empty_keys_between_others_stay_as_the_agent_wrote_them():
    assert " suser= destinationServiceName= dvc= requestClientApplication= cs3Label=targetObjects cs3=x" in cef.activity(
        ACTIVITY, profile="mcas"
    )


@pytest.mark.parametrize(
    ("app", "app_id"),
    [
        ("Box", "APPID_BOX"),
        ("microsoft 365", "APPID_O365"),
        ("AWS", "APPID_11599"),
        ("Okta", "APPID_10980"),
        ("Our own app", None),
        ("", None),
        (None, None),
    ],
)
def test_app_ids_are_those_that_public_material_knows(app, app_id):
    assert cef_mcas.app_id(app) == app_id
    pairs = strict_cef.parse(cef.alert(replace(ALERT, app=app), profile="mcas"))[1]
    assert pairs.get("cs2") == app_id
    assert ("cs2Label" in pairs) is bool(app_id)
