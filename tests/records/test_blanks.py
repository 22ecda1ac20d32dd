"""Texts that are only blanks are none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casbd.model.activity import FIELDS, Activity, ActivityObject
from casbd.records import blanks

BLANKS = [" ", "   ", "\t", "\r\n", "\u00a0", " \u202f\u3000"]


def without(activity):
    blanks.take_out(activity)
    return activity


@pytest.mark.parametrize("blank", BLANKS)
def test_a_blank_text_is_unknown(blank):
    found = without(Activity(1, "a", user=blank, user_id=blank, user_agent=blank, app=blank, action_type=blank, result_detail=blank))
    assert found == Activity(1, "a")


@pytest.mark.parametrize("blank", BLANKS)
def test_a_blank_id_is_no_id_and_a_blank_kind_no_kind(blank):
    assert without(Activity(1, blank, blank)) == Activity(1)


@pytest.mark.parametrize("blank", BLANKS)
def test_an_object_that_is_only_blanks_is_none(blank):
    nothing, file = ActivityObject(blank, blank, "File", "target"), ActivityObject("f", "plan", blank, "target")
    found = without(Activity(1, "a", objects=(nothing, file), object_id=blank, object_name=blank, object_type="File"))
    assert found.objects == (ActivityObject("f", "plan", None, "target"),)
    assert (found.object_id, found.object_name, found.object_type) == ("f", "plan", None)
    found = without(Activity(1, "a", objects=(nothing,), object_id=blank, object_name=blank, object_type="File"))
    assert (found.objects, found.object_id, found.object_name, found.object_type) == ((), None, None, None)


def test_an_object_keeps_what_is_known_of_it():
    found = without(Activity(1, "a", objects=(ActivityObject("f", "\u00a0", "File", "target"),), object_id="f", object_name="\u00a0"))
    assert found.objects == (ActivityObject("f", None, "File", "target"),)
    assert (found.object_id, found.object_name, found.object_type) == ("f", None, "File")


@given(st.dictionaries(st.sampled_from([name for name, field in FIELDS.items() if field.kind == "text" and name != "raw"]), st.text()))
def test_what_is_known_stays(fields):
    activity = Activity(1, **{"activity_id": "a"} | {name: text for name, text in fields.items() if not text.isspace()})
    before = Activity(**{name: getattr(activity, name) for name in FIELDS})
    assert without(activity) == before
