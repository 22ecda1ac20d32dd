"""Lots: what one person did is of one lot, however it is asked; and what is dealt can be put back into its order."""

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from casbd.model.activity import Activity
from casbd.store.log import columns, lots
from casbd.store.log.lots import LOTS

NAMES = st.none() | st.text(max_size=3) | st.sampled_from(["anna@contoso.com", "ANNA@Contoso.com", "straße", "\ud800"])
WELL_FORMED = NAMES.filter(lambda name: name is None or "\ud800" not in name)
DEALT = st.binary(max_size=60).map(lambda some: bytes(one % LOTS for one in some))


@given(st.lists(st.tuples(WELL_FORMED, WELL_FORMED), max_size=9), st.integers(0, 9))
def test_of_columns_they_are_those_of_the_activities(several, cut):
    activities = [Activity(number, f"{number}", user=user, ip_address=address) for number, (user, address) in enumerate(several)]
    table = pa.Table.from_batches([columns.batch(activities[:cut]), columns.batch(activities[cut:])])
    assert lots.of_table(table) == lots.of_activities(activities)


def test_one_person_is_of_one_lot_and_people_are_of_all():
    people = [Activity(0, "a", user=f"user{number}@contoso.com", ip_address=f"{number}") for number in range(500)]
    several = lots.of_activities(people)
    assert {*several} == {*range(LOTS)}
    assert max(several.count(lot) for lot in range(LOTS)) < 500 / LOTS * 2
    assert lots.of_activities([Activity(5, "b", user=one.user.upper(), ip_address="::1") for one in people]) == several


def test_where_nobody_is_named_it_is_the_address():
    several = [Activity(0, "a", user=user, ip_address=f"192.0.2.{number}") for user in (None, "") for number in range(100)]
    assert len({*lots.of_activities(several)}) == LOTS
    assert lots.of_activities(several[:100]) == lots.of_activities(several[100:])
    assert lots.of_activities([Activity(0, "a"), Activity(0, "a", user="\ud800")])


@given(DEALT)
def test_what_is_dealt_can_be_put_back(own):
    order = lots.order(own).to_pylist()
    assert order == sorted(range(len(own)), key=own.__getitem__)
    texts = [f"{number}" for number in range(len(own))]
    dealt = [[texts[place] for place in order if own[place] == lot] for lot in sorted({*own})]
    assert lots.in_order(own, dealt) == texts
    assert pa.array([text for some in dealt for text in some], pa.string()).take(lots.arranged(own)).to_pylist() == texts
