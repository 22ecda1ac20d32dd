"""When a message is due: at once, as a digest, when the hour is over, after quiet hours."""

import pytest
from builders import HOUR, MINUTE, NOON

from casbd.config.notifications import Notification
from casbd.notifications.timing import Waiting, due
from casbd.store.state.told import Told

MIDNIGHT = NOON + 12 * HOUR


def care(**options):
    return Notification.model_validate({"name": "soc", "email": "soc@example.com", "max_per_hour": 3} | options)


def at(severity, told, now=NOON, gather=True, **options):
    """When it is due, in minutes after now."""
    messages = [Told(now - ago * MINUTE, worst) for ago, worst in told]
    return (due(Waiting(1, severity), messages, care(**options), now, gather=gather) - now) / MINUTE


def test_the_first_goes_at_once():
    assert at("informational", []) == 0


@pytest.mark.parametrize(("ago", "expected"), [(0.25, 0.75), (1, 0), (30, 0)])
def test_what_comes_shortly_after_is_gathered(ago, expected):
    assert at("low", [(ago, "low")]) == expected


def test_at_the_end_nothing_is_gathered():
    assert at("low", [(0.25, "low")], gather=False) == 0


def test_after_so_many_the_hour_has_to_be_over():
    assert at("low", [(50, "low"), (40, "low"), (2, "low")]) == 10
    assert at("low", [(50, "low"), (40, "low"), (2, "low")], gather=False) == 10
    assert at("low", [(60, "low"), (40, "low"), (2, "low")]) == 0


def test_a_flood_of_little_does_not_hide_what_is_worse():
    full = [(50, "low"), (40, "low"), (0, "low")]
    assert at("high", full) == 0
    assert at("high", [*full, (0, "high")]) == 20  # the fourth message of the hour: the oldest but one has to be over


def test_each_severity_rises_once():
    told, messages = [(30, "informational")] * 3, 0
    for severity in ["low", "medium", "high"] * 5:
        if at(severity, told) == 0:
            told.append((0, severity))
            messages += 1
    assert messages == 3


def test_in_quiet_hours_only_what_is_severe():
    quiet = {"quiet_hours": "22:00-07:00"}
    assert at("medium", [], MIDNIGHT, **quiet) == 7 * 60
    assert at("medium", [], MIDNIGHT, gather=False, **quiet) == 7 * 60
    assert at("high", [], MIDNIGHT, **quiet) == 0
    assert at("medium", [], NOON, **quiet) == 0


def test_a_clock_that_was_set_back_makes_nobody_wait_for_ever():
    assert at("low", [(-600, "high"), (-500, "high"), (-400, "high")]) == 0


def test_the_worst_of_what_waits_counts():
    waiting = Waiting().and_one_of("low").and_one_of("high").and_one_of("medium")
    assert waiting == Waiting(3, "high")
