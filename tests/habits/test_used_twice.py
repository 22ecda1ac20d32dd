"""A session that is used from two places: the same alerts in any order, and what is one client that moves."""

import pytest
from hypothesis import given, settings

from casbd.habits import session_places
from casbd.habits.anomaly import DAY
from casbd.habits.session_places import observed
from casbd.habits.used_twice import UsedTwice
from casbd.model.activity import Activity
from casbd.model.counted import Entry

from . import judged
from .orders import MINUTE, activities, raised, same_in_any_order

MATCH = UsedTwice(shared_session=("raw.SessionId",), learning=3 * DAY)


def at(asn, session="s", agent="", **fields):
    return observed(Activity(country=fields.pop("country", "NO"), asn=asn, user_agent=agent, **fields), session)


HOME, ELSEWHERE, SCRIPT = at(1, os="Windows"), at(2, os="Windows"), at(3, agent="python-requests/2.31.0")
VALUES = (HOME, HOME, HOME, ELSEWHERE, SCRIPT, at(1, "t"), at(2, "t"), at(4, "t", os="iOS", device_type="Mobile"))


@pytest.mark.parametrize("sensitivity", ["medium", "high"])
@settings(max_examples=300)
@given(given=activities(VALUES, people="ab", days=9, most=40))
def test_neither_order_nor_cuts_nor_restarts_matter(sensitivity, given):
    same_in_any_order(UsedTwice(shared_session=("raw.SessionId",), within=360 * MINUTE, learning=0, sensitivity=sensitivity), given)


def found(*used, match=MATCH, usual=(HOME,), people="a"):
    """Of what `a` used at which minute, after ten usual days of some people."""
    days = [(day * DAY, who, value) for day in range(10) for who in people for value in usual]
    there = [*days, *((10 * DAY + minute * MINUTE, "a", value) for minute, value in used)]
    entries = [(who, Entry(moment, number, f"{number}", value)) for number, (moment, who, value) in enumerate(sorted(there))]
    return [(first // MINUTE % 1440, last // MINUTE % 1440, count) for _, first, last, count, _ in raised(match, entries, range(1, 99))[0]]


def turns(own, other, number=2):
    return [one for n in range(number) for one in ((600 + 4 * n, own), (602 + 4 * n, other))]


def test_in_turns_is_one_alert_of_what_the_stranger_did():
    assert found(*turns(HOME, ELSEWHERE, 5)) == [(602, 618, 5)]


def test_on_and_off_is_one_client_that_moves():
    assert found((600, HOME), (601, ELSEWHERE), (602, ELSEWHERE), (603, HOME)) == []
    assert found(
        (600, HOME), (601, ELSEWHERE), (602, ELSEWHERE), (603, HOME), match=UsedTwice(shared_session=("x",), learning=0, sensitivity="high")
    )


def test_in_turns_over_hours_is_one_client_that_moves():
    assert found((0, HOME), (40, ELSEWHERE), (80, HOME), (120, ELSEWHERE), (160, HOME)) == []


def test_a_script_beside_the_browser_needs_no_turns():
    assert found((600, HOME), (620, SCRIPT)) == [(620, 620, 1)]
    assert found((600, HOME), (680, SCRIPT)) == []


@pytest.mark.parametrize(
    "other",
    [
        at(2, "another", os="Windows"),
        at(2, os="Windows", ip_category="VPN"),
        at(2, os="Windows", ip_category="Corporate"),
        at(36183, os="Windows"),
        at(2, os="Windows", device_type="Mobile"),
    ],
)
def test_what_is_no_two_users_of_it(other):
    assert found(*turns(HOME, other, 5)) == []


def test_a_network_that_the_user_has_is_none():
    assert found(*turns(HOME, ELSEWHERE, 5), usual=(HOME, ELSEWHERE)) == []


def test_addresses_of_both_kinds_without_a_known_provider_are_one_line():
    four, six, other = (at(None, ip_address=address) for address in ("192.0.2.1", "2001:db8::1", "198.51.100.1"))
    assert found(*turns(four, six, 5), usual=(four,)) == []
    assert found(*turns(four, other, 5), usual=(four,)) == [(602, 618, 5)]


def test_two_names_of_one_system_are_one_client():
    tablet, desktop, windows = at(1, os="iOS"), at(2, os="Mac OS X"), at(2, os="Windows")
    assert found((600, tablet), (601, desktop), usual=(tablet,)) == []
    assert found((600, tablet), (601, windows), usual=(tablet,)) == [(601, 601, 1)]


def test_an_exit_that_colleagues_share_is_where_people_are_who_travel_but_not_to_rented_servers():
    office, hotel, server = (at(asn, os="Windows", ip_address=f"192.0.{asn % 200}.1") for asn in (1, 2, 16276))
    assert found(*turns(office, hotel, 5), usual=(office,), people="ab") == [(602, 618, 5)]
    assert found(*turns(office, hotel, 5), usual=(office,), people="abc") == []
    assert found(*turns(office, server, 5), usual=(office,), people="abc") == [(602, 618, 5)]


@settings(max_examples=100)
@given(given=activities(tuple(at(n % 5, f"{n // 5}", os="Windows") for n in range(25)), people="a", days=4, most=40))
def test_of_many_sessions_at_many_places_the_same_ones_are_kept_in_any_order(given):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session_places, "_MOST_PLACES", 3)
        same_in_any_order(UsedTwice(shared_session=("raw.SessionId",), within=360 * MINUTE, learning=0), given)


def test_what_comes_too_late_to_be_judged_is_known_and_takes_no_room():
    memory = MATCH.memory()
    memory.add(Entry(9 * DAY, 1, "1", HOME))
    memory.settle(8 * DAY)
    memory.add(Entry(0, 2, "2", ELSEWHERE))
    assert [text for _, text in memory.days] == [HOME]
    assert memory.has("AS2", 9 * DAY)


def test_an_alert_names_what_was_done_from_the_new_network():
    usual = [(day * DAY, HOME) for day in range(10)]
    there = [(10 * DAY + minute * MINUTE, value) for minute, value in turns(HOME, ELSEWHERE, 15)]
    entries = [("a", Entry(moment, number, f"{number}", value)) for number, (moment, value) in enumerate([*usual, *there])]
    ((_, finding),) = judged.alerts(MATCH, entries)
    assert (finding.count, len(finding.members)) == (15, 15)
