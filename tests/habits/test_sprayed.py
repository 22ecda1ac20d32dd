"""Who got in where many others failed; and that neither order, cuts nor restarts change who."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casbd.habits import sprayed
from casbd.habits.anomaly import DAY, HOUR
from casbd.habits.sprayed import Attempts, Networks, Sprayed
from casbd.model.activity import Activity
from casbd.model.counted import Entry
from casbd.records.record_path import RawReader

from . import judged

MINUTE = HOUR // 60
START = 20_000 * DAY
MATCH = Sprayed(spray=3, within=12 * HOUR)


def tried(address, *, asn=None, ok=False):
    activity = Activity(
        ip_address=address, asn=asn, activity_type="Log on" if ok else "Failed log on", result="success" if ok else "failure"
    )
    return MATCH.value(activity, RawReader(), ())


def fail(address="192.0.2.7", asn=9009):
    return tried(address, asn=asn)


def success(address="192.0.2.9", asn=9009):
    return tried(address, asn=asn, ok=True)


def fallen(given, cuts=(), *, anew=()):
    """Who fell, with how many activities, after commits that end at `cuts`, of which those in `anew` are the last of a process."""
    found = judged.alerts(MATCH, given, cuts, anew=anew)
    return sorted((whose, one.of, one.first, one.count) for whose, one in found)


def entries(*given):
    """Of times in hours since START, subjects and what they did."""
    return [(who, Entry(START + int(hours * HOUR), n, f"{n}", value)) for n, (hours, who, value) in enumerate(given)]


def test_the_one_that_succeeded_whenever_it_did():
    spray = [(number, f"user{number}", fail()) for number in range(6)]
    for hours in (-1, 0.5, 3.5, 9):
        assert [one[:2] for one in fallen(entries(*sorted([*spray, (hours, "ann", success())])))] == [("ann", "AS9009")]
    assert fallen(entries(*spray, (19, "ann", success()))) == []
    assert fallen(entries(*spray[:2], (5, "ann", success()))) == []


def test_as_few_others_as_are_enough():
    spray = [(number, f"user{number}", fail()) for number in range(3)]
    assert [one[:2] for one in fallen(entries(*spray, (5, "ann", success())))] == [("ann", "AS9009")]
    assert fallen(entries(*spray[1:], (5, "ann", success()))) == []


def test_own_failures_are_a_part_of_the_alert():
    spray = [(number, f"user{number}", fail()) for number in range(6)]
    (one,) = fallen(entries(*spray, (6, "ann", fail()), (7, "ann", success()), (8, "ann", success())))
    assert one == ("ann", "AS9009", START + 6 * HOUR, 3)


def test_a_network_that_is_the_users_own_or_many_peoples():
    spray = [(number, f"user{number}", fail()) for number in range(6)]
    assert fallen(entries((-80, "ann", success()), *spray, (7, "ann", success()))) == []
    many = [(-80 + number / 10, f"colleague{number}", success("198.51.100.7")) for number in range(6)]
    elsewhere = [(number, f"user{number}", fail(f"203.0.{number}.7")) for number in range(6)]
    assert fallen(entries(*many, *elsewhere, (7, "ann", success()))) == []
    assert [one[:2] for one in fallen(entries(*many, *spray, (7, "ann", success())))] == [("ann", "192.0.2")]


def test_a_network_is_many_peoples_only_once_the_days_are_over_on_which_they_came():
    networks = Networks()
    for _, entry in entries(*((number / 10, "", success()) for number in range(6))):
        networks.add(f"colleague{entry.key}", entry, Attempts())
    asked = [networks.is_own("192.0.2", START + hours * HOUR, who) for hours, who in ((12, "ann"), (50, "ann"), (50, "colleague1"))]
    assert asked == [False, True, False]


def test_who_fails_and_gets_in_is_nobody_who_was_tried():
    both = [(number + half, f"user{number}", (fail() if not half else success())) for number in range(6) for half in (0, 0.1)]
    assert fallen(entries(*sorted(both), (7, "ann", success()))) == []


def test_an_alert_grows_however_many_log_ons_there_are():
    spray = [(number, f"user{number}", fail()) for number in range(6)]
    given = entries(*spray, *((6 + number / 60, "ann", success()) for number in range(300)))
    (one,) = fallen(given, range(len(given)))
    assert one == ("ann", "AS9009", START + 6 * HOUR, 300)


def test_an_activity_without_address_is_no_try():
    assert MATCH.value(Activity(activity_type="Log on"), RawReader(), ()) is None
    memory, networks = Attempts(), Networks()
    memory.add(Entry(1, 1, "1", None))
    assert not memory.tries
    assert networks.add("a", Entry(1, 1, "1", None), memory) == ()


def test_however_many_networks_memories_are_small():
    memory, networks = Attempts(), Networks()
    for number in range(4_000):
        entry = Entry(
            START + number * MINUTE, number * 2**50, f"{number:036}", tried(f"10.{number // 200}.{number % 200}.1", ok=number % 2 == 0)
        )
        memory.add(entry)
        networks.add(f"user{number}", entry, memory)
    assert len(msgspec.msgpack.encode(memory.packed())) < 4_096
    assert len(msgspec.msgpack.encode(networks.packed())) < 400_000


def test_of_too_many_networks_those_stay_from_which_many_failed(monkeypatch):
    monkeypatch.setattr(sprayed, "_MOST_NETWORKS", 40)
    networks = Networks()
    for number in range(4):
        networks.add(f"user{number}", Entry(START, number, f"{number}", fail("192.0.2.7", None)), Attempts())
    for number in range(500):
        one = tried(f"10.{number // 200}.{number % 200}.1", ok=number % 2 == 0)
        networks.add(f"other{number}", Entry(START + number * MINUTE, number, f"other {number}", one), Attempts())
    kept = networks.packed()[1]
    assert len(kept) <= 40
    assert networks.has_failures("192.0.2", 4)
    assert "10.2.99" in kept


@st.composite
def activities(draw):
    several = draw(
        st.lists(
            st.tuples(
                st.sampled_from("abcdefg"),
                st.integers(0, 60 * 24 * 5),
                st.sampled_from([fail(), fail(), fail(), success(), fail("10.0.0.1", None), success("10.0.0.2", None)]),
                st.integers(0, 60 * 24),
            ),
            max_size=40,
        )
    )
    whole = [(who, Entry(START + minute * MINUTE, n, f"{n}", text), minute + late) for n, (who, minute, text, late) in enumerate(several)]
    in_order = [(who, entry) for who, entry, _ in sorted(whole, key=lambda one: (one[1].timestamp, one[1].key))]
    late = [(who, entry) for who, entry, _ in sorted(whole, key=lambda one: (one[2], one[1].key))]
    cuts = draw(st.sets(st.integers(1, 40)))
    return in_order, late, cuts, draw(st.sets(st.sampled_from(sorted(cuts)))) if cuts else set()


@settings(max_examples=400)
@given(given=activities())
def test_neither_order_nor_cuts_nor_restarts_matter(given):
    in_order, late, cuts, anew = given
    expected = fallen(in_order, range(len(in_order)))
    assert fallen(in_order) == expected
    assert fallen(late, cuts, anew=anew) == expected


@pytest.mark.parametrize("address", ["", "::1", "fe80::1%1", "1.2.3", "\ud800", "x" * 10_000])
def test_hostile_addresses(address):
    assert len(tried(address).encode()) < 200


def test_a_way_that_as_many_take_as_fail_on_it_is_nobodys_attack():
    """A gateway of the organization, on the first morning on which casbd looks: nobody was anywhere before."""
    slips = [(number / 10, f"user{number}", fail()) for number in range(6)]
    people = [(2 + number / 100, f"other{number}", success()) for number in range(90)]
    given = entries(*slips, (1, "ann", success()), *people)
    assert fallen(given, range(1, len(given))) == fallen(given) == []
    known = entries((-72, "zoe", success("198.51.100.4", 2119)), *slips, (1, "ann", success()), *people[:3])
    assert {who for who, *_ in fallen(known)} == {"ann", "other0", "other1", "other2"}
    assert fallen(entries(*slips, (1, "ann", success()), *people[:3])) == []
