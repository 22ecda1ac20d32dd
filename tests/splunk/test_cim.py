"""The Common Information Model, over what casbd makes of all its samples: by the HTTP Event Collector (JSON) and by SC4S (CEF)."""

import csv
from collections import Counter

import pytest
from conf_files import ADDON
from models import CHANGES, MODELS, models

from casbd.formats import table_words
from casbd.model.activity import FIELDS
from casbd.wire.json_lines import ALERT_KEYS, COMMAND_KEYS

SIGN_INS = {"Log on", "Failed log on", "Single sign-on log on"}
OTHERWISE_IN_CEF = {"object", "object_id", "description", "user_name"}  # CEF has no full name of a user
"""CEF has an activity's objects as one list of names, and an alert's evidence and description as one text."""

roads = pytest.mark.parametrize("road", ["json", "cef"])


def activity_types():
    with (ADDON / "lookups" / "casbd_activity_types.csv").open(newline="") as file:
        return {row["activity_type"]: row for row in csv.DictReader(file)}


@roads
@pytest.mark.parametrize("name", MODELS)
def test_every_event_of_a_model_has_what_the_model_demands(events, road, name):
    found = [event for event in events[road] if name in models(event)]
    assert len(found) > 20
    for event in found:
        assert {field for field in MODELS[name].required if not any(event.get(field, []))} == set(), event["_raw"]
        for field, values in MODELS[name].values.items():
            assert set(event[field]) <= values, event["_raw"]


@roads
def test_no_event_is_of_two_models(events, road):
    assert max(len(models(event)) for event in events[road]) == 1


@roads
class TestNoEventIsOfAWrongModel:
    def test_sign_ins(self, events, road):
        for event in events[road]:
            assert ("Authentication" in models(event)) == (event.get("activity_type", [""])[0] in SIGN_INS)
            if event.get("activity_type") == ["Failed log on"]:
                assert event["action"] == ["failure"]

    def test_alerts(self, events, road):
        """Closed ones are none any more, and those about casbd itself are of no model."""
        kinds = Counter((event["type"][0], event.get("event", [""])[0], tuple(models(event))) for event in events[road])
        told = {key: number for key, number in kinds.items() if key[0] in ("alert", "system")}
        grew = ("alert", "updated", ("Alerts",))
        assert told.keys() - {grew} == {("alert", "raised", ("Alerts",)), ("alert", "closed", ()), ("system", "raised", ())}

    def test_governance(self, events, road):
        """What no app was asked to do, and notices, changed nothing."""
        seen = set()
        for event in events[road]:
            if event["type"] == ["governance"]:
                outcome, action = event["governance_status"][0], event["governance_action"][0]
                changed = outcome in ("succeeded", "failed") and not action.startswith("notify_")
                assert models(event) == (["Change"] if changed else [])
                seen.add((outcome, changed))
        assert seen == {("succeeded", True), ("succeeded", False), ("failed", True), ("blocked", False)}

    def test_changes(self, events, road):
        """An account's change is one of a user; what has only begun, and cmdlets that ask, are no changes."""
        for event in events[road]:
            if "Change" in models(event):
                assert ("account" in event["tag"]) == (event["object_category"] == ["user"])
                assert set(event["action"]) <= CHANGES
                assert event["type"] == ["governance"] or event.get("result") != ["unknown"]
                assert not event["command"][0].startswith(("Get-", "Search-", "Test-"))
                assert event["status"] != ["failure"] or event["result"]
                assert ("account" in event["tag"]) == bool(event.get("src_user"))

    def test_data_that_was_denied_was_not_had(self, events, road):
        for event in events[road]:
            if "Data_Access" in models(event):
                assert event.get("result", ["success"])[0] in ("success", "partial")


@roads
def test_the_same_event_is_the_same_by_both_roads(events, road):
    """Each field that a model demands."""
    if road == "cef":
        for one, other in zip(*events.values(), strict=True):
            assert one["eventtype"] == other["eventtype"], other["_raw"]
            for name in models(one):
                for field in MODELS[name].required - OTHERWISE_IN_CEF:
                    assert [value.strip() for value in one[field]] == other[field], (field, other["_raw"])


@pytest.mark.parametrize("activity_type", sorted(table_words()["activity_type"]))
def test_every_activity_type_has_its_model_or_none(activity_type):
    row = activity_types()[activity_type]
    assert row["cim_model"] in ("", "authentication", "account_change", "change", "audit_change", "data_access")
    assert bool(row["change_type"]) == row["cim_model"].endswith("change")
    assert bool(row["object_category"]) == (row["cim_model"] not in ("", "authentication"))
    assert bool(row["action"]) == (row["cim_model"] not in ("", "authentication"))
    assert (row["object_category"] == "user") == (row["cim_model"] == "account_change")


def test_no_activity_type_is_there_that_casbd_does_not_know():
    assert activity_types().keys() == table_words()["activity_type"]


def test_what_is_unknown_is_no_text(events):
    """JSON's null, which Splunk shows as the text `null`."""
    fields = {*FIELDS, *ALERT_KEYS, *COMMAND_KEYS} - {"restore"}
    for event in events["json"]:
        assert {field for field in fields if "null" in event.get(field, [])} == set(), event["_raw"]
