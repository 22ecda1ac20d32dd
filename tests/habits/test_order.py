"""Whatever the order of records that are at most a day late, and however they are cut into commits: the same alerts."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casbd.habits import habits
from casbd.habits.anomaly import DAY, HOUR, LATE
from casbd.habits.habits import Habits, InMemory, Watching
from casbd.habits.unusual import Unusual
from casbd.model.counted import Entry
from tests.habits.after_idle import AfterIdle
from tests.habits.orders import raised


def watching(**keys):
    return Watching("p", "p:1", "after_idle:x", AfterIdle(**keys), lambda who, begun: f"{who} {begun.activity_id}")


def begun(shelf, watched):
    one = Habits(shelf, [watched])
    one.begin()
    return one


def outcome(entries, cuts=(), *, anew=(), **keys):
    """What is left raised after commits that end at `cuts`, of which those in `anew` are the last of a process; and what is remembered."""
    shelf, left, watched = InMemory(), {}, watching(**keys)
    known = begun(shelf, watched)
    for number, (who, entry) in enumerate(entries, 1):
        known.add(watched, who, entry)
        if number in cuts or number == len(entries):
            for _, whose, verdict in known.verdicts():
                left.pop(verdict.alert_id, None)
                for joined in verdict.change.joined if verdict.change else ():
                    del left[joined]
                if verdict.change is not None:
                    left[verdict.alert_id] = whose, verdict.finding.first, verdict.finding.last, verdict.finding.count
            known.save()
            if number in anew:
                known = begun(shelf, watched)
    remembered = {who: msgspec.msgpack.encode(known.memory(watched, who)[0].packed()) for who in sorted({who for who, _ in entries})}
    return sorted(left.values()), remembered


def alerts(entries, cuts=(), **keys):
    return outcome(entries, cuts, **keys)[0]


@st.composite
def activities(draw):
    """Of some people, over weeks, each at most a day late, and the same in order."""
    spans = draw(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 20 * 24), st.integers(0, 24 * 60)), max_size=40))
    whole = [(who, Entry(hour * HOUR, number, f"{number}"), hour * HOUR + late * 60_000) for number, (who, hour, late) in enumerate(spans)]
    in_order = [(who, entry) for who, entry, _ in sorted(whole, key=lambda one: (one[1].timestamp, one[1].key))]
    late = [(who, entry) for who, entry, _ in sorted(whole, key=lambda one: (one[2], one[1].key))]
    cuts = draw(st.sets(st.integers(1, 40)))
    return in_order, late, cuts, draw(st.sets(st.sampled_from(sorted(cuts)))) if cuts else set()


@pytest.mark.parametrize("crowd", [False, True])
@pytest.mark.parametrize("in_journal", [0, 7, 1000])
@settings(max_examples=200)
@given(given=activities())
def test_neither_order_nor_cuts_nor_restarts_matter(given, crowd, in_journal):
    in_order, late, cuts, anew = given
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(habits, "MOST_IN_JOURNAL", in_journal)
        patch.setattr(habits, "MOST_BYTES", 2 * habits.LEAST_BYTES)
        expected = outcome(in_order, range(1, 41), crowd=crowd)
        assert outcome(in_order, crowd=crowd) == expected
        assert outcome(late, cuts, anew=anew, crowd=crowd) == expected


def test_what_a_late_record_explains_is_withdrawn():
    early, late = Entry(0, 1, "1"), Entry(20 * DAY, 2, "2")
    between = Entry(20 * DAY - HOUR, 3, "3")
    assert alerts([("a", early), ("a", late)]) == [("a", 20 * DAY, 20 * DAY, 1)]
    assert alerts([("a", early), ("a", late), ("a", between)], {2}) == [("a", 20 * DAY - HOUR, 20 * DAY - HOUR, 1)]


def test_what_is_over_is_let_go():
    shelf, watched = InMemory(), watching()
    known = begun(shelf, watched)
    for day in (0, 5, 10, 15):
        known.add(watched, "a", Entry(day * DAY, day, f"{day}"))
        assert [verdict.change is not None for _, _, verdict in known.verdicts()] == ([True] if day else [])
        known.save()
    memory, raised = msgspec.msgpack.decode(shelf.get(("after_idle:x", "a"))[1], strict=False)
    assert len(memory[0]) == 1
    assert len(raised["p:1"]) == 1
    assert LATE < DAY + 2 * HOUR


def test_a_new_process_adds_again_what_came_too_late_as_it_was_added():
    match = Unusual(unique=None, session=HOUR, at_least=20, learning=7 * DAY)
    arrived = [Entry(days * DAY, days, f"{days}") for days in (5, 10, 20, 0)]
    kept = []
    for anew in (frozenset(), {4}):
        _, remembered = raised(match, [("a", one) for one in arrived], {4}, anew)
        kept.append(remembered)
    assert kept[0] == kept[1]


def test_what_two_policies_observe_alike_is_counted_once():
    one = watching()
    other = msgspec.structs.replace(one, policy_id="other", raises="other:1")
    known = Habits(InMemory(), [one, other])
    known.begin()
    for day in (0, 5):
        for watched in (one, other):
            known.add(watched, "a", Entry(day * DAY, day, f"{day}"))
    assert [(watched.policy_id, verdict.finding.count) for watched, _, verdict in known.verdicts()] == [("p", 1), ("other", 1)]


def test_all_is_put_onto_the_shelf_when_the_journal_is_long_and_not_with_each_commit_from_then_on(monkeypatch):
    monkeypatch.setattr(habits, "MOST_IN_JOURNAL", 3)
    shelf, watched, emptied = InMemory(), watching(), []
    monkeypatch.setattr(shelf, "all_kept", lambda: emptied.append(day))
    known = begun(shelf, watched)
    for day in range(12):
        known.add(watched, "a", Entry(day * DAY, day, f"{day}"))
        list(known.verdicts())
        known.save()
    assert emptied == [3, 7, 11]


def test_the_journal_stays_until_the_last_is_put_onto_the_shelf():
    shelf, watched = InMemory(), watching()
    known = begun(shelf, watched)
    for who in "abc":
        known.add(watched, who, Entry(0, 1, "1"))
    list(known.verdicts())
    known.save()
    left = []
    while known.put(2):
        left.append(len([*shelf.noted()]))
    assert left[0] > 0
    assert [*shelf.noted()] == []
    assert all(shelf.get((watched.remembers, who)) for who in "abc")


def test_what_a_policy_had_raised_before_it_was_off_is_withdrawn_when_it_is_on_again():
    one, known = watching(), Habits(InMemory())
    other = msgspec.structs.replace(one, policy_id="other", raises="other:1")
    known.use([one, other])

    def judged(days, *watched):
        known.use(watched)
        known.begin()
        known.add(one, "a", Entry(int(days * DAY), int(days * 10), f"{days}"))
        return [(watched.policy_id, verdict.change is None) for watched, _, verdict in known.verdicts()]

    assert judged(0, one, other) == []
    assert judged(5, one, other) == [("p", False), ("other", False)]
    assert judged(5.1, one) == []
    assert sorted(judged(4.9, one, other)) == [("other", False), ("other", True), ("p", False), ("p", True)]
