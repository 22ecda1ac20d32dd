"""What had been counted when an activity came, for `policies explain`."""

from builders import MINUTE, record

from casbd.activity_log import ActivityLog
from casbd.counting.last_window import StepCount, window_of


def last_window(make_core, rule, activity_id, *records):
    core = make_core(rules={"one": rule})
    core.feed_records(*records)
    (policy,) = core.policies
    activity = ActivityLog(core.store).get(activity_id)
    assert activity is not None
    assert policy.match is not None
    return window_of(core.store, policy.match, policy.window_key, activity)


def failures(*users):
    return [record(at=number * MINUTE, Id=f"f{number}", UserId=user) for number, user in enumerate(users)]


def test_repeated_activities_until_then_and_no_later_ones(make_core):
    found = last_window(make_core, {"match": {"repeated": 3, "within": "5m"}}, "f1", *failures("a", "a", "a", "b"))
    assert (found.by, found.subject, found.counted, found.counts, found.needed) == (["user"], ["a"], 2, "activities", 3)
    assert (found.steps, found.within) == (None, 5 * MINUTE)
    assert found.alert_id is not None  # it is part of the run that the next one completes


def test_those_older_than_the_window_are_not_counted(make_core):
    found = last_window(make_core, {"match": {"repeated": 3, "within": "90s"}}, "f3", *failures("a", "a", "a", "a"))
    assert (found.counted, found.alert_id) == (2, None)


def test_different_values(make_core):
    rule = {"match": {"repeated": 5, "within": "1h", "by": "ip_address", "unique": "user"}}
    found = last_window(make_core, rule, "f3", *failures("a", "b", "a", "b"))
    assert (found.by, found.counts, found.counted) == (["ip_address"], "user", 2)


def test_a_sequence_has_its_steps(make_core):
    steps = [{"activity_type": {"eq": "Failed log on"}, "repeated": 2}, {"activity_type": {"eq": "Log on"}}]
    rule = {"filters": {"user": {"isset": True}}, "match": {"sequence": steps, "within": "1h"}}
    found = last_window(make_core, rule, "f2", *failures("a", "a", "a"))
    assert found.steps == [StepCount(3, 2), StepCount(0, 1)]
    assert (found.counts, found.counted, found.needed) == ("steps", 1, 2)


def test_what_is_in_the_record_alone(make_core):
    rule = {"match": {"repeated": 2, "within": "1h", "by": "raw.Workload"}}
    found = last_window(make_core, rule, "f0", *failures("a"))
    assert (found.subject, found.counted) == ([["AzureActiveDirectory"]], 1)


def test_whose_subject_is_unknown_is_nobodys(make_core):
    found = last_window(make_core, {"match": {"repeated": 2, "within": "1h"}}, "f0", *failures(None))
    assert (found.subject, found.counted, found.alert_id) == (None, None, None)
