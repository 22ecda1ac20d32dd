"""Impossible travel: what is none, and that neither order, cuts nor restarts change what is found."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casbd.habits.anomaly import DAY, HOUR
from casbd.habits.habits import Habits, InMemory, Watching
from casbd.habits.impossible import Impossible
from casbd.habits.spots import written
from casbd.habits.whereabouts import MOST_HOURS, Whereabouts
from casbd.model.activity import Activity
from casbd.model.counted import Entry
from casbd.records.record_path import RawReader

from . import judged

MINUTE = HOUR // 60
OSLO, NEW_YORK, BOSTON = (59.91, 10.75, "Oslo"), (40.71, -74.01, "New York"), (42.36, -71.06, "Boston")
START = 20_000 * DAY


def spot(country, asn, *, at=None, **fields):
    if at:
        fields |= {"latitude": at[0], "longitude": at[1], "city": at[2]}
    return written(Activity(country=country, asn=asn, ip_address=f"10.{asn % 250}.{asn // 250 % 250}.7", **fields))


HOME, BRAZIL, VIETNAM, SWEDEN = spot("NO", 1), spot("BR", 2, os="Linux"), spot("VN", 3), spot("SE", 4)
PHONE = spot("NO", 5, device_type="Mobile", os="iOS")


def watching(**keys):
    match = Impossible(learning=7 * DAY, **keys)
    return Watching("p", "p:1", "travel:x", match, lambda who, begun: f"{who} {begun.activity_id}")


def alerts(entries, cuts=(), *, anew=(), **keys):
    """What is left raised after commits that end at `cuts`, of which those in `anew` are the last of a process."""
    shelf = InMemory()
    habits, left, watched = Habits(shelf), {}, watching(**keys)
    for number, (who, entry) in enumerate(entries, 1):
        habits.add(watched, who, entry)
        if number in cuts or number == len(entries):
            for _, whose, verdict in habits.verdicts():
                left.pop(verdict.alert_id, None)
                for joined in verdict.change.joined if verdict.change else ():
                    left.pop(joined, None)
                if verdict.change is not None:
                    found = verdict.finding
                    left[verdict.alert_id] = whose, found.of, found.first, found.last, found.count
            habits.save()
            if number in anew:
                habits = Habits(shelf)
    return sorted(left.values())


def entries(who, *given):
    """Of times in hours since START, and spots."""
    return [(who, Entry(START + int(hours * HOUR), number, f"{who}{number}", text)) for number, (hours, text) in enumerate(given)]


def month(text=HOME, days=30):
    return [(day * 24 + hour, text) for day in range(-days, 0) for hour in (8, 12, 16)]


def found(*given, before=None, others=(), **keys):
    """Of which countries there are alerts, from START on."""
    left = alerts([*others, *entries("a", *(month() if before is None else before), *given)], **keys)
    return [of for _, of, first, _, _ in left if first >= START]


def test_two_places_too_far_apart():
    assert found((9, HOME), (9.2, BRAZIL)) == ["BR"]
    assert found((9, BRAZIL), (9.2, HOME)) == ["BR"]
    assert found((9, HOME), (10, BRAZIL), (10.1, HOME), (10.2, BRAZIL), (20, BRAZIL), (21, HOME)) == ["BR"]
    assert found((9, HOME), (9.2, BRAZIL), (9.3, VIETNAM)) == ["BR", "VN"]


def test_an_alert_is_what_was_done_at_the_place_that_is_not_the_usual_one():
    (one,) = alerts(entries("a", *month(), (9, HOME), (9.2, BRAZIL), (9.4, BRAZIL), (9.5, HOME), (12, BRAZIL)))
    assert one == ("a", "BR", START + int(9.2 * HOUR), START + 12 * HOUR, 3)


@pytest.mark.parametrize(
    "given",
    [
        [(8, HOME), (20, BRAZIL)],  # a flight
        [(9, HOME), (9.2, SWEDEN)],  # next door
        [(9, HOME), (9.2, spot("DK", 9, at=(55.68, 12.57, "Copenhagen")))],  # near, by the table of countries
        [(9, HOME), (9.2, spot("BR", 1))],  # the same network
        [(9, HOME), (9.2, spot("BR", 7, ip_category="VPN"))],
        [(9, HOME), (9.2, spot("US", 36183))],  # a private relay
        [(9, HOME), (9.2, spot("US", 8, isp="Gogo Inflight Internet"))],
        [(9, spot("NO", 10, ip_category="Corporate")), (9.2, spot("SG", 11, ip_category="Corporate"))],
        [(9, HOME), (9.2, spot("ZZ", 12))],
        [(9, HOME), (9.2, written(Activity(country="BR", ip_category="Cloud provider")))],
    ],
)
def test_what_is_no_impossible_journey(given):
    assert found(*given) == []
    assert "VN" in found(*given, (9.1, VIETNAM))  # the same with something that is one


def test_a_telephone_keeps_its_carriers_addresses_abroad():
    before = sorted(month() + [(day * 24 + 9, PHONE) for day in range(-30, 0)])
    assert found((2, HOME), (14, spot("US", 20)), (14.1, PHONE), (15, spot("US", 20)), before=before) == []
    assert found((14, spot("US", 20, os="Linux")), (14.1, PHONE), before=before) == ["US"]  # nothing there is the user's own


def test_a_browser_may_be_changed_on_a_journey():
    own, other = (spot("NO", 1, os="Windows", browser=browser) for browser in ("Chrome", "Edge"))
    before = sorted(month(own) + [(day * 24 + 9, PHONE) for day in range(-30, 0)])
    assert found((14, spot("US", 20, os="Windows", browser="Edge")), (14.1, PHONE), before=before) == []
    assert found((14, spot("US", 20, os="Linux", browser="Edge")), (14.1, PHONE), before=before) == ["US"]
    assert found((14, spot("US", 20, os="Windows", browser="Edge")), (14.1, other), before=before) == ["US"]


def test_who_always_comes_out_of_rented_servers_has_a_vpn():
    servers, home = spot("NL", 9009, os="Windows"), spot("IN", 30, os="Windows")
    assert found((9, servers), (9.2, home), before=month(servers)) == []  # for once without it
    assert found((9, servers), (9.2, BRAZIL), before=month(servers)) == ["BR"]
    assert found((9, servers), (9.2, home), before=month(spot("NL", 29, os="Windows"))) == ["IN"]  # that is somebody's line
    assert found((9, servers), (9.2, home), before=month(home)) == ["NL"]


def test_a_way_out_that_is_known_to_the_user_or_shared_by_colleagues():
    exit_ = spot("US", 30)
    assert found((9, HOME), (9.2, exit_)) == ["US"]
    assert found((9, HOME), (9.2, exit_), before=sorted([*month(), *((day * 24 + 10.0, exit_) for day in (-9, -7, -5))])) == []
    shared = [one for who in "bcde" for one in entries(who, (-400, HOME), (-80, exit_), (-120, exit_))]
    assert found((9, HOME), (9.2, exit_), before=sorted([*month(), (-90, exit_)])) == []  # with the user's own device
    assert found((9, HOME), (9.2, spot("US", 30, os="BSD")), before=sorted([*month(), (-90, spot("US", 30, os="BSD"))])) == ["US"]
    assert found((9, HOME), (9.2, exit_), others=shared) == []
    assert found((9, HOME), (9.2, exit_), others=shared[:9]) == ["US"]
    lately = [one for who in "bcde" for one in entries(who, (-400, HOME), (-80, exit_), (1, exit_))]
    assert found((9, HOME), (9.2, exit_), others=lately) == ["US"]


def test_an_office_is_where_people_are_however_many_share_its_address():
    office = spot("NO", 1, ip_category="Corporate", os="Windows", browser="Edge")
    colleagues = [one for who in "bcdef" for one in entries(who, *month(office))]
    same = spot("BR", 2, os="Windows", browser="Edge")
    assert found((9, office), (9.2, same), before=month(office), others=colleagues) == ["BR"]
    assert found((9, office), (9.2, same), before=month(spot("NO", 1, os="Windows", browser="Edge")), others=colleagues) == ["BR"]


def test_countries_that_border_on_each_other_may_be_wide():
    oslo, moscow = spot("NO", 1, at=OSLO), spot("RU", 2, at=(55.76, 37.62, "Moscow"))
    assert found((9, oslo), (9.2, moscow), before=month(oslo)) == ["RU"]
    assert found((9, oslo), (9.2, spot("RU", 2, at=(69.0, 33.1, "Murmansk"))), before=month(oslo)) == ["RU"]
    assert found((9, oslo), (9.2, spot("SE", 2, at=(65.6, 22.1, "Lulea"))), before=month(oslo)) == []


def test_sensitivity():
    network = [one for who in "bcd" for one in entries(who, (-400, HOME), (-80, spot("BR", 2)))]
    east, west = spot("US", 40, at=NEW_YORK), spot("US", 41, at=(37.77, -122.42, "San Francisco"))
    for sensitivity, expected in (("low", []), ("medium", ["BR"]), ("high", ["BR"])):
        assert found((9, HOME), (9.2, BRAZIL), others=network, sensitivity=sensitivity) == expected
    for sensitivity, expected in (("low", []), ("medium", []), ("high", ["US"])):
        assert found((9, east), (9.2, west), before=month(east), sensitivity=sensitivity) == expected
        assert found((9, east), (9.2, spot("US", 42, at=BOSTON)), before=month(east), sensitivity=sensitivity) == []
        known = sorted([*month(), *((day * 24 + 10.0, BRAZIL) for day in (-9, -7, -5))])
        assert found((9, HOME), (9.2, BRAZIL), before=known, sensitivity=sensitivity) == (["BR"] if sensitivity == "high" else [])


def test_coordinates_count_where_the_city_is_known():
    oslo = spot("NO", 1, at=OSLO)
    assert found((9, oslo), (9.2, spot("US", 50, at=NEW_YORK)), before=month(oslo)) == ["US"]
    wrong = spot("US", 51, at=(float("nan"), 1e300, "New York"))
    assert found((9, oslo), (9.2, wrong), before=month(oslo)) == ["US"]  # by its country, then
    assert found((1, oslo), (7.4, spot("US", 50, at=NEW_YORK)), before=month(oslo)) == ["US"]
    assert found((1, oslo), (8, spot("US", 50, at=NEW_YORK)), before=month(oslo)) == []


def test_who_is_new_is_judged_by_where_the_others_are():
    others = [one for day in range(-20, 0) for one in entries("b", (day * 24 + 9, HOME))]
    in_brazil = entries("c", (-400, HOME), (-100, spot("BR", 2)))
    assert found((9, HOME), (9.2, BRAZIL), before=month(days=2)) == []  # nobody is known
    assert found((9, HOME), (9.2, BRAZIL), before=month(days=2), others=others) == ["BR"]
    assert found((9, HOME), (9.2, BRAZIL), before=month(days=2), others=others + in_brazil) == []


def test_what_a_late_record_explains_is_withdrawn():
    """Who was said to have come from a colleague's office is known to have come from there before."""
    given = entries("a", *month(), (9, HOME), (9.2, spot("US", 30)))
    before = [("a", Entry(START - day * DAY, day, f"late {day}", spot("US", 30))) for day in (12, 14)]
    assert [one[2] for one in alerts(given)] == [START + int(9.2 * HOUR)]
    assert [one for one in alerts([*given, *before], {len(given)}) if one[2] >= START] == []


