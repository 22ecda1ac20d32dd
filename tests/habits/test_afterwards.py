"""What a subject does after something: the same alerts in any order, and what ends it."""

import msgspec
import pytest
from hypothesis import given, settings

from casbd.counting.match import Step
from casbd.filters.tree import AllOf
from casbd.habits.afterwards import Afterwards, acted_on
from casbd.habits.anomaly import DAY
from casbd.habits.what_followed import ACTIVE, ENDED, HAPPENED
from casbd.model.activity import Activity, ActivityObject
from casbd.model.counted import Entry

from .orders import HOUR, activities, raised, same_in_any_order

DELETED = f'{HAPPENED}["Delete user","Okta","admin"]'
MATCH = Afterwards(steps=(Step(filters=AllOf(())),) * 3, role="object", within=5 * DAY, ends=True, grace=HOUR)


@pytest.mark.parametrize("grace", [0, HOUR, 3 * HOUR])
@settings(max_examples=300)
@given(given=activities((DELETED, ENDED, ACTIVE, ACTIVE, ACTIVE)))
def test_neither_order_nor_cuts_nor_restarts_matter(given, grace):
    same_in_any_order(msgspec.structs.replace(MATCH, grace=grace), given)


def found(*entries):
    """Of entries by hour and value, in this order."""
    given = [("a", Entry(int(hour * HOUR), number, f"{number}", value)) for number, (hour, value) in enumerate(entries)]
    return [(first / HOUR, last / HOUR, count) for _, first, last, count, _ in raised(MATCH, given, range(1, 99))[0]]


def test_all_that_follows_is_one_alert():
    days = [(24 * day, ACTIVE) for day in (1, 2, 3, 4)]
    assert found((0, DELETED), *days) == [(24, 96, 4)]


def test_what_comes_later_than_what_follows_it():
    assert found((20, ACTIVE), (10, DELETED)) == [(20, 20, 1)]
    assert found((20, ACTIVE), (10, DELETED), (15, ENDED)) == []


def test_it_ends():
    assert found((0, DELETED), (24, ACTIVE), (30, ENDED), (31, ACTIVE), (60, ACTIVE)) == [(24, 24, 1)]
    assert found((0, DELETED), (24 * 6, ACTIVE)) == []
    assert found((0, DELETED), (24, ENDED), (48, DELETED), (72, ACTIVE)) == [(72, 72, 1)]


def test_what_follows_too_late_never_belongs_to_what_follows_in_time():
    """Nor once the older has become one state."""
    given = [("a", Entry(int(hour * HOUR), number, f"{number}", value)) for number, (hour, value) in enumerate(TOO_LATE)]
    each, at_once = raised(MATCH, given, range(1, 9)), raised(MATCH, given)
    assert each == at_once
    assert [(first / HOUR, last / HOUR, count) for _, first, last, count, _ in each[0]] == [(150, 150, 1)]


TOO_LATE = ((0, DELETED), (121, ACTIVE), (147, DELETED), (150, ACTIVE))


def test_sessions_may_live_on():
    assert found((0, DELETED), (0.5, ACTIVE), (1.5, ACTIVE)) == [(1.5, 1.5, 1)]


def test_users_acted_on_are_those_who_act_afterwards():
    def of(name, kind="User"):
        things = (ActivityObject(name=name, type=kind), ActivityObject(name="Group", type="Group"))
        return acted_on(Activity(app="AWS", app_instance="1", objects=things))

    assert of("0123456789abcdef0123456789abcdefAnna@contoso.com") == ["anna@contoso.com"]
    assert of("anna_fabrikam.com#EXT#@contoso.onmicrosoft.com") == ["anna@fabrikam.com"]
    assert of("bob") == ['["bob", "aws", "1"]']
    assert of("anna@contoso.com", "Group") == []


def test_what_goes_on_after_a_pause_is_one_alert_though_a_late_record_moved_its_beginning():
    """The id is of the activity that was known first; by then another one of the same moment is before it."""
    in_order = [(0, DELETED), (1, ACTIVE), (1, ACTIVE), (26.1, DELETED), (51.2, ACTIVE)]
    given = [("a", Entry(int(hour * HOUR), number, f"{number}", value)) for number, (hour, value) in enumerate(in_order)]
    late = [given[number] for number in (0, 2, 1, 3, 4)]
    match = msgspec.structs.replace(MATCH, grace=0)
    assert raised(match, late, {1, 2}) == raised(match, given, range(1, 9))
    assert len(raised(match, late, {1, 2})[0]) == 1


def test_what_comes_too_late_for_any_order_says_what_happened_and_no_more_than_was_so_then():
    assert found((50, DELETED), (100, ACTIVE), (10, ENDED), (101, ACTIVE)) == [(100, 101, 2)]
    assert found((10, DELETED), (50, ENDED), (100, ACTIVE), (20, DELETED), (101, ACTIVE)) == []
