"""What comes too late to be judged by what was usual then is noted."""

from casbd.habits.anomaly import DAY, HOUR, LATE
from casbd.habits.late import Lateness
from casbd.habits.shelf import InMemory


class Noting(InMemory):
    def __init__(self):
        super().__init__()
        self.noted_late = []

    def late(self, late, now):
        self.noted_late.append((dict(late), now))


def test_late_is_what_is_too_far_behind_anything_that_came_before_in_the_same_commit_or_an_earlier_one():
    shelf = Noting()
    lateness = Lateness(shelf)
    lateness.begin(40 * DAY)
    lateness.look("a", [10 * DAY, 12 * DAY, 12 * DAY - LATE, 12 * DAY - LATE - HOUR, 10 * DAY, 13 * DAY])
    lateness.save()
    lateness.begin(41 * DAY)
    lateness.look("a", [13 * DAY - LATE, 13 * DAY - LATE - HOUR])
    lateness.look("b", [3 * DAY])
    lateness.save()
    assert shelf.noted_late == [({"a": (10 * DAY, 2)}, 40 * DAY), ({"a": (13 * DAY - LATE - HOUR, 1)}, 41 * DAY)]
    lateness.save()
    assert len(shelf.noted_late) == 2


def test_what_comes_in_order_is_not_late_however_much_time_it_spans():
    shelf = Noting()
    lateness = Lateness(shelf)
    lateness.begin(40 * DAY)
    lateness.look("a", [day * DAY for day in range(20)])
    lateness.save()
    assert shelf.noted_late == []