def test_a_value_that_is_at_no_place_is_no_part():
    match = Impossible(learning=7 * DAY)
    assert match.value(Activity(country=None, ip_address="192.0.2.7"), RawReader(), ()) is None
    memory = Whereabouts()
    memory.add(Entry(START, 1, "1", None))
    assert not memory.hours


@pytest.mark.parametrize("address", ["192.0.2.7", "2001:db8::1", "fe80::1%eth0", "", "no address", "1.2.3", "\ud800"])
def test_hostile_addresses_and_names(address):
    text = written(Activity(country="NO", ip_address=address, isp="x" * 10_000, os="\ud800" * 9999, browser="'\"", city="\0", latitude=1e9))
    assert text is not None
    assert len(text.encode()) < 1000


def test_however_many_places_a_memory_is_small():
    memory = Whereabouts()
    for number in range(5_000):
        memory.add(Entry(START + number * MINUTE, number, f"{number:036}", spot(("NO", "BR", "VN")[number % 3], number, os=f"os{number}")))
        memory.settle(memory.newest - DAY - HOUR)
    assert len(memory.hours) <= MOST_HOURS
    usual = Whereabouts()
    for number in range(60 * 24):
        place = (HOME, PHONE)[number % 2]
        usual.add(Entry(START + number * 30 * MINUTE, number * 2**50, f"{number:036}", place))
        usual.settle(usual.newest - DAY - HOUR)
    assert len(msgspec.msgpack.encode(usual.packed())) < 4_096


