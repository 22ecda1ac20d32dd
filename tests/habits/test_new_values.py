"""A value that is new: the same alerts in any order, and what is no news."""

import json

import msgspec
import pytest
from hypothesis import given, settings

from casbd.habits import first_users
from casbd.habits.anomaly import DAY
from casbd.habits.first_users import FirstUsers
from casbd.habits.had_by import PARTED
from casbd.habits.new_values import NewValue
from casbd.habits.values_seen import MOST_NEWS, MOST_USES, MOST_VALUES, ValuesSeen
from casbd.model.activity import Activity
from casbd.model.counted import Entry
from casbd.records.record_path import RawReader

from .orders import HOUR, activities, raised, same_in_any_order

VALUES = tuple(f"{country}{PARTED}{by}{PARTED}{phone}" for country in ("no", "br") for by in ("", "x", "y") for phone in ("", "+", "="))
MATCH = NewValue(new=("country",), history=7 * DAY, learning=2 * DAY, unless_common=1, familiar="user_agent")


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"unless_common": None},
        {"familiar": None},
        {"sensitivity": "high"},
        {"first_use": True},
        {"sensitivity": "low", "unless_common": None},
    ],
    ids=str,
)
@settings(max_examples=300)
@given(given=activities(VALUES))
def test_neither_order_nor_cuts_nor_restarts_matter(given, keys):
    same_in_any_order(msgspec.structs.replace(MATCH, **keys), given)


@settings(max_examples=200)
@given(given=activities(VALUES, people=[json.dumps([who, app]) for who in "ab" for app in ("aws", None)]))
def test_neither_order_nor_cuts_nor_restarts_matter_of_apps(given):
    same_in_any_order(msgspec.structs.replace(MATCH, first_use=True, single_app=True), given)


def at_home(who="a", *, days=30, text=f"no{PARTED}x{PARTED}", first=0):
    return [(who, Entry((day + first) * DAY, day, f"{who}{day}", text)) for day in range(days)]


def spans(entries, **keys):
    return [(who, first, last, count) for who, first, last, count, _ in raised(msgspec.structs.replace(MATCH, **keys), entries, {10})[0]]


def new(moment, text, who="a", name="new"):
    return who, Entry(moment, 1, name, text)


STRANGE, OWN = f"br{PARTED}y{PARTED}", f"br{PARTED}x{PARTED}"


def test_one_alert_is_the_first_day():
    there = [new(30 * DAY + hours * HOUR, STRANGE, name=f"{hours}") for hours in range(0, 100, 5)]
    assert spans(at_home() + there) == [("a", 30 * DAY, 30 * DAY + 20 * HOUR, 5)]


def test_it_is_news_again_when_it_was_not_there_for_long():
    entries = at_home(days=60)
    entries += [new(20 * DAY, STRANGE, name="first"), new(40 * DAY, STRANGE, name="second")]
    assert len(spans(sorted(entries, key=lambda one: one[1].timestamp))) == 2


def test_who_travels_with_the_own_computer_and_is_nowhere_else_is_left_alone():
    assert spans([*at_home(), new(30 * DAY, OWN)]) == []
    assert spans([*at_home(), new(30 * DAY, OWN), new(30 * DAY + 5 * HOUR, f"no{PARTED}z{PARTED}+", name="phone")]) == []
    assert spans([*at_home(), new(30 * DAY, OWN)], sensitivity="high") == [("a", 30 * DAY, 30 * DAY, 1)]


def test_who_is_at_home_as_well_is_not():
    home = new(30 * DAY + 5 * HOUR, f"no{PARTED}x{PARTED}", name="home")
    assert spans([*at_home(), new(30 * DAY, OWN), home]) == [("a", 30 * DAY, home[1].timestamp, 1)]


def test_what_others_had_before_is_common_and_attackers_do_not_explain_each_other():
    colleague = at_home("b", text=OWN, days=2, first=10)
    assert spans([*at_home(), *colleague, new(30 * DAY, STRANGE)]) == []
    both = [*at_home(), *at_home("b"), new(30 * DAY, STRANGE), new(30 * DAY + HOUR, STRANGE, "b")]
    assert [who for who, *_ in spans(both)] == ["a", "b"]


def test_nobody_knows_what_is_usual_of_who_is_new():
    joiner = [*at_home("b", days=20), *at_home(days=1, first=20), new(21 * DAY, STRANGE)]
    assert spans(joiner) == []
    assert [who for who, *_ in spans(joiner, sensitivity="high")][-1] == "a"


