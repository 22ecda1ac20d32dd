"""From which addresses many fail who do not get in; and that neither order, cuts nor restarts change from which."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casbd.habits.anomaly import DAY, HOUR
from casbd.habits.sprayed_from import SprayedFrom, TriesFrom, Visitors
from casbd.model.activity import Activity
from casbd.model.counted import Entry
from casbd.records.record_path import RawReader

from . import judged

MINUTE = HOUR // 60
START = 20_000 * DAY
MATCH = SprayedFrom(spray=3, within=10 * MINUTE)


EXPIRED = "InvalidPasswordExpiredPassword"


def tried(user, *, ok=False, address="192.0.2.7"):
    how = {"activity_type": "Log on", "result": "success"} if ok is True else {"activity_type": "Failed log on", "result": "failure"}
    detail = None if ok is True else ok or "InvalidUserNameOrPassword"
    return MATCH.counted_apart(Activity(user=user, ip_address=address, result_detail=detail, **how), RawReader(), ())


def sprays(given, cuts=(), *, anew=()):
    """What is found, after commits that end at `cuts`, of which those in `anew` are the last of a process."""
    found = judged.alerts(MATCH, given, cuts, anew=anew)
    return sorted((whose, one.first, one.count, one.usual["users"], len(one.members)) for whose, one in found)


def entries(*given):
    """Of minutes since START, users, and whether they got in; a guest's with `*` before the name."""
    made = []
    for n, (minutes, user, ok) in enumerate(given):
        ((who, value),) = tried(user, ok=ok)
        made.append((who, Entry(START + int(minutes * MINUTE), n, f"{n}", value, None, None if user.startswith("*") else ())))
    return made


def failed(*users, at=0):
    return [(at + number, user, False) for number, user in enumerate(users)]


def days_before(*users, days=5):
    return [(-day * 24 * 60, user, True) for day in range(days + 2, 1, -1) for user in users]


def test_as_many_as_are_asked_for_and_no_fewer():
    assert sprays(entries(*failed("a", "b", "c"))) == [("192.0.2", START, 3, 3, 3)]
    assert sprays(entries(*failed("a", "b", "b", "a", "b"))) == []
    assert sprays(entries((0, "a", False), (40, "b", False), (80, "c", False))) == []


def test_it_is_one_alert_however_long_it_goes_on():
    (first, *more) = sprays(entries(*((number, f"user{number}", False) for number in range(400))))
    assert more == []
    assert first[1] == START


def test_the_one_that_falls_hides_no_spray():
    (one,) = sprays(entries(*failed(*"abcdefgh"), (9, "e", True)))
    assert one[3] == 7


def test_who_gets_in_soon_after_or_was_in_before_is_no_stranger():
    assert sprays(entries(*failed(*"abcdef"), *((20 + n, user, True) for n, user in enumerate("abcdef")))) == []
    assert sprays(entries(*((-300 + n, user, True) for n, user in enumerate("abcdef")), *failed(*"abcdef"))) == []
    assert len(sprays(entries(*failed(*"abcdef"), *((190 + n, user, True) for n, user in enumerate("abcdef"))))) == 1


def test_who_has_the_right_password_is_no_stranger_however_old_it_is():
    assert sprays(entries(*failed(*"abcdef"), *((6 + n, user, EXPIRED) for n, user in enumerate("abcdef")))) == []
    (one,) = sprays(entries(*failed(*"abcdef"), (9, "e", EXPIRED)))
    assert one[2:4] == (6, 5)
    before = [(minutes, user, EXPIRED) for minutes, user, _ in days_before("x", "y", "z")]
    assert len(sprays(entries(*before, *failed(*"abcdefgh")))) == 1  # nobody logged on there


def test_where_as_many_others_get_in_it_is_a_place_that_people_are_at():
    others = [(10 + n, f"colleague{n}", True) for n in range(6)]
    assert sprays(entries(*failed(*"abcd"), *others)) == []
    assert len(sprays(entries(*failed(*"abcd"), *others[:2]))) == 1
    guests = [(minutes, f"*{user}", ok) for minutes, user, ok in others]
    assert len(sprays(entries(*failed(*"abcd"), *guests))) == 1