def test_who_is_in_another_country_each_day_has_a_small_memory():
    memory = Whereabouts()
    for number in range(26 * 26):
        country = f"{chr(65 + number // 26)}{chr(65 + number % 26)}"
        memory.add(Entry(START + number * DAY, number * 2**50, f"{number:036}", spot(country, number)))
        memory.settle(memory.newest - DAY - HOUR)
    while memory.lighten():
        pass
    assert len(msgspec.msgpack.encode(memory.packed())) < 2_048


def test_what_an_alert_is_of_does_not_vanish_in_a_flood():
    flood = [(9.1 + number / 6, spot("NO", 100 + number)) for number in range(80)]
    assert found((9, HOME), (9.05, BRAZIL), *flood) == ["BR"]


def test_nor_does_what_shows_that_it_cannot_be():
    flood = [(9.1 + number / 6, spot("BR", 100 + number)) for number in range(80)]
    assert found((9, HOME), (9.05, BRAZIL), *flood) == ["BR"]


def test_what_comes_too_late_to_be_judged_is_known_and_takes_no_room():
    memory = Whereabouts()
    memory.add(Entry(START + 9 * DAY, 1, "1", HOME))
    memory.settle(START + 8 * DAY)
    memory.add(Entry(START, 2, "2", BRAZIL))
    assert [hour.spot.country for hour in memory.hours.values()] == ["NO"]
    assert memory.has_been_in("BR", START + 9 * DAY, 1)


