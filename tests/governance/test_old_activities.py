"""History and the future are left alone, and a run is as old as its newest activity."""

import pytest
from builders import HOUR, MINUTE, NOON, record, settings
from msgspec.structs import replace

from casbd.store.state import raised_alerts
from tests.governance.conftest import RULES, queued, statuses


@pytest.mark.parametrize("mode", ["dry_run", "approve", "enforce"])
@pytest.mark.parametrize(
    ("age", "told"),
    [
        (30 * 24 * HOUR, "the activity was 30 days ago, and governance.max_activity_age is 1h"),
        (HOUR + MINUTE, "the activity was 61 minutes ago, and governance.max_activity_age is 1h"),
        (HOUR, ""),
        (0, ""),
        (-5 * MINUTE, ""),
        (-6 * MINUTE, "the activity's time lies 6 minutes in the future: the clock there or here is wrong"),
        (-9 * HOUR, "the activity's time lies 9 hours in the future: the clock there or here is wrong"),
    ],
)
def test_history_and_the_future_are_left_alone_whatever_the_mode(make, mode, age, told):
    core = make(mode=mode)

    core.feed_records(record(at=-age))

    (command,) = core.commands()
    assert (command.status == "blocked", command.reason) == (bool(told), told or "Failed log on")
    assert command.last_activity == NOON - age
    assert len(queued(core)) == (mode == "enforce" and not told)


def test_how_old_it_may_be_is_the_configurations_to_say(make):
    core = make(mode="enforce", max_activity_age="1d")

    core.feed_records(record(at=-23 * HOUR), record(at=-25 * HOUR, UserId="b@contoso.com"))

    assert {command.target: command.status for command in core.commands()} == {"a@contoso.com": "queued", "b@contoso.com": "blocked"}


def test_what_was_blocked_is_no_reason_to_block_what_comes_after_it(make):
    core = make(mode="enforce", max_per_hour=1)
    core.feed_records(*(record(at=-30 * 24 * HOUR - n) for n in range(3)))
    core.feed_records(record(UserId="SHAREPOINT\\system"))

    core.feed_records(record())

    assert [command.target for command in queued(core)] == ["a@contoso.com"]


RUN = {"failed": RULES["failed"] | {"match": {"repeated": 3, "within": "2h"}}}


class TestRuns:
    def test_of_history_are_left_alone(self, make):
        core = make(rules=RUN, mode="enforce")
        core.feed_records(*(record(at=-20 * HOUR + n * MINUTE) for n in range(5)))
        assert statuses(core) == ["blocked"]

    def test_the_newest_activity_decides_whichever_came_last(self, make):
        core = make(rules=RUN, mode="enforce")
        core.feed_records(record(), record(at=-90 * MINUTE), record(at=-100 * MINUTE))
        assert statuses(core) == ["queued"]

    def test_what_began_in_history_and_goes_on_is_acted_on_once(self, make):
        core = make(rules=RUN, mode="enforce")
        core.feed_records(*(record(at=-140 * MINUTE + n) for n in range(3)))
        blocked = core.commands()
        assert statuses(core) == ["blocked"]
        core.feed_records(record(at=-100 * MINUTE), record(at=-80 * MINUTE))
        assert core.commands() == blocked

        core.feed_records(record(at=-30 * MINUTE))
        core.feed_records(record(at=-10 * MINUTE))

        (command,) = core.commands()
        assert (command.status, command.last_activity) == ("queued", NOON - 30 * MINUTE)
        assert queued(core) == [command]

    def test_what_was_blocked_for_another_reason_stays_so(self, make):
        core = make(rules=RUN, mode="enforce", max_per_hour=0)
        core.feed_records(*(record(at=n) for n in range(3)))
        core.settings = settings(mode="enforce")
        core.use(core.policies)

        core.feed_records(record(at=3))

        assert statuses(core) == ["blocked"]

    @pytest.mark.parametrize("change", [{"status": "closed"}, {"merged_into": "another"}])
    def test_of_a_closed_alert_nothing_follows(self, make, change):
        core = make(rules=RUN, mode="enforce")
        core.feed_records(*(record(at=-140 * MINUTE + n) for n in range(3)), record(at=-100 * MINUTE), record(at=-80 * MINUTE))
        (alert,) = core.alerts()
        with core.store.transaction() as connection:
            raised_alerts.save(connection, replace(alert, **change))

        core.feed_records(record(at=-30 * MINUTE))

        assert statuses(core) == ["blocked"]