@pytest.mark.parametrize(
    ("before", "users", "number"),
    [
        ((), "abcdefgh", 1),
        (days_before("x", "y", "z"), "abcdefgh", 0),
        (days_before("x", "y", "z"), "abcdefghijklmno", 1),
        (days_before("x", "y"), "abcdefgh", 1),
        (days_before("x", "y", "z", days=1), "abcdefgh", 1),
        (days_before("*x", "*y", "*z"), "abcdefgh", 1),
    ],
    ids=["nothing is known", "an office", "three times as many", "two accounts that fell", "on one day", "guests"],
)
def test_where_people_are_usually_it_takes_three_times_as_many(before, users, number):
    tries = [(minutes / 4, user, ok) for minutes, user, ok in failed(*users)]
    assert len(sprays(entries(*before, *tries))) == number


def test_failures_make_no_place_usual():
    before = [(minutes, user, False) for minutes, user, _ in days_before("x", "y", "z")]
    assert [one[1] for one in sprays(entries(*before, *failed(*"abcdefgh")))][-1] == START


def test_what_has_no_address_or_nobody_is_no_try():
    assert MATCH.counted_apart(Activity(user="a", activity_type="Log on"), RawReader(), ()) == []
    assert tried(None) == []
    for address in ("", "1.2.3.4.5", "x" * 10_000, "\ud800"):
        assert tried("a", address=address) == []
    ((_, value),) = tried("\ud800" * 10_000)
    assert len(value) < 12


def test_whatever_comes_a_memory_stays_small():
    memory, organization = TriesFrom(10 * MINUTE), Visitors()
    for number in range(30_000):
        ((_, value),) = tried(f"user{number % 5_000}", ok=number % 3 == 0)
        entry = Entry(START + number * 4_000, number * 2**50, f"{number:036}", value)
        memory.add(entry)
        organization.add(f"10.{number // 256}.{number % 256}", entry, memory)
        if number % 100 == 0:
            memory.settle(memory.newest - 25 * HOUR)
    while memory.lighten():
        pass
    assert len(msgspec.msgpack.encode(memory.packed())) < 2_800
    assert len(msgspec.msgpack.encode(organization.packed())) < 100_000


def test_who_got_in_long_ago_is_forgotten_where_it_is_too_much():
    memory = TriesFrom(10 * MINUTE)
    for number in range(5_000):
        ((_, value),) = tried(f"user{number}", ok=True)
        memory.add(Entry(START - number * 2 * HOUR, number, f"{number:036}", value))
    while memory.lighten():
        pass
    assert len(msgspec.msgpack.encode(memory.packed())) < 2_000
    assert max(memory.got_in) == START // (HOUR // 2)


def test_names_go_with_their_session():
    memory = TriesFrom(10 * MINUTE)
    for _, entry in entries((0, "a", False), (26 * 60, "b", False)):
        memory.add(entry)
        memory.settle(memory.newest - 25 * HOUR)
    memory.settle(memory.newest)
    memory.add(entries((40 * 60, "c", False))[0][1])
    memory.settle(memory.newest)
    assert memory.named.keys() <= memory.slices.keys()
    memory.lighten()


@st.composite
def activities(draw):
    several = draw(
        st.lists(
            st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 60 * 30), st.booleans() | st.just(False), st.integers(0, 60 * 24)),
            max_size=40,
        )
    )
    spread = draw(st.sampled_from([1, 2, 10]))
    given = [(minute / spread, user, ok, late) for user, minute, ok, late in several]
    whole = [(one, minute + late) for one, (minute, *_, late) in zip(entries(*(one[:3] for one in given)), given, strict=True)]
    in_order = [one for one, _ in sorted(whole, key=lambda pair: (pair[0][1].timestamp, pair[0][1].key))]
    late = [one for one, _ in sorted(whole, key=lambda pair: (pair[1], pair[0][1].key))]
    cuts = draw(st.sets(st.integers(1, 40)))
    return in_order, late, cuts, draw(st.sets(st.sampled_from(sorted(cuts)))) if cuts else set()


@settings(max_examples=400)
@given(given=activities())
def test_neither_order_nor_cuts_nor_restarts_matter(given):
    in_order, late, cuts, anew = given
    expected = sprays(in_order, range(len(in_order)))
    assert sprays(in_order) == expected
    assert sprays(late, cuts, anew=anew) == expected
