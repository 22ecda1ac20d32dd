"""Failures where the subject never succeeded, but others do: a telephone with an old password, or somebody who guesses."""

import msgspec
import pytest

from casbd.habits.anomaly import DAY, HOUR
from casbd.model.counted import Entry
from habits.judged import alerts
from habits.test_unusual import burst, found, unusual

MATCH = unusual(unknown="asn", unless_common=2, at_least=10)


def told(who, day, place, how, number=1):
    return [
        (who, Entry(entry.timestamp, entry.key, f"{place} {how} {entry.activity_id}", f"{how}{place}\0"))
        for _, entry in burst(day, number, 9, who=who)
    ]


def colleagues(place, *, number=2, days=2, how="+"):
    return [one for day in range(days) for n in range(number) for one in told(f"colleague{n}", day, place, how)]


def in_order(*parts):
    return sorted((one for part in parts for one in part), key=lambda one: (one[1].timestamp, one[1].activity_id))


HOME = [one for day in range(10) for one in told("a", day, "2119", "+")]


@pytest.mark.parametrize(
    ("others", "failures", "is_found"),
    [
        ([], 12, True),
        (colleagues("44034"), 12, False),
        (colleagues("44034"), 29, False),
        (colleagues("44034"), 30, True),
        (colleagues("44034", number=1), 12, True),
        (colleagues("44034", days=1), 12, True),  # on one day anybody is anywhere
        (colleagues("44034", how="-"), 12, True),
        (colleagues("34984"), 12, True),
        (colleagues("44034", number=1) + told("a", 8, "44034", "+") + told("a", 9, "44034", "+"), 12, True),  # what is the subject's own
    ],
)
def test_it_takes_thrice_as_many_where_others_succeed(others, failures, is_found):
    assert found(MATCH, in_order(HOME, others, told("a", 10, "44034", "-", failures))) == ([("a", 10, failures)] if is_found else [])


GUESSED = unusual(unknown="asn", at_least=10, then_succeeded=True)


@pytest.mark.parametrize(
    ("failures", "successes", "is_found"),
    [
        ([("64500", 9, 12)], [("64500", 9.6)], True),
        ([("64500", 9, 9)], [("64500", 9.6)], False),
        ([("64500", 9, 12)], [], False),
        ([("64500", 9, 12)], [("2119", 9.6)], False),  # at home meanwhile
        ([("64500", 9, 12)], [("64501", 9.6)], False),
        ([("64500", 9.2, 12)], [("64500", 9.1)], False),  # the password was right before
        ([("64500", 9, 12)], [("64500", 11)], False),
        ([("64500", 9, 6), ("64501", 9.05, 6)], [("64501", 9.6)], True),  # by turns
        ([("2119", 9, 14)], [("2119", 9.6)], False),  # forgotten
    ],
)
def test_a_password_is_guessed_where_one_gets_in_where_many_failed(failures, successes, is_found):
    tries = [
        (who, Entry(at.timestamp, at.key, f"- {where} {at.activity_id}", f"-{where}\0"))
        for where, hour, number in failures
        for who, at in burst(10, number, hour)
    ]
    hits = [
        (who, Entry(at.timestamp, at.key, f"+ {where} {at.activity_id}", f"+{where}\0"))
        for where, hour in successes
        for who, at in burst(10, 1, hour)
    ]
    several = alerts(GUESSED, in_order(HOME, tries, hits))
    assert [finding.count for _, finding in several] == [len(tries) + 1] * is_found
    for _, finding in several:
        assert (finding.shows, finding.last) == (hits[0][1], hits[0][1].timestamp)
        assert finding.members[-1] == hits[0][1]
        assert finding.values >= {tries[0][1].value, hits[0][1].value}


def test_a_first_password_is_mistyped_by_whoever_joins():
    match = unusual(unknown="asn", at_least=10, while_learning=14, then_succeeded=True)
    for failures, number in ((13, 0), (14, 1)):
        got_in = [(who, msgspec.structs.replace(one, timestamp=one.timestamp + HOUR // 2)) for who, one in told("joiner", 10, "64500", "+")]
        first_day = in_order(HOME, told("joiner", 10, "64500", "-", failures), got_in)
        assert len(alerts(match, first_day)) == number, failures


def test_a_flood_hides_no_place_where_somebody_is_at_home():
    memory = GUESSED.memory()
    for number in range(2000):
        memory.add(Entry(10 * DAY + number * 60_000, number, f"{number}", f"{'-+'[number % 2]}{number % 40}\0"))
    memory.add(Entry(5 * DAY, 1, "home", "+home\0"))
    assert max(len(several) for several in memory.entered.values()) == 2
    assert GUESSED.memory(msgspec.msgpack.decode(msgspec.msgpack.encode(memory.packed()), strict=False)).entered == {
        at: {place: msgspec.structs.replace(one, value=None) for place, one in several.items()} for at, several in memory.entered.items()
    }
    memory.settle(14 * DAY)
    assert memory.entered == {}


def test_where_servers_are_rented_nobody_is_known():
    assert found(MATCH, in_order(HOME, colleagues("9009", number=4, days=5), told("a", 10, "9009", "-", 12))) == [("a", 10, 12)]


def test_failures_elsewhere_are_not_mixed_up_with_those_where_others_succeed():
    at_a_carrier, elsewhere = told("a", 10, "44034", "-", 12), told("a", 10, "64500", "-", 10)
    assert found(MATCH, in_order(HOME, colleagues("44034"), at_a_carrier, elsewhere)) == [("a", 10, 22)]
    assert found(MATCH, in_order(HOME, colleagues("44034"), at_a_carrier, elsewhere[:-1])) == []


def test_of_many_places_the_same_are_kept_whatever_came_first():
    entries = [Entry(DAY + n, n, f"{n}", f"-{n % 9}\0") for n in range(90)]
    memories = [MATCH.memory() for _ in range(3)]
    for memory, order in zip(memories, (entries, entries[::-1], entries[40:] + entries[:40]), strict=True):
        for entry in order:
            memory.add(entry)
    first, *others = [memory.where for memory in memories]
    assert others == [first, first]
    assert [*next(iter(first.values())).values()] == [10] * 6
    assert MATCH.memory(msgspec.msgpack.decode(msgspec.msgpack.encode(memories[0].packed()), strict=False)).where == first
    memories[0].settle(9 * DAY)
    assert memories[0].where == {}


def test_places_stay_few_without_settling_and_old_ones_are_forgotten():
    memory = MATCH.memory()
    for number in range(1000):
        memory.add(Entry(200 * DAY + number, number, f"{number}", f"+{number}\0"))
        assert len(memory.places) <= 40
    assert "999" in memory.places
    memory.settle(299 * DAY)
    assert len(memory.places) <= 20
    memory.settle(301 * DAY)
    assert memory.places == {}
