"""What alerts have to say of their activities is the same in whatever order it comes, and stays small."""

from hypothesis import given
from hypothesis import strategies as st

from casbd.model.facts import MOST_VALUES, Different, Facts

VALUES = st.lists(st.tuples(st.integers(0, MOST_VALUES + 30).map(str), st.integers(0, 20)), max_size=120)


def different(values):
    made = Different()
    for value, moment in values:
        made.add(value, moment)
    return made


def plain(one):
    return sorted(one.first.items()), one.more


@given(VALUES, st.randoms(use_true_random=False), st.integers(1, 5))
def test_values_in_any_order_and_in_any_parts_are_the_same(values, chance, parts):
    shuffled = chance.sample(values, len(values))
    joined = Different()
    for part in range(parts):
        joined.join(different(shuffled[part::parts]))
    assert plain(joined) == plain(different(values))
    assert len(joined) <= MOST_VALUES
    assert joined.more == (len({value for value, _ in values}) > MOST_VALUES)


@given(VALUES)
def test_those_that_were_there_first_are_kept(values):
    first = {}
    for value, moment in values:
        first[value] = min(moment, first.get(value, moment))
    by_time = sorted(first, key=lambda value: (first[value], value))
    assert different(values).earliest() == by_time[:MOST_VALUES]


def test_what_is_stored_is_the_same_when_it_is_read_back():
    facts = Facts.of(2)
    facts.parts[0].number = 3
    facts.parts[0].add({"user": ["a", "b"], "app": []}, 5)
    facts.parts[1].partly = True
    again = Facts.unpacked(facts.packed())
    assert again.packed() == facts.packed() == [[3, False, [["user", False, [["a", 5], ["b", 5]]]]], [0, True, []]]


def test_of_a_policy_that_had_other_steps_those_count_that_both_have():
    one, other = Facts.of(1), Facts.of(2)
    other.parts[0].number = other.parts[1].number = 2
    one.join(other)
    assert [part.number for part in one.parts] == [2]
