"""Since when an organization is known: whatever a wrong clock has written, and in whatever order it is told."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from casbd.habits.anomaly import DAY, HOUR, NEVER
from casbd.habits.elsewhere import observed
from casbd.habits.habits import InMemory
from casbd.habits.impossible import Impossible
from casbd.habits.new_values import NewValue
from casbd.habits.spots import written
from casbd.habits.stretches import MOST, PAUSE, Stretches
from casbd.habits.unusual import Unusual
from casbd.model.activity import Activity
from casbd.model.counted import Entry
from habits.judged import alerts

TODAY = 20_000
YEAR_2001 = 11_323


def of(*days):
    stretches = Stretches()
    for day in days:
        stretches.add(day)
    return stretches


@given(days=st.lists(st.integers(0, 2_000), max_size=60), data=st.data())
def test_the_order_in_which_days_are_told_does_not_matter(days, data):
    one, other = of(*days), of(*data.draw(st.permutations(days)))
    assert other.packed() == one.packed()
    assert Stretches(msgspec.msgpack.decode(msgspec.msgpack.encode(one.packed()))).packed() == one.packed()
    asked = data.draw(st.integers(0, 2_000))
    known = sorted({day for day in days if day <= asked})
    begins = [day for before, day in zip([-NEVER, *known], known, strict=False) if day - before > PAUSE]
    assert one.began(asked) == (begins[-1] if begins else NEVER)


def test_what_comes_later_changes_nothing_of_what_was():
    assert of(0, 5, 300, 310).began(5) == 0
    assert of(0, 5, 300, 310).began(299) == 0
    assert of(0, 5, 300, 310).began(301) == 300
    assert not of(0, 5).add(3)


def test_dates_at_random_fill_nothing():
    first, last = of(*range(0, 100 * 365, 150)).packed()
    assert len(first) == len(last) == MOST


def _place(country, **fields):
    return written(Activity(country=country, ip_address=fields.pop("ip_address"), **fields))


KINDS = {
    "unusual": (
        Unusual(unique=None, session=HOUR, at_least=20, learning=7 * DAY),
        None,
        [None] * 30,
    ),
    "unusual elsewhere": (
        Unusual(unique=None, session=HOUR, at_least=20, learning=7 * DAY, unknown="asn"),
        observed(Activity(ip_address="192.0.2.1"), "1", None),
        [observed(Activity(ip_address="198.51.100.1", result="failure"), "2", None)] * 30,
    ),
    "new": (
        NewValue(new=("raw.awsRegion",), history=30 * DAY, learning=7 * DAY, unless_common=1, first_use=True),
        "eu-west-1",
        ["sa-east-1"],
    ),
    "travel": (
        Impossible(learning=7 * DAY),
        _place("NO", asn=1, ip_address="192.0.2.1"),
        [_place("NO", asn=1, ip_address="192.0.2.1"), _place("BR", asn=2, ip_address="198.51.100.1")],
    ),
}


@pytest.mark.parametrize(("match", "usual", "odd"), KINDS.values(), ids=KINDS)
def test_one_record_of_2001_ends_nobodys_learning(match, usual, odd):
    """On its fifth day nothing is known of an organization; after a month what is odd of somebody who is new there is an alert."""

    def found(before, beginning):
        days = [("b", Entry(day * DAY, day, f"b {day}", usual)) for day in (*beginning, *range(TODAY - before, TODAY))]
        today = [("a", Entry(TODAY * DAY + number * 1000, number, f"a {number}", value)) for number, value in enumerate(odd)]
        return [who for who, _ in alerts(match, days + today, range(0, 1000, 10), shelf=InMemory())]

    assert found(4, []) == []
    assert found(4, [YEAR_2001]) == []
    assert found(4, [1, 2, YEAR_2001, YEAR_2001 + 200]) == []
    assert found(30, []) == ["a"]