def test_to_the_moment_it_is_known_after_so_long_what_is_usual():
    begun = [new(day * DAY + HOUR // 2, f"no{PARTED}x{PARTED}", name=f"{day}") for day in range(2)]
    assert spans([*begun, new(2 * DAY + HOUR // 2 - 1, STRANGE)]) == []
    assert [one[0] for one in spans([*begun, new(2 * DAY + HOUR // 2, STRANGE)])] == ["a"]


def test_what_comes_late_says_after_a_restart_too_that_a_value_is_no_news():
    memory = ValuesSeen()
    memory.add(new(100 * HOUR, STRANGE)[1])
    memory.settle(104 * HOUR)
    memory.add(new(70 * HOUR, STRANGE, name="late")[1])
    again = ValuesSeen(msgspec.msgpack.decode(msgspec.msgpack.encode(memory.packed())))
    for one in (memory, again):
        assert one.news
        one.settle(105 * HOUR)
        assert not one.news


def test_the_first_use_of_something_that_few_do():
    long_known = [*at_home("b"), new(20 * DAY, STRANGE)]
    assert spans(long_known) == []
    assert [who for who, *_ in spans(long_known, first_use=True, familiar=None)] == ["a"]
    assert [who for who, *_ in spans([new(0, STRANGE), *at_home("b")], first_use=True, familiar=None)] == []


@pytest.mark.parametrize("by", ["user", "ip_address"])
def test_of_the_field_of_by_the_first_use_of_all_is_one(by):
    keys = {"new": (by,), "by": (by,), "familiar": None, "first_use": True, "unless_common": None}
    match = msgspec.structs.replace(MATCH, **keys)
    activity = Activity(user="a@example.com", ip_address="192.0.2.7", app="Okta")
    text = match.value(activity, RawReader(), ())
    assert text == match.value(msgspec.structs.replace(activity, app="Box", user="b@example.com"), RawReader(), ())
    there = [new(20 * DAY + hours * HOUR, text, name=f"{hours}") for hours in (0, 1, 23, 30)]
    entries = [*at_home("b", text=text), *there]
    assert spans(entries, **keys) == [("a", 20 * DAY, 20 * DAY + 23 * HOUR, 3)]


def test_of_who_was_away_for_long_nothing_is_news():
    assert spans([*at_home(), new(60 * DAY, STRANGE)]) == []


def test_it_stays_small_whatever_somebody_does():
    flood = [new(30 * DAY + number * 1000, f"v{number}{PARTED}{number}{PARTED}", name=f"{number}") for number in range(5000)]
    quiet = [new(40 * DAY, "no" + PARTED + PARTED)]
    _, remembered = raised(MATCH, at_home() + flood + quiet, range(0, 6000, 100))
    kept, _ = remembered["a"]
    assert len(kept[2]) <= MOST_VALUES
    assert len(msgspec.msgpack.encode(kept)) < 4096
    assert raised(MATCH, at_home() + flood)[0]


def test_a_flood_of_values_over_days_stays_small_and_is_judged_fast():
    flood = [new(30 * DAY + number * 60_000, f"v{number}{PARTED}{number}{PARTED}", name=f"{number}") for number in range(3000)]
    found, remembered = raised(MATCH, at_home() + flood, range(0, 4000, 500))
    assert 0 < len(found) <= 2 * MOST_NEWS
    assert sum(len(cells) for _, cells in remembered["a"][0][3]) <= 2 * MOST_USES


def test_what_comes_too_late_by_the_thousand_is_not_all_remembered():
    flood = [new(number * 60_000, f"v{number}{PARTED}{PARTED}", name=f"{number}") for number in range(1000)]
    _, remembered = raised(MATCH, [*at_home(), new(40 * DAY, "no" + PARTED + PARTED), *flood])
    assert len(remembered["a"][0][2]) <= 2 * MOST_VALUES


def test_what_two_subjects_have_is_bounded_as_well():
    first = FirstUsers()
    for number in range(3 * first_users.MOST_VALUES):
        for who in "ab":
            first.add(who, Entry(number * 1000, number, f"{number}", f"v{number}"), ValuesSeen())
    assert len(first.known_before(100 * DAY)) <= first_users.MOST_VALUES + 1


def test_of_each_app_it_is_learned_apart_what_is_usual():
    def made(who, days, app, name):
        return [(json.dumps([who, app]), Entry(day * DAY, day, f"{name}{day}", name)) for day in days]

    parts = made("b", range(30), "azure", "north"), made("a", [15], "aws", "west"), made("c", [25], "aws", "south")
    entries = sorted((one for part in parts for one in part), key=lambda one: one[1].timestamp)
    keys = {"first_use": True, "familiar": None}
    assert [json.loads(who)[0] for who, *_ in spans(entries, single_app=True, **keys)] == ["c"]
    assert [json.loads(who)[0] for who, *_ in spans(entries, **keys)] == ["a", "c"]


def test_apps_are_few_as_well():
    first = FirstUsers(by_app=True)
    for number in range(1000):
        first.add(json.dumps(["a", f"app{number}"]), Entry(0, number, f"{number}", f"v{number}"), ValuesSeen())
    assert len(msgspec.msgpack.decode(first.packed())[0]) <= 33
    again = FirstUsers(msgspec.msgpack.decode(first.packed()), by_app=True)
    assert [one.began(DAY, json.dumps(["x", "app7"])) for one in (first, again)] == [0, 0]


@pytest.mark.parametrize("value", ["evil=", "evil+", f"evil{PARTED}x{PARTED}"])
def test_no_value_says_by_its_last_letter_that_it_is_no_news(value):
    had = [(who, Entry(at.timestamp, at.key, at.activity_id, "no")) for who, at in at_home()]
    match = NewValue(new=("isp",), history=7 * DAY, learning=2 * DAY)
    assert [who for who, *_ in raised(match, [*had, new(30 * DAY, value)])[0]] == ["a"]


def test_a_sentence_changes_with_what_it_says_though_no_activity_comes_to_it():
    entries = [
        ("a", Entry(0, 0, "0", f"no{PARTED}{PARTED}")),
        ("a", Entry(2 * DAY, 1, "1", f"br{PARTED}x{PARTED}")),
        ("a", Entry(2 * DAY, 2, "2", f"no{PARTED}x{PARTED}")),
    ]
    match = msgspec.structs.replace(MATCH, sensitivity="high")
    assert raised(match, entries, {1, 2, 3}) == raised(match, entries)


def test_what_comes_too_late_to_be_judged_is_known_all_the_same():
    late = new(20 * DAY, STRANGE, name="late")
    odd = new(33 * DAY, STRANGE, name="odd")
    assert [who for who, *_ in spans([*at_home(), new(31 * DAY, f"no{PARTED}x{PARTED}"), odd], history=30 * DAY)] == ["a"]
    assert spans([*at_home(), new(31 * DAY, f"no{PARTED}x{PARTED}"), late, odd], history=30 * DAY) == []


def test_who_was_first_is_judged_again_when_it_turns_out_that_another_one_was():
    homes = [*at_home("a"), *at_home("b")]
    arrived = [
        *homes,
        new(30 * DAY, OWN, who="a", name="a"),
        *(new(30 * DAY + 3 * HOUR, f"no{PARTED}x{PARTED}", who=who, name=f"{who} at home") for who in "ab"),
        new(30 * DAY - 2 * HOUR, OWN, who="b", name="b"),
    ]
    assert [who for who, *_ in raised(MATCH, arrived[:-1])[0]] == ["a"]
    assert raised(MATCH, arrived, {len(homes) + 1})[0] == raised(MATCH, sorted(arrived, key=lambda one: one[1].timestamp))[0]
    assert [who for who, *_ in raised(MATCH, arrived, {len(homes) + 1})[0]] == ["b"]


def test_who_is_concerned_by_another_is_judged_before_its_own_time_leaves_that_behind():
    homes = [*at_home("a"), *at_home("b")]
    homes += [new(30 * DAY + 3 * HOUR, f"no{PARTED}x{PARTED}", who=who, name=f"{who} at home") for who in "ab"]
    there = [new(30 * DAY, OWN, name="a"), new(30 * DAY - 2 * HOUR, OWN, who="b", name="b")]
    arrived = [*homes, *there, new(33 * DAY, f"no{PARTED}x{PARTED}", name="later")]
    raised_of_a, then = len(homes) + 1, len(homes) + 2
    assert [who for who, *_ in raised(MATCH, arrived, {raised_of_a})[0]] == ["b"]
    assert raised(MATCH, arrived, {raised_of_a}) == raised(MATCH, arrived, {raised_of_a, then})


def test_what_is_learned_belongs_to_the_field_that_is_familiar():
    by_agent, by_device = (
        NewValue(new=("isp",), history=60 * DAY, learning=7 * DAY, familiar=familiar) for familiar in ("user_agent", "device_type")
    )
    assert by_agent.learns != by_device.learns
