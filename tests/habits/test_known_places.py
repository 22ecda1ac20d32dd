"""Of how many others something is known, and from when on."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from casbd.habits.anomaly import DAY, LATE
from casbd.habits.known_places import Users

HISTORY = 7 * DAY


def test_who_was_there_while_the_organization_was_learned_is_known_as_well_as_can_be():
    users = Users(10)
    users.add("other", 0, 0, 0)
    for user, began in ((1, 3), (2, 4), (3, 20)):
        for day in (began, began + 1):
            users.add("exit", user, day * DAY, began * DAY)

    def number(day, history=HISTORY):
        return users.number("exit", day * DAY, -1, history, twice=True)

    assert [number(day) for day in (5, 6, 7, 8)] == [0, 0, 1, 2]
    assert [number(day) for day in (24, 26, 27)] == [2, 2, 3]
    assert number(24, 0) == 3


class Everybody:
    """Users, as plain as can be: all of them are asked each time."""

    def __init__(self):
        self.names = {}

    def add(self, name, user, day):
        users = self.names.setdefault(name, {})
        users[user] = sorted({*users.get(user, ()), day})[:2]
        for _, _, last in sorted((-len(days), days[-1], user) for user, days in users.items())[Users.MOST :]:
            del users[last]

    def number(self, name, moment, but, *, twice):
        had = {user: days for user, days in self.names[name].items() if len(days) > twice and user != but}
        return sum((days[twice] + 1) * DAY + LATE <= moment for days in had.values())


_SPANS = st.tuples(st.sampled_from("ab"), st.integers(0, 20), st.integers(0, 3))


@given(st.lists(_SPANS, min_size=20, max_size=60), st.booleans(), st.data())
def test_of_many_users_those_are_kept_who_had_it_on_two_days_and_first(given, twice, data):
    users, everybody, stored = Users(10), Everybody(), data.draw(st.integers(0, len(given)))
    for place, (name, user, day) in enumerate(given):
        if place == stored:
            users = Users(10, msgspec.msgpack.decode(msgspec.msgpack.encode(users.packed()), strict=False))
        users.add(name, user, day * DAY, 0)
        everybody.add(name, user, day)
    assert users.names == everybody.names
    moment = data.draw(st.integers(0, 10 * 24)) * (DAY // 24)
    for name in everybody.names:
        assert users.number(name, moment, 3, twice=twice) == everybody.number(name, moment, 3, twice=twice)


def test_of_too_many_names_those_stay_that_most_have_and_of_nobody_else_it_is_known_since_when():
    users = Users(8)
    for n in range(100):
        for user in (n, *((1000, 1001) if n % 20 == 0 else ())):
            users.add(f"name{n:02}", user, (100 + n) * DAY, 50 * DAY)
    _, names, began = msgspec.msgpack.decode(msgspec.msgpack.encode(users.packed()), strict=False)
    assert len(names) <= 8
    assert {f"name{n:02}" for n in range(0, 100, 20)} <= names.keys()
    assert began.keys() == {user for several in names.values() for user in several}
