"""What must hold of each kind of anomaly: neither order nor cuts nor restarts matter, of what is at most a day late.

@given(given=activities(("NO", "BR")))
def test_it(given):
    same_in_any_order(NewValue(...), given)
"""

import msgspec
import pytest
from hypothesis import strategies as st

from casbd.habits import habits
from casbd.habits.anomaly import HOUR
from casbd.habits.habits import Habits, InMemory, Watching
from casbd.model.counted import Entry

MINUTE = 60_000


def watching(match, policy_id="p"):
    return Watching(policy_id, f"{policy_id}:1", f"{match.kind}:x", match, lambda who, begun: f"{who} {begun.activity_id}")


def begun(shelf, watched):
    one = Habits(shelf, [watched])
    one.begin()
    return one


def raised(match, entries, cuts=(), anew=()):
    """The alerts that are left after commits that end at `cuts`, of which those in `anew` are the last of a process; and the memories."""
    shelf, left, watched = InMemory(), {}, watching(match)
    known = begun(shelf, watched)
    for number, (who, entry) in enumerate(entries, 1):
        known.add(watched, who, entry)
        if number in cuts or number == len(entries):
            for _, whose, verdict in known.verdicts():
                left.pop(verdict.alert_id, None)
                for joined in verdict.change.joined if verdict.change else ():
                    del left[joined]
                if verdict.change is not None:
                    found = verdict.finding
                    left[verdict.alert_id] = whose, found.first, found.last, found.count, str(dict(found.usual))
            known.save()
            if number in anew:
                known = begun(shelf, watched)
    packed = {who: known.memory(watched, who)[0].packed() for who in sorted({who for who, _ in entries})}
    return sorted(left.values()), {who: msgspec.msgpack.decode(msgspec.msgpack.encode(one), strict=False) for who, one in packed.items()}


@st.composite
def activities(draw, values, people="abc", days=20, most=40):
    """Of some people, over weeks, each at most a day late, and the same in order; with cuts, and those after which a process ends."""
    span = st.tuples(st.sampled_from(people), st.integers(0, days * 24 * 60), st.integers(0, 24 * 60), st.sampled_from(values))
    spans = draw(st.lists(span, max_size=most))
    whole = [
        (who, Entry(minute * MINUTE, number, f"{number}", value), minute + late) for number, (who, minute, late, value) in enumerate(spans)
    ]
    in_order = [(who, entry) for who, entry, _ in sorted(whole, key=lambda one: (one[1].timestamp, one[1].key))]
    late = [(who, entry) for who, entry, _ in sorted(whole, key=lambda one: (one[2], one[1].key))]
    cuts = draw(st.sets(st.integers(1, most)))
    return in_order, late, cuts, draw(st.sets(st.sampled_from(sorted(cuts)))) if cuts else set()


def same_in_any_order(match, given):
    """The same alerts and the same memories, wherever these are kept."""
    in_order, late, cuts, anew = given
    for in_journal in (0, 7, 1000):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(habits, "MOST_IN_JOURNAL", in_journal)
            patch.setattr(habits, "MOST_BYTES", 2 * habits.LEAST_BYTES)
            expected = raised(match, in_order, range(1, 10_000))
            assert raised(match, in_order) == expected
            assert raised(match, late, cuts, anew) == expected


__all__ = ["HOUR", "activities", "raised", "same_in_any_order", "watching"]
