"""More than usual: what explains a lot, and what does not, in whatever order it is told."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casbd.habits.anomaly import DAY, HOUR, LATE
from casbd.habits.elsewhere import observed
from casbd.habits.habits import InMemory
from casbd.habits.peers import Peers
from casbd.habits.sessions import Sessions, bit_of, least_different
from casbd.habits.unusual import Unusual
from casbd.model.activity import Activity
from casbd.model.counted import Entry
from habits.judged import alerts

MINUTE = 60_000
MONDAY = 20_000 * DAY + 4 * DAY
"""Some Monday at midnight."""


def unusual(**keys):
    return Unusual(**({"unique": None, "session": HOUR, "at_least": 20, "learning": 7 * DAY} | keys))


def burst(day, number, hour=9.0, *, minutes=30, who="a", value=None):
    """So many activities within some minutes of a day."""
    start = MONDAY + day * DAY + int(hour * HOUR)
    return [
        (who, Entry(start + n * minutes * MINUTE // number, n, f"{day} {hour} {who} {n}", value and value.format(n=n)))
        for n in range(number)
    ]


def days(*numbers, who="a"):
    """One burst a day from the first on."""
    return [one for day, number in enumerate(numbers) for one in burst(day, number, who=who)]


def found(match, entries):
    return [(who, (finding.first - MONDAY) // DAY, finding.count) for who, finding in alerts(match, entries, range(0, 100_000, 50))]


def test_a_burst_of_a_quiet_user_is_one_alert_with_its_numbers():
    entries = [*days(*[3, 8, 5, 9, 4] * 4), *burst(20, 300, 14.1, minutes=70)]
    ((who, finding),) = alerts(unusual(), entries)
    assert (who, finding.count, len(finding.members)) == ("a", 300, 3)
    assert (finding.first, finding.members[0].activity_id) == (entries[100 + 16][1].timestamp, "20 14.1 a 0")
    assert finding.usual["own"] == 9
    assert finding.usual["days"] == 20
    assert finding.usual["most"] > 230
    assert finding.weight > 0.9


@pytest.mark.parametrize(
    ("history", "today", "is_found"),
    [
        ([], 40, True),  # the organization is known, as somebody else was there; others did nothing like it
        ([5] * 20, 25, True),
        ([5] * 20, 19, False),  # less than at_least
        ([20, 30, 25, 28, 22] * 4, 50, False),
        ([20, 30, 25, 28, 22] * 4, 150, True),
        ([100] * 14, 140, False),  # a service with steady load
        ([5] * 13 + [200], 200, True),  # yesterday was the first time
        ([5] * 12 + [200, 200], 200, False),  # it has become usual
        ([5, 5, 5, 5, 120, 0, 0] * 3 + [5] * 4, 150, False),  # each Friday
        ([5, 5, 5, 120, 0, 0, 5] + [5] * 4, 150, False),  # once before, a week and a day ago
        ([5, 5, 120, 5, 5, 0, 0, 5, 5, 5, 5, 5], 150, True),  # once before, on no such day
        ([5] * 3 + [120] + [5] * 27, 150, False),  # a month ago
        ([5] * 3 + [120] + [5] * 18, 150, True),
        ([round(10 * 1.04**day) for day in range(60)], 110, False),  # a slow rise
        ([4, 0, 0, 300, 6] + [5] * 8, 300, True),  # whoever attacked before does not make it usual
    ],
)
def test_what_explains_a_lot(history, today, is_found):
    entries = [*burst(-10, 1, who="b"), *days(*history), *burst(len(history), today)]
    assert [day for _, day, _ in found(unusual(), entries) if day == len(history)] == [len(history)] * is_found


def test_sensitivity_is_what_may_explain():
    fridays = [*days(*[5, 5, 5, 5, 120, 0, 0] * 3, *[5] * 4), *burst(25, 130)]
    assert [len(found(unusual(sensitivity=how), fridays)) for how in ("low", "medium", "high")] == [0, 0, 3]
    once = [*days(*[5] * 10, 120, *[5] * 3), *burst(14, 130)]
    assert [len(found(unusual(sensitivity=how), once)) for how in ("low", "medium", "high")] == [1, 2, 2]


def test_others_explain_what_somebody_does_who_has_no_history():
    others = [one for name in "bcdefgh" for one in days(*[30] * 12, who=name)]
    entries = sorted([*others, *burst(17, 50), *burst(17, 90, who="z")], key=lambda one: one[1].timestamp)
    assert found(unusual(), entries) == [("z", 17, 90)]
    assert [who for who, _, _ in found(unusual(), [one for one in entries if one[0] in "abcz"])] == ["a", "z"]  # two are no organization


@pytest.mark.parametrize(("much", "explains"), [("bc", True), ("b", False)])
def test_a_newcomer_may_have_anybodys_work_but_that_of_one_alone(much, explains):
    others = [one for name in "bcdefgh" for one in days(*[200 if name in much else 30] * 12, who=name)]
    newcomer = [*burst(12, 5, who="n"), *burst(13, 5, who="n"), *burst(17, 250, who="n"), *burst(17, 250, who="z")]
    long_there = [*burst(2, 5, who="o"), *burst(17, 250, who="o")]
    entries = sorted([*others, *newcomer, *long_there], key=lambda one: one[1].timestamp)
    assert found(unusual(), entries) == [(who, 17, 250) for who in ("o" if explains else "no")]  # of z nothing is known
    assert found(unusual(first_time=20), entries) == [(who, 17, 250) for who in "noz"]  # not everybody's work


def test_nothing_is_unusual_while_nobody_is_known_but_what_is_said_to_be():
    entries = days(5, 300, 5, 5, 5, 5)
    assert found(unusual(), entries) == []
    assert found(unusual(while_learning=50), entries) == [("a", 1, 300)]
    assert found(unusual(while_learning=50), days(80, 80, 80, 80, 80)) == [("a", 0, 80), ("a", 1, 80)]


def test_whose_job_it_never_was_is_judged_more_strictly():
    match = unusual(at_least=40, first_time=20)
    assert found(match, [*burst(-10, 1, who="b"), *days(5, 5), *burst(2, 25)]) == [("a", 2, 25)]
    assert found(match, [*burst(-10, 1, who="b"), *days(5, 5, 5), *burst(3, 25)]) == []


def test_a_session_goes_on_over_midnight():
    entries = [*days(*[5] * 14), *burst(14, 100, 23.5, minutes=90)]
    assert found(unusual(), entries) == [("a", 14, 100)]


def test_what_goes_on_for_days_is_one_alert_until_it_is_much_more():
    """A service tries its old password every two minutes for three days, and then somebody else does, too."""
    steady = [one for hour in range(72) for one in burst(14 + hour // 24, 30, hour % 24, minutes=60)]
    entries = [*days(*[5] * 14), *steady]
    assert found(unusual(), entries) == [("a", 14, 150)]
    ((_, first, _), (_, second, number)) = found(unusual(), [*entries, *burst(16, 200, 20.1)])
    assert (first, second, number) == (14, 16, 260)


def test_different_values_are_counted():
    match = unusual(unique="object_id")
    same = [*days(*[5] * 10), *burst(10, 300, value="one")]
    assert found(match, same) == []
    ((_, finding),) = alerts(match, [*days(*[5] * 10), *burst(10, 300, value="file-{n}.docx")])
    assert finding.usual["all"] == 300
    assert found(match, [*days(*[5] * 10), *burst(10, 300)]) == []  # nothing can be told apart


@pytest.mark.parametrize("number", [1, 5, 20, 60, 120, 300])
def test_a_sketch_of_different_values_is_near_enough(number):
    for turn in range(20):
        sketch = 0
        for n in range(number):
            sketch |= bit_of(f"/sites/finance{turn}/documents/report {n}.xlsx")
        assert least_different(10 * number, sketch) == pytest.approx(number, rel=0.35, abs=1)
        assert number >= 60 or least_different(number, sketch) == number


def test_a_memory_is_small_and_the_same_when_it_was_packed():
    match = unusual(unique="object_id")
    memory, busy = match.memory(), match.memory()
    for hour in range(24 * 120):
        at = hour * HOUR
        for n in range(60):  # each minute of four months
            busy.add(Entry(at + n * MINUTE, n, f"7a1c0000-0000-4000-8000-{at + n:012x}", f"{at} {n}"))
        if 8 <= hour % 24 < 17 and hour // 24 % 7 < 5:
            memory.add(Entry(at, hour, f"7a1c0000-0000-4000-8000-{hour:012x}", f"{hour}"))
        if hour % 5 == 0:
            busy.settle(busy.newest - LATE)
            memory.settle(memory.newest - LATE)
    for one, most in ((memory, 900), (busy, 4096)):
        packed = msgspec.msgpack.encode(one.packed())
        assert len(packed) < most
        restored = match.memory(msgspec.msgpack.decode(packed))
        assert restored.packed() == one.packed()
        assert [session.after for session in restored.sessions()] == [session.after for session in one.sessions()]
    assert {session.after for session in busy.sessions()} == {60}


def test_peers_are_few_and_bounded():
    peers = Peers(HOUR)
    for day in range(40):
        for name in range(1000):
            peers.add(f"person {name + day}", Entry(day * DAY + name * MINUTE, name, f"{name}"), Sessions(HOUR))
    packed = msgspec.msgpack.encode(peers.packed())
    assert len(packed) < 4096
    assert Peers(HOUR, msgspec.msgpack.decode(packed, strict=False)).packed() == peers.packed()
    assert peers.amounts(40, "somebody") == [1] * 60


def test_of_whom_nothing_is_looked_at_any_more_few_are_known(monkeypatch):
    monkeypatch.setattr("casbd.habits.peers._MOST_OVER", 5)
    peers = Peers(HOUR)
    for number in range(300):
        for day in (0, 40):
            peers.add(f"user {number}", Entry(day * DAY, number, f"{number}"), Sessions(HOUR))
            assert len(peers._over) <= 5
    assert peers._over


def told(day, hour, place, how, *, number=1, value=""):
    return [
        ("a", Entry(entry.timestamp, entry.key, f"{how}{entry.activity_id}", f"{how}{place}\0{value}"))
        for _, entry in burst(day, number, hour)
    ]


def test_failures_are_counted_where_nothing_succeeded_before():
    match = unusual(unknown="asn", at_least=8)
    home = [one for day in range(10) for one in told(day, 9, "home", "+")]
    assert found(match, [*home, *told(10, 9, "home", "-", number=30)]) == []
    assert found(match, [*home, *told(10, 9, "away", "-", number=30)]) == [("a", 10, 30)]
    assert found(match, [*home, *told(10, 8, "away", "+"), *told(10, 9, "away", "-", number=30)]) == [("a", 10, 30)]  # it was guessed
    ((_, finding),) = alerts(match, [*home, *told(10, 9, "away", "-", number=30)])
    assert finding.values == {"-away\0"}


def test_where_it_failed_is_the_network_where_nothing_else_is_known():
    failed = Activity(result="failure", ip_address="203.0.113.7")
    assert observed(failed, None, None) == "-203.0.113.0/24\0"
    assert observed(failed, "64500", "x") == "-64500\0x"
    assert observed(Activity(ip_address="2001:db8:4:5::7"), None, None) == "+2001:db8:4::/48\0"
    assert observed(Activity(activity_type="Failed log on"), None, None) == "-\0"
    assert len(observed(failed, "x" * 500, None)) < 70


def test_a_memory_of_places_is_small():
    memory = unusual(unknown="user_agent").memory()
    for day in range(300):
        for n in range(20):
            for how in "+-":
                memory.add(Entry(day * DAY + n * HOUR, n, f"{n}", f"{how}{day * 20 + n:060}{how}\0"))
        memory.settle(memory.newest - LATE)
    assert len(memory.places) == 20
    assert len(msgspec.msgpack.encode(memory.packed())) < 4096


@st.composite
def weeks(draw):
    """Bursts of some people over weeks, each at most a day late; and the same in order."""
    spans = st.tuples(
        st.sampled_from("abc"), st.integers(0, 24 * 16), st.sampled_from([1, 3, 6, 12, 60]), st.integers(0, 24), st.integers(1, 90)
    )
    those = []
    for number, (who, hour, count, late, apart) in enumerate(draw(st.lists(spans, max_size=25))):
        for n in range(count):
            moment = hour * HOUR + n * apart * MINUTE // 2
            value = f"{'-+'[number % 3 == 0]}{number % 2}\0{n % 5}"
            those.append((who, Entry(moment, number * 100 + n, f"{number}-{n}", value), moment + (late * HOUR if n % 2 else 0)))
    in_order = [(who, entry) for who, entry, _ in sorted(those, key=lambda one: (one[1].timestamp, one[1].key))]
    late = [(who, entry) for who, entry, _ in sorted(those, key=lambda one: (one[2], one[1].key))]
    cuts = draw(st.sets(st.integers(1, 150)))
    return in_order, late, cuts, draw(st.sets(st.sampled_from(sorted(cuts)))) if cuts else set()


@pytest.mark.parametrize(
    "counts",
    [
        {"unique": None},
        {"unique": "object_id"},
        {"unknown": "asn"},
        {"unknown": "asn", "unless_common": 1},
        {"unknown": "asn", "then_succeeded": True},
        {"unique": "user", "unknown": "asn"},
    ],
)
@settings(max_examples=200)
@given(given=weeks())
def test_neither_order_nor_cuts_nor_restarts_matter(given, counts):
    in_order, late, cuts, anew = given
    match = unusual(**counts, at_least=4, while_learning=5, learning=2 * DAY)
    expected = plain(alerts(match, in_order, range(1, 400)))
    assert plain(alerts(match, in_order)) == expected
    assert plain(alerts(match, late, cuts, anew=anew)) == expected


def plain(judged):
    return [(who, finding.first, finding.last, finding.count, finding.members[0].activity_id) for who, finding in judged]


def test_a_restart_keeps_what_was_learned():
    shelf = InMemory()
    assert alerts(unusual(), days(*[5] * 14), shelf=shelf) == []
    assert [finding.count for _, finding in alerts(unusual(), burst(14, 40), shelf=shelf)] == [40]
    assert isinstance(unusual().memory(), Sessions)
