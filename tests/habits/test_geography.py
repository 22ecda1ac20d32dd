"""How far it is, also over the poles and the date line; and what records say that is no place at all."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casbd.habits import geography
from casbd.habits.geography import between, is_place, over_the_globe

NAMES = sorted(geography._table())


def test_nothing_near_is_called_far():
    assert between("NO", "SE") == between("US", "MX") == between("GF", "BR") == 0
    assert between("GB", "FR") <= geography.BORDERING
    assert between("DK", "SE") <= geography.BORDERING


def test_nothing_far_is_called_near():
    assert between("US", "RU") > 3000  # over the Bering Strait it is 4
    assert between("DE", "RU") > 500  # to Kaliningrad it is not half of it
    assert between("FR", "BR") > 5000
    assert 7000 < between("NO", "BR") < 9000


def test_what_is_no_country_is_nowhere():
    assert [between("NO", other) for other in ("ZZ", "", "XX", "no")] == [None] * 4
    assert between("ZZ", "ZZ") is None


@given(one=st.sampled_from(NAMES), other=st.sampled_from(NAMES))
def test_it_is_as_far_there_as_back(one, other):
    assert between(one, other) == between(other, one)
    assert (between(one, other) or 0) <= 20_040


@pytest.mark.parametrize(
    ("here", "there", "kilometres"),
    [
        ((59.91, 10.75), (59.91, 10.75), 0),
        ((0, 179.5), (0, -179.5), 111),
        ((89.9, 0), (89.9, 180), 22),
        ((90, 0), (90, 133), 0),
        ((90, 0), (-90, 0), 20015),
        ((51.5, -0.1), (40.7, -74), 5570),
    ],
)
def test_over_the_globe(here, there, kilometres):
    assert over_the_globe(here, there) == pytest.approx(kilometres, abs=5)


ANY = st.floats(-90, 90), st.floats(-180, 180)


@given(here=st.tuples(*ANY), there=st.tuples(*ANY))
def test_nothing_is_farther_than_the_other_side(here, there):
    assert 0 <= over_the_globe(here, there) <= 20_016
    assert over_the_globe(here, there) == pytest.approx(over_the_globe(there, here), abs=1e-3)


@pytest.mark.parametrize("wrong", [None, math.nan, math.inf, -math.inf, 90.1, 1e308])
def test_hostile_coordinates_are_no_place(wrong):
    assert not is_place(wrong, 10.0)
    assert not is_place(10.0, -181.0 if wrong == 90.1 else wrong)


def test_where_somebody_did_not_know_is_no_place():
    assert not is_place(0.0, 0.0)
    assert is_place(0.0, 10.0)
    assert is_place(-90.0, 180.0)
