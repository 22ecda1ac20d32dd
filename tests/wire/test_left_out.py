"""Fields that are left out: no key of them, and all else as it was."""

import re

import msgspec
import pytest

from casbd.model.activity import Activity
from casbd.model.governance import GovernanceCommand
from casbd.outputs._message import cef_message, json_fields, leef_message, text_message
from casbd.wire import left_out
from tests.outputs.answering import NOON, alert

ITEMS = [
    Activity(NOON, "one", user="anna@contoso.com", raw="{}"),
    alert(1, user="anna@contoso.com", evidence="three of them"),
    GovernanceCommand(command_id="c", action="suspend_user", connector="entra", target="anna@contoso.com", status="succeeded"),
]


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: type(item).__name__)
def test_each_field_that_can_be(item):
    whole = json_fields(item)
    for name in type(item).__struct_fields__:
        try:
            left_out.checked(name)
        except ValueError:
            continue
        (less,) = left_out.without([item], [name])
        assert json_fields(less) == {key: value for key, value in whole.items() if key != name}
        for write in (text_message, lambda one: leef_message(one, ""), lambda one: cef_message(one, "casbd", "")):
            assert write(less) == write(msgspec.structs.replace(item, **{name: getattr(less, name)}))


def test_what_can_be_left_out_is_told_once():
    with pytest.raises(ValueError, match=r"there is no field `xyzzy` that can be left out \(allowed: ") as caught:
        left_out.checked("xyzzy")
    allowed = re.findall(r"\w+", str(caught.value).partition("allowed: ")[2])
    assert len(allowed) == len(set(allowed)) > 10


def test_what_another_kind_has_is_no_matter_and_nothing_changes_without_names():
    (less,) = left_out.without(ITEMS[1:2], ["raw"])
    assert json_fields(less) == json_fields(ITEMS[1])
    assert left_out.without(ITEMS, []) is ITEMS
