"""What one commit makes of alerts that others have changed meanwhile: merged, closed by a person, removed by retention."""

import pytest
from builders import HOUR, MINUTE, NOON, chunk, record, settings
from msgspec.structs import replace

from casbd.alerting.raising import MOST_IDS
from casbd.config.settings import Limits
from casbd.store.state import input_progress, raised_alerts

BURST = {"burst": {"match": {"repeated": 2, "within": "5m"}, "governance": [{"action": "suspend_user", "connector": "entra"}]}}


@pytest.fixture
def core(make_core):
    return make_core(rules=BURST, settings=settings(mode="enforce"))


def feed(core, *minutes, **fields):
    return core.feed_records(*(record(at=minute * MINUTE, **fields) for minute in minutes))


def remove(core, alert):
    """As retention does."""
    core.store.connection.execute("DELETE FROM alerts WHERE alert_id = ?", (alert.alert_id,))


def change(core, alert, **fields):
    with core.store.transaction() as connection:
        raised_alerts.save(connection, replace(alert, **fields))


def test_a_run_whose_alert_is_gone_goes_on_without_one(core):
    feed(core, 0, 1)
    remove(core, *core.alerts())
    assert feed(core, 2) == 0
    assert core.alerts() == []


def test_a_run_that_joins_one_whose_alert_is_gone_has_what_it_still_has(core):
    feed(core, 0, 1)
    feed(core, 8, 9)
    earlier, later = core.alerts()
    remove(core, later)
    assert feed(core, 5) == 0
    (alert,) = core.alerts()
    assert (alert.alert_id, alert.activity_count, alert.merged_into) == (earlier.alert_id, 3, None)


def test_what_comes_to_a_run_that_was_joined_is_the_earlier_alerts(core):
    """The middle run joins the last one, and then the first one joins both: what grows is at the end of the chain."""
    feed(core, 10, 11)
    feed(core, 18, 19)
    feed(core, 14)
    feed(core, 0, 1)
    feed(core, 5)
    others = core.alerts()[1:]
    assert [one.merged_into is None for one in others] == [False, False]
    assert feed(core, 20) == 0
    assert core.alerts()[0].activity_count == 9
    assert core.alerts()[1:] == others


def test_two_runs_that_one_commit_opens_and_joins(core):
    feed(core, 0, 1, 8, 9, 5)
    earlier, later = core.alerts()
    assert (earlier.activity_count, len(earlier.activity_ids), earlier.last_activity) == (5, 5, NOON + 9 * MINUTE)
    assert later.merged_into == earlier.alert_id
    assert [row.alert().alert_id for row in core.waiting()] == [earlier.alert_id]
    assert [command.alert_id for command in core.commands()] == [earlier.alert_id], "of what became a part of another one, none"


def test_an_alert_that_a_person_closed_grows_and_asks_for_nothing_more(core):
    core.use(core.policies, settings(mode="dry_run"))
    feed(core, 0, 1)
    (before,) = core.alerts()
    change(core, before, status="closed", comment="known")
    core.use(core.policies, settings(mode="enforce"))
    feed(core, 2)
    (alert,) = core.alerts()
    assert (alert.status, alert.comment, alert.activity_count) == ("closed", "known", 3)
    assert [command.status for command in core.commands()] == ["dry_run"]


def test_a_flood_alert_that_a_person_closed_stays_closed_and_counts_on(make_core):
    core = make_core(rules={"noisy": {}}, settings=replace(settings(), limits=Limits(policy_matches=2)))
    feed(core, 0, 1, 2)
    (flood,) = [alert for alert in core.alerts() if alert.policy_type == "system"]
    change(core, flood, status="closed", comment="known")
    feed(core, 70, 71)
    (now,) = [alert for alert in core.alerts() if alert.policy_type == "system"]
    assert now == replace(
        flood, event="updated", changed=core.now, status="closed", comment="known", activity_count=3, last_activity=NOON + 2 * HOUR - 1
    )
    assert [row.alert().event for row in core.waiting()] == ["raised"] * 3 + ["updated"]


def test_where_only_the_position_moved_the_input_has_said_nothing(core):
    core.feed(chunk([]))
    assert input_progress.counts(core.store.connection) == {}
    assert len(input_progress.positions(core.store.connection)) == 1


def test_an_alert_of_many_grows_commit_by_commit_and_lists_the_first_ones(core):
    for start in range(0, 1200, 400):
        core.feed_records(*(record(at=number * 1000) for number in range(start, start + 400)))
    (alert,) = core.alerts()
    assert (alert.activity_count, len(alert.activity_ids), alert.last_activity) == (1200, MOST_IDS, NOON + 1199 * 1000)
    assert alert.activity_ids[-1] == sorted(core.activities(), key=lambda one: one.timestamp)[MOST_IDS - 1].activity_id


@pytest.mark.parametrize("left", [[], ["disabled"]])
def test_what_was_scanned_before_a_policy_was_taken_out_is_not_counted_for_it(core, left):
    batch = core.scanner.scan(chunk([record(), record(at=MINUTE)]))
    core.pipeline.use(core.settings, [replace(policy, enabled=False) for policy in core.policies for _ in left])
    assert core.pipeline.commit([batch]) == 0
    assert core.store.connection.execute("SELECT count(*) FROM window_journal").fetchone() == (0,)
