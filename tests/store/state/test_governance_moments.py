"""An hour has passed when both clocks say so, and what nobody asks about any more is forgotten."""

import pytest

from casbd.clock import Uptime
from casbd.model.governance import GovernanceCommand
from casbd.store.state import governance_log, governance_moments
from casbd.store.state.governance_moments import KEPT, Moment

HOUR = 3_600_000


def moment(at, up=None, boot="now"):
    return Moment(at, Uptime(boot, at if up is None else up))


def command(connection, name, status="queued"):
    governance_log.save(
        connection, GovernanceCommand(command_id=name, action="suspend_user", connector="x", target="a", status=status, created=0)
    )


@pytest.mark.parametrize(
    ("now", "number"),
    [
        (moment(HOUR), 1),
        (moment(HOUR + 1), 0),
        (moment(5 * HOUR, up=HOUR), 1),
        (moment(HOUR, up=5 * HOUR), 1),
        (moment(5 * HOUR, up=0, boot="another"), 0),
    ],
)
def test_it_counts_until_both_clocks_say_that_the_time_is_over(connection, now, number):
    command(connection, "1")
    governance_moments.note(connection, "1", "decided", moment(0))
    assert governance_moments.number_since(connection, "decided", now, HOUR) == number
    assert governance_moments.number_since(connection, "tried", now, HOUR) == 0


def test_which_commands_count(connection):
    for status in ("queued", "succeeded", "failed", "blocked", "dry_run", "rejected"):
        command(connection, status, status)
        governance_moments.note(connection, status, "decided", moment(0))
    assert governance_moments.number_since(connection, "decided", moment(0), HOUR) == 3
    assert governance_moments.number_since(connection, "decided", moment(0), HOUR, besides="failed") == 2


@pytest.mark.parametrize(("now", "age"), [(moment(70), 60), (moment(70, up=500), 490), (moment(5, up=500, boot="another"), -5)])
def test_the_age_is_that_of_the_clock_that_went_on_for_longer(connection, now, age):
    governance_moments.note(connection, "1", "decided", moment(10))
    assert governance_moments.age(connection, "1", 10, now) == age
    assert governance_moments.age(connection, "unknown", 10, now) == now.at - 10


def test_those_that_are_being_carried_out(connection):
    for name, at in [("1", 20), ("2", 10), ("3", 30)]:
        governance_moments.note(connection, name, "sending", moment(at))
    assert governance_moments.sending(connection) == ["2", "1", "3"]
    governance_moments.sent(connection, "1")
    assert governance_moments.sending(connection) == ["2", "3"]
    governance_moments.sent(connection)
    assert governance_moments.sending(connection) == []


@pytest.mark.parametrize(
    ("now", "left"),
    [
        (moment(KEPT), {"decided", "sending"}),
        (moment(KEPT + 1), {"sending"}),
        (moment(KEPT + 1, up=5), {"decided", "sending"}),
        (moment(5, up=KEPT + 1), {"decided", "sending"}),
        (moment(KEPT + 1, up=5, boot="another"), {"sending"}),
    ],
)
def test_what_is_too_old_by_both_clocks_is_forgotten(connection, now, left):
    for what in ("decided", "sending"):
        governance_moments.note(connection, "1", what, moment(0))
    governance_moments.note(connection, "2", "tried", now)
    assert {what for (what,) in connection.execute("SELECT what FROM governance_moments WHERE command_id = '1'")} == left
