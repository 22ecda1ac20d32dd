"""What is known to change nothing is not added, and nothing is different for it."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casbd.habits import elsewhere, first_users, habits, known_places, values_seen, ways
from casbd.habits.anomaly import DAY, HOUR
from casbd.habits.habits import Habits, InMemory
from casbd.habits.had_by import CARRIED, text_of
from casbd.habits.impossible import Impossible
from casbd.habits.known import MOST_SEEN, Known
from casbd.habits.new_values import NewValue
from casbd.habits.session_places import observed as used_in_session
from casbd.habits.spots import written
from casbd.habits.sprayed_from import SprayedFrom
from casbd.habits.unusual import Unusual
from casbd.habits.used_twice import UsedTwice
from casbd.habits.waking import Waking
from casbd.habits.ways import with_way
from casbd.habits.whereabouts import WhereOthersAre
from casbd.model.activity import Activity
from casbd.model.counted import Entry
from tests.habits.orders import MINUTE, watching

NEW = NewValue(new=("country",), history=8 * DAY, learning=2 * DAY, unless_common=1, familiar="user_agent")
KINDS = [NEW, NewValue(new=("app",), history=8 * DAY, learning=0, first_use=True), Waking(dormant=5 * DAY, familiar="user_agent")]
VALUES = [text_of("no", "phone", CARRIED), text_of("no", "laptop", ""), text_of("br", "laptop", ""), text_of("se", None, "")]


@st.composite
def arrivals(draw, values=VALUES, *, too_late=0.2):
    """What people do on some days, within two hours, again and again; at most a day late, but for some, which come days late; with cuts."""
    random = draw(st.randoms(use_true_random=True))  # a list of so many drawn one by one is nearly always short, and nothing is ordinary
    number, cut, end = draw(st.integers(1, 150)), draw(st.sampled_from((0.02, 0.2, 1))), draw(st.sampled_from((0, 0.1, 1)))
    different = draw(st.integers(1, 4))
    groups = draw(st.sampled_from([((),), ((), None)]))
    spans = []
    for _ in range(number):
        at = random.randrange(15) * 24 * 60 + random.randrange(8 * 60, 10 * 60)
        late = random.choice((0, 30, 24 * 60, 5 * 24 * 60 if random.random() < too_late else 0))
        spans.append((at + random.randint(0, late), at, random.choice("aab"), random.choice(values[:different])))
    entries = [
        (who, Entry(at * MINUTE, place, f"{place}", value, belongs=random.choice(groups)))
        for place, (_, at, who, value) in enumerate(sorted(spans))
    ]
    cuts = {place for place in range(1, number) if random.random() < cut}
    return entries, cuts, {place for place in cuts if random.random() < end}


def outcome(match, given):
    """The alerts that are left, all that is remembered at the end, and how many activities were added."""
    entries, cuts, anew = given
    shelf, watched, left = InMemory(), watching(match), {}
    known, number = begun(shelf, watched), 0
    for place, (who, entry) in enumerate(entries, 1):
        known.add(watched, who, entry)
        if place in cuts or place == len(entries):
            for _, whose, verdict in known.verdicts():
                left.pop(verdict.alert_id, None)
                for joined in verdict.change.joined if verdict.change else ():
                    left.pop(joined, None)
                if verdict.change is not None:
                    left[verdict.alert_id] = whose, verdict.finding
            number += len(known._noted)
            known.save()
            if place in anew:
                known = begun(shelf, watched)
    memories = {who: known.memory(watched, who) for who, _ in entries}
    packed = {who: (memory.packed(), all_of and all_of.packed()) for who, (memory, all_of) in memories.items()}
    return sorted(left.items(), key=str), msgspec.msgpack.decode(msgspec.msgpack.encode(packed), strict=False), number


def begun(shelf, watched):
    one = Habits(shelf, [watched])
    one.begin()
    return one


def without(patch):
    patch.setattr(Known, "again", lambda *_: (False, False))


@pytest.mark.parametrize("match", KINDS, ids=lambda match: f"{match.kind}-{match.counts}")
@pytest.mark.parametrize("limits", [{}, {"values": 1, "bytes": 1}, {"journal": 5}], ids=str)
@settings(max_examples=150)
@given(data=st.data(), too_late=st.sampled_from((0, 0.2)))
def test_alerts_and_memories_are_the_same_as_if_all_were_added(data, too_late, match, limits):
    given = data.draw(arrivals(too_late=too_late))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(values_seen, "SURE", 4 * 24)
        patch.setattr(first_users, "MOST_VALUES", limits.get("values", 2_000))
        patch.setattr(habits, "MOST_BYTES", limits.get("bytes", 8_000_000))
        patch.setattr(habits, "MOST_IN_JOURNAL", limits.get("journal", 1_000))
        alerts, remembered, _ = outcome(match, given)
        without(patch)
        found, memories, _ = outcome(match, given)
        assert found == alerts
        # What comes later than a day is judged from the log, which teaches it anew: what of it was remembered before that, may differ.
        assert too_late or memories == remembered


def at(asn, country="NO"):
    return Activity(country=country, asn=asn, ip_address=f"10.0.{asn}.7", os="Windows")


PLACES = [at(1), at(2), at(3, "BR"), at(1, "BR")]
DAILY = {
    Impossible(learning=2 * DAY): [written(place) for place in PLACES],
    UsedTwice(shared_session=("raw.SessionId",), learning=DAY): [used_in_session(place, "s") for place in PLACES],
    Unusual(unique=None, session=HOUR, at_least=3, learning=0, unknown="asn", unless_common=1): ["+1\0", "-1\0", "-2\0", "+2\0"],
    SprayedFrom(spray=2, within=10 * MINUTE): ["+x", "-x", "-y", "+y"],
    NewValue(new=("country",), history=8 * DAY, learning=2 * DAY, familiar="user_agent"): [with_way(one, "10.0.1.7") for one in VALUES],
}


@pytest.mark.parametrize("match", DAILY, ids=lambda match: f"{match.kind}-{match.counts}")
@pytest.mark.parametrize("limits", [{}, {"names": 4, "bytes": 1}, {"names": 4, "journal": 5}], ids=str)
@settings(max_examples=100)
@given(data=st.data())
def test_alerts_and_memories_are_the_same_as_if_all_together_learned_of_all(data, match, limits):
    # What comes later than a day is judged from the log: how much of it the memory takes before that, may depend on when others are judged.
    given = data.draw(arrivals(DAILY[match], too_late=0))
    with pytest.MonkeyPatch.context() as patch:
        for module, name in ((known_places, "MOST_NAMES"), (elsewhere, "_MOST_COMMON"), (ways, "_MOST_SHARED")):
            patch.setattr(module, name, limits.get("names", 2_000))
        patch.setattr(habits, "MOST_BYTES", limits.get("bytes", 8_000_000))
        patch.setattr(habits, "MOST_IN_JOURNAL", limits.get("journal", 1_000))
        alerts, remembered, _ = outcome(match, given)
        without(patch)
        assert outcome(match, given)[:2] == (alerts, remembered)


def test_what_people_do_again_on_a_day_all_together_learn_once(monkeypatch):
    learned = []
    monkeypatch.setattr(WhereOthersAre, "add", lambda _, who, entry, __: learned.append((who, entry.key)) or ())
    days = [("a", 0, 0), ("a", 0, 1), ("b", 0, 2), ("a", 0, 3), ("a", 1, 5), ("a", 1, 4), ("a", 1, 6)]
    entries = [(who, Entry(day * DAY + number * HOUR, number, f"{number}", written(at(1)))) for who, day, number in days]
    belonging = [(who, msgspec.structs.replace(entry, belongs=None if entry.key == 6 else ())) for who, entry in entries]
    outcome(Impossible(learning=0), (belonging, (), ()))
    assert learned == [("a", 0), ("b", 2), ("a", 5), ("a", 4), ("a", 6)]


@pytest.mark.parametrize("match", DAILY, ids=lambda match: f"{match.kind}-{match.counts}")
def test_all_together_learn_again_of_what_is_forgotten(match):
    known, watched, value = Habits(InMemory()), watching(match), DAILY[match][0]
    known.add(watched, "a", Entry(0, 0, "0", value))
    again = Entry(1, 1, "1", value)
    assert again_of(known, watched, again)[1]
    organization = known.memory(watched, "a")[1]
    (getattr(organization, "_ways", None) or organization._users)._forget()
    known.add(watched, "b", Entry(2, 2, "2", value))
    assert not again_of(known, watched, again)[1]


def test_what_people_do_again_within_an_hour_is_added_once():
    days = [Entry(day * DAY + minute * MINUTE, minute, f"{day} {minute}", VALUES[1]) for day in range(12) for minute in range(0, 60, 5)]
    _, _, number = outcome(NEW, ([("a", one) for one in days], range(1, 200, 3), ()))
    assert number == 3 * 12 + 2 + 8  # on three days, and as the fourth begins, it is not certain yet, and each of them may count


def test_what_counts_is_added_each_time():
    match = Unusual(unique=None, session=HOUR, at_least=20, learning=7 * DAY)
    _, _, number = outcome(match, ([("a", Entry(minute * MINUTE, minute, f"{minute}")) for minute in range(9)], (), ()))
    assert number == 9


def again_of(known, watched, entry):
    """What is known of another activity of `a`, as when it is added."""
    known.memory(watched, "a")  # with what waited to be added
    return known._of((watched.remembers, "a")).again(entry, known._forgotten.get(watched.remembers, 0))


def ordinary(count=12):
    """Somebody who has had a value for days, and another activity with it, which is ordinary now."""
    known, watched = Habits(InMemory()), watching(NEW)
    for day in range(count):
        known.add(watched, "a", Entry(day * DAY, day, f"{day}", VALUES[1]))
        assert [*known.verdicts()] == []
        known.save()
    again = Entry((count - 1) * DAY + MINUTE, 99, "again", VALUES[1])
    assert again_of(known, watched, again)[0]
    return known, watched, again


def test_nothing_is_ordinary_once_it_was_forgotten_who_had_it_first(monkeypatch):
    known, watched, again = ordinary()
    monkeypatch.setattr(first_users, "MOST_VALUES", 0)
    known.add(watched, "b", Entry(again.timestamp, 1, "b", VALUES[2]))
    assert not again_of(known, watched, again)[0]


def test_what_is_settled_is_ordinary_no_more():
    known, watched, again = ordinary()
    known.add(watched, "a", Entry(again.timestamp + 3 * DAY, 1, "later", VALUES[2]))
    assert [*known.verdicts()] == []
    assert not again_of(known, watched, again)[0]


def test_nothing_is_ordinary_in_a_memory_of_which_a_part_was_let_go(monkeypatch):
    known, watched, again = ordinary()
    monkeypatch.setattr("casbd.habits.known.MOST_STORED", 0)
    known.put()
    assert not again_of(known, watched, again)[0]


def test_what_somebody_does_who_belongs_elsewhere_now_is_not_ordinary():
    known, watched, again = ordinary()
    assert not again_of(known, watched, msgspec.structs.replace(again, belongs=None))[0]


def test_of_few_values_it_is_known_that_they_are_ordinary():
    known = Known(NewValue(new=("isp",), history=8 * DAY, learning=0).memory(), {})
    for number in range(1000):
        known.add(Entry(number, number, f"{number}", f"value {number}"), tells=True)
        assert len(known.seen) <= MOST_SEEN
    assert known.again(Entry(999, 1000, "1000", "value 999"), 0)[1]
