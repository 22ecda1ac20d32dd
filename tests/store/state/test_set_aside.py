"""Policies that cost too much stay set aside while they say the same."""

import pytest

from casbd.model.costly import Costly, SetAside
from casbd.store.state import set_aside

COST = Costly("p", 0.5, 1, 2, 3, "/in/a.json, byte 0")


@pytest.mark.parametrize(("says", "is_aside", "is_forgotten"), [({"p": "m"}, True, False), ({"p": "n"}, False, True), ({}, False, False)])
def test_a_policy_is_set_aside_while_it_says_the_same(connection, says, is_aside, is_forgotten):
    one = SetAside("p", "m", 7, COST)
    assert [set_aside.add(connection, one) for _ in range(2)] == [True, False]
    assert set_aside.of(connection, says) == ({"p": one} if is_aside else {})
    set_aside.forget_changed(connection, says)
    assert set_aside.of(connection, {"p": "m"}) == ({} if is_forgotten else {"p": one})


def test_one_that_says_something_else_and_costs_too_much_again_takes_its_place(connection):
    assert [set_aside.add(connection, SetAside("p", meaning, 7, COST)) for meaning in ("m", "n")] == [True, True]
    assert [*set_aside.of(connection, {"p": "n"})] == ["p"]
    assert set_aside.of(connection, {"p": "m"}) == {}
