"""An account that wakes up: the same alerts in any order."""

import pytest
from hypothesis import given, settings

from casbd.habits.anomaly import DAY
from casbd.habits.waking import AWAKE, Waking
from casbd.model.activity import Activity
from casbd.model.counted import Entry
from casbd.records.record_path import RawReader

from .orders import HOUR, activities, raised, same_in_any_order

MATCH = Waking(dormant=8 * DAY)
BY_DEVICE = Waking(dormant=8 * DAY, familiar="user_agent")


def by(agent, *tags, **where):
    return BY_DEVICE.value(Activity(user_agent=agent, device_tags=tags, **where), RawReader(), ())


@pytest.mark.parametrize("fewest", [1, 2])
@settings(max_examples=300)
@given(given=activities((AWAKE,), days=60, most=25))
def test_neither_order_nor_cuts_nor_restarts_matter(given, fewest):
    same_in_any_order(Waking(dormant=8 * DAY, fewest=fewest), given)


@settings(max_examples=300)
@given(
    given=activities(
        (by("Firefox", ip_address="192.0.2.4"), by("Chrome", ip_address="192.0.2.4"), by("Chrome", "Intune compliant")), days=60, most=25
    )
)
def test_neither_order_nor_cuts_nor_restarts_matter_of_devices(given):
    same_in_any_order(BY_DEVICE, given)


def test_with_the_own_computer_or_a_managed_one_it_is_the_owner():
    def is_found(*texts):
        given = [("a", Entry((300 * bool(n) + n) * HOUR, n, f"{n}", one)) for n, one in enumerate((by("Firefox"), *texts))]
        return raised(BY_DEVICE, given, range(1, 99))[0] != []

    assert is_found(by("Chrome"))
    assert not is_found(by("Firefox"))
    assert not is_found(by("Chrome"), by("Chrome", "Intune compliant"))
    assert is_found(by("Chrome"), by("Chrome"), by("Edge", "Intune compliant"))


def test_near_an_address_that_it_had_it_is_the_owner():
    def is_found(before, after):
        given = [("a", Entry((300 * n) * HOUR, n, f"{n}", one)) for n, one in enumerate((before, after))]
        return raised(BY_DEVICE, given, range(1, 99))[0] != []

    office, near, elsewhere = ({"ip_address": address} for address in ("192.0.2.4", "192.0.2.250", "198.51.100.4"))
    assert not is_found(by("Firefox", **office), by("Chrome", **near))
    assert is_found(by("Firefox", **office), by("Chrome", **elsewhere))
    assert is_found(by("Firefox"), by("Chrome"))  # of neither is it known where
    server, telephone = {"asn": 9009} | office, {"device_type": "Mobile"} | office
    assert is_found(by("Firefox", **server), by("Chrome", **server))
    assert is_found(by("Firefox", **telephone), by("Chrome", **telephone))
    assert is_found(by("Firefox", **telephone), by("Chrome", **office))


def found(*hours):
    given = [("a", Entry(hour * HOUR, number, f"{number}", AWAKE)) for number, hour in enumerate(hours)]
    return [(first // HOUR, last // HOUR, count) for _, first, last, count, _ in raised(MATCH, given, range(1, 99))[0]]


def test_one_alert_is_the_first_day():
    assert found(0, 300, 310, 323, 324, 400) == [(300, 323, 3)]


def test_who_is_new_or_was_away_for_less_is_none():
    assert found(0) == found(0, 190) == []


def test_what_comes_late_explains_it():
    assert found(0, 300, 280) == [(280, 300, 2)]
    assert found(0, 200, 185) == []