SPOTS = (HOME, HOME, HOME, BRAZIL, VIETNAM, SWEDEN, PHONE, spot("US", 30), spot("BR", 2), spot("NO", 60, ip_category="Corporate"))


@st.composite
def activities(draw):
    """Of some people, over weeks, each at most a day late, and the same in order."""
    several = draw(
        st.lists(
            st.tuples(st.sampled_from("abc"), st.integers(0, 24 * 60 * 14), st.sampled_from(SPOTS), st.integers(0, 24 * 60)),
            max_size=40,
        )
    )
    whole = [
        (who, Entry(START + minute * MINUTE, number, f"{number}", text), minute + late)
        for number, (who, minute, text, late) in enumerate(several)
    ]
    in_order = [(who, entry) for who, entry, _ in sorted(whole, key=lambda one: (one[1].timestamp, one[1].key))]
    late = [(who, entry) for who, entry, _ in sorted(whole, key=lambda one: (one[2], one[1].key))]
    cuts = draw(st.sets(st.integers(1, 40)))
    return in_order, late, cuts, draw(st.sets(st.sampled_from(sorted(cuts)))) if cuts else set()


@pytest.mark.parametrize("sensitivity", ["low", "medium", "high"])
@settings(max_examples=300)
@given(given=activities())
def test_neither_order_nor_cuts_nor_restarts_matter(sensitivity, given):
    in_order, late, cuts, anew = given
    before = [one for who in "abc" for one in entries(who + " ", *month(days=9))]
    before = sorted(((who.strip(), entry) for who, entry in before), key=lambda one: one[1].timestamp)
    in_order, late = before + in_order, before + late
    cuts, anew = ({len(before) + cut for cut in several} for several in (cuts, anew))
    expected = alerts(in_order, range(len(in_order)), sensitivity=sensitivity)
    assert alerts(in_order, sensitivity=sensitivity) == expected
    assert alerts(late, cuts, anew=anew, sensitivity=sensitivity) == expected


def test_an_alert_names_what_was_done_on_the_journey():
    usual = [(day * DAY, HOME) for day in range(30)]
    there = [(30 * DAY, HOME), *((30 * DAY + minute * MINUTE, BRAZIL) for minute in range(1, 31))]
    given = [("a", Entry(START + moment, n, f"{n}", value)) for n, (moment, value) in enumerate([*usual, *there])]
    ((_, finding),) = judged.alerts(Impossible(learning=7 * DAY), given)
    assert (finding.count, len(finding.members)) == (30, 30)
