"""Who failed in a network and who got in, however many try: as few as are needed to say so, and the same in any order."""

from random import Random

import pytest

from casbd.habits.anomaly import DAY, HOUR
from casbd.habits.tried import Network

START = 20_000 * DAY
MOST_USERS, MOST_TIMES = 64, 26


def network(tries):
    one = Network()
    for who, moment, succeeded in tries:
        one.add(who, moment, succeeded=succeeded)
    return one


@pytest.mark.parametrize("seed", [None, 1, 2])
def test_of_too_many_who_fail_the_latest_are_known_and_of_those_who_get_in_the_first(seed):
    tries = [(f"user{n}", START + n * HOUR, succeeded) for n in range(3 * MOST_USERS) for succeeded in (False, True)]
    if seed is not None:
        Random(seed).shuffle(tries)
    one = network(tries)
    assert {*one.failed} == {f"user{n}" for n in range(2 * MOST_USERS, 3 * MOST_USERS)}
    assert {*one.succeeded} == {f"user{n}" for n in range(MOST_USERS)}


@pytest.mark.parametrize("seed", [None, 1, 2])
def test_of_one_who_tries_for_days_the_newest_hours_are_known_and_of_one_who_gets_in_the_first(seed):
    tries = [("a", START + n * HOUR // 2, succeeded) for n in range(400) for succeeded in (False, True)]
    if seed is not None:
        Random(seed).shuffle(tries)
    one = network(tries)
    assert one.failed == {"a": [START + n * HOUR for n in range(200 - MOST_TIMES, 200)]}
    assert one.succeeded == {"a": [START]}


def test_an_outsider_that_is_known_no_more_is_none_of_the_outsiders():
    one = Network(outsiders=["guest"])
    one.add("guest", START + DAY, succeeded=True)
    assert one.insiders(START + 2 * DAY, "") == 0
    for n in range(MOST_USERS):
        one.add(f"user{n}", START, succeeded=True)
    assert one.outsiders == set()
    assert one.insiders(START + 2 * DAY, "") == MOST_USERS
