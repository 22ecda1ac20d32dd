"""Of how many others something is known, and from when on."""

from casbd.habits.anomaly import DAY
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
