"""A look back at the log: what a policy would have raised, with the present as it was then."""

from builders import MINUTE, NOON, load_rules, record

from casbd.activity_log import ActivityLog
from casbd.backtest.stored_log import would_have_raised


def looked_back(core, directory, rule, since=None, until=None):
    (policy,) = load_rules(directory, {"one": rule})
    return would_have_raised(policy, ActivityLog(core.store), since, until)


def test_a_disabled_policy_too_and_only_of_the_span(make_core, tmp_path):
    core = make_core()
    core.feed_records(*(record(at=number * MINUTE, Id=f"f{number}") for number in range(4)))
    found = looked_back(core, tmp_path / "rules", {"enabled": False}, NOON + MINUTE, NOON + 2 * MINUTE)
    assert [alert.first_activity for alert in found] == [NOON + MINUTE, NOON + 2 * MINUTE]


def test_within_days_counts_from_the_latest_activity_and_not_from_today(make_core, tmp_path):
    core = make_core()
    core.feed_records(*(record(at=number * 24 * 60 * MINUTE, Id=f"f{number}") for number in range(4)))
    found = looked_back(core, tmp_path / "rules", {"filters": {"timestamp": {"within_days": 1}}})
    assert len(found) == 4
    assert [alert.created for alert in found] == [alert.last_activity for alert in found]
