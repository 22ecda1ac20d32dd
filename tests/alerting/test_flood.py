"""A policy that meets far too much is switched off, and said to be."""

import os
import sqlite3

import pytest
from builders import HOUR, MINUTE, load_rules, record, settings
from msgspec.structs import replace

from casbd.alerting.flood import MOST_HOURS, FloodGuard
from casbd.config.settings import Limits
from casbd.store import audit
from casbd.store import policies as policy_store


class TestFloodGuard:
    def test_three_hours_that_follow_each_other_are_added_up(self):
        guard = FloodGuard({})
        assert [guard.add("one", hour, 10) for hour in (5, 6, 7, 8)] == [10, 20, 30, 30]

    def test_in_any_order(self):
        guard = FloodGuard({})
        assert [guard.add("one", hour, 10) for hour in (7, 5, 6)] == [10, 20, 30]

    def test_each_policy_for_itself(self):
        guard = FloodGuard({"one": {5: 10}})
        assert (guard.add("two", 5, 1), guard.add("one", 5, 1)) == (1, 11)

    def test_the_hours_are_bounded_and_those_with_most_stay(self):
        guard = FloodGuard({})
        guard.add("one", 0, 50)
        for hour in range(1, 10 * MOST_HOURS):
            guard.add("one", hour, 1)
        assert len(guard.hours["one"]) == MOST_HOURS
        assert guard.add("one", 0, 1) >= 51


def limited(most):
    return settings().model_copy(update={"limits": Limits(policy_matches=most)})


def failures(number, at=0):
    return [record(at=at + index) for index in range(number)]


@pytest.fixture
def core(make_core):
    return make_core(rules={"noisy": {}, "two": {"filters": {"user": {"eq": "nobody"}}}}, settings=limited(10))


def alerts(core):
    return [alert.policy_id for alert in core.alerts() if alert.policy_type != "system"]


def test_it_raises_no_more_and_that_is_said(core):
    core.feed_records(*failures(10))
    assert len(alerts(core)) == 10
    assert not core.pipeline.flooding
    core.feed_records(*failures(1, HOUR))
    core.feed_records(*failures(5, 2 * HOUR))
    assert len(alerts(core)) == 11
    assert core.pipeline.flooding
    (told,) = [alert for alert in core.alerts() if alert.policy_type == "system"]
    assert told.title == "Policy noisy is switched off"
    assert "11 activities in three hours, more than 10" in told.description
    assert core.waiting()[-1].alert() == told, "it is sent like any other"


def test_as_many_in_a_longer_time_are_no_flood(core):
    for hour in range(0, 100, 3):
        core.feed_records(*failures(10, hour * HOUR))
    assert not core.pipeline.flooding


def test_a_restart_goes_on_counting(core):
    core.feed_records(*failures(6))
    core.reopen()
    core.feed_records(*failures(6, MINUTE))
    assert core.pipeline.flooding


def test_it_is_off_until_its_file_is_touched(core):
    core.feed_records(*failures(11))
    paths = {policy.id: policy.path for policy in core.policies}
    assert policy_store.switched_off(core.store.connection, paths).keys() == {"noisy"}
    os.utime(paths["noisy"], ns=(1, 1))
    assert policy_store.switched_off(core.store.connection, paths) == {}


def test_it_counts_afresh_when_it_is_on_again(core):
    core.feed_records(*failures(11))
    policies = core.policies
    core.use(policies, core.settings)  # as after its file was touched
    core.reopen()
    before = len(alerts(core))
    core.feed_records(*failures(10, HOUR))
    assert len(alerts(core)) == before + 10
    assert not core.pipeline.flooding


def test_a_commit_that_fails_changes_nothing(core, monkeypatch):
    def full(*_):
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(core.pipeline._windows, "save", full)
        with pytest.raises(sqlite3.OperationalError):
            core.feed_records(*failures(11))
    assert not core.pipeline.flooding
    core.pipeline.reload_state()
    core.feed_records(*failures(11))
    assert len(alerts(core)) == 11
    assert core.pipeline.flooding


def test_a_sequence_is_not_switched_off_for_one_of_its_steps(make_core):
    steps = [{"activity_type": {"eq": "Failed log on"}}, {"activity_type": {"eq": "Log on"}}]
    core = make_core(
        rules={"rare": {"filters": {"app": {"isset": True}}, "match": {"sequence": steps, "within": "1h"}}}, settings=limited(10)
    )
    core.feed_records(*failures(50))
    assert not core.pipeline.flooding


def test_a_simulated_policy_goes_on(core, tmp_path):
    core.use([replace(policy, mode="simulate") for policy in core.policies], core.settings)
    core.feed_records(*failures(11))
    assert not core.pipeline.flooding


def test_a_repeated_policy_is_switched_off_too(make_core, tmp_path):
    core = make_core(rules={"burst": {"match": {"repeated": 100, "within": "3h"}}}, settings=limited(10))
    core.feed_records(*failures(11))
    assert core.pipeline.flooding


def test_no_limit(core):
    core.use(load_rules(core.directory / "more", {"noisy": {}}), limited(0))
    core.feed_records(*failures(50))
    assert not core.pipeline.flooding


def test_is_noted_in_the_audit_trail_in_the_same_transaction(core):
    core.feed_records(*failures(11))
    [entry] = audit.listed(core.store.connection)
    assert (entry.at, entry.who, entry.action, entry.target) == (core.now, "casbd", "policies switched off", "noisy")
    assert entry.detail == {"matches": 11}
