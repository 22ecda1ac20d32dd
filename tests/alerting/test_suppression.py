"""Alerts that are stored and not sent, and that it is said how many."""

import pytest
from builders import HOUR, MINUTE, load_rules, record

RULES = {"quiet": {"alert": {"suppress": "1h"}}}


def failure(user="a@contoso.com"):
    return record(UserId=user)


def sent(core):
    """What outputs get, in order: policy and user, or the title of what is said."""
    rows = [row.alert() for row in core.waiting()]
    return [alert.title if alert.policy_type == "system" else (alert.policy_id, alert.user) for alert in rows]


@pytest.fixture
def core(make_core):
    return make_core(rules=RULES)


def later(core, milliseconds):
    core.now += milliseconds


class TestSuppress:
    def test_of_one_subject_nothing_more_is_sent_for_a_while(self, core):
        core.feed_records(*[failure() for _ in range(3)], failure("b@contoso.com"))
        assert sent(core) == [("quiet", "a@contoso.com"), ("quiet", "b@contoso.com")]
        assert sorted(alert.suppressed for alert in core.alerts()) == [False, False, True, True]

    def test_it_is_said_how_many_when_the_time_is_over(self, core):
        core.feed_records(*[failure() for _ in range(3)])
        later(core, HOUR - 1)
        assert not core.pipeline.tell_held_back()
        later(core, 1)
        assert core.pipeline.tell_held_back()
        assert not core.pipeline.tell_held_back()
        assert sent(core) == [("quiet", "a@contoso.com"), "2 more of quiet"]
        (told,) = [alert for alert in core.alerts() if alert.policy_type == "system"]
        assert told.description == (
            "2 more alerts of this policy were raised for a@contoso.com since 2026-01-01T12:00:00.000Z,"
            " and stored without being sent (suppress)."
        )

    def test_it_is_said_before_the_next_one(self, core):
        core.feed_records(failure(), failure())
        later(core, HOUR)
        core.feed_records(failure())
        assert sent(core) == [("quiet", "a@contoso.com"), "1 more of quiet", ("quiet", "a@contoso.com")]

    def test_of_one_alert_it_is_said_in_the_singular(self, core):
        core.feed_records(failure(), failure())
        later(core, HOUR)
        core.pipeline.tell_held_back()
        (told,) = [alert for alert in core.alerts() if alert.policy_type == "system"]
        assert told.description == (
            "1 more alert of this policy was raised for a@contoso.com since 2026-01-01T12:00:00.000Z,"
            " and stored without being sent (suppress)."
        )

    def test_nothing_is_said_where_nothing_was_held_back(self, core):
        core.feed_records(failure())
        later(core, 2 * HOUR)
        assert not core.pipeline.tell_held_back()

    def test_a_restart_forgets_nothing(self, core):
        core.feed_records(failure())
        core.reopen()
        core.feed_records(failure())
        later(core, HOUR)
        core.reopen()
        assert core.pipeline.tell_held_back()
        assert sent(core) == [("quiet", "a@contoso.com"), "1 more of quiet"]

    def test_a_shorter_time_counts_from_the_same_beginning(self, core, tmp_path):
        core.feed_records(failure())
        later(core, 10 * MINUTE)
        core.use(load_rules(tmp_path / "other", {"quiet": {"alert": {"suppress": "5m"}}}))
        core.feed_records(failure())
        assert len(sent(core)) == 2

    def test_a_clock_that_was_set_back_does_not_make_it_longer(self, core):
        core.feed_records(failure())
        later(core, -30 * 24 * HOUR)
        core.feed_records(failure())
        assert sent(core) == [("quiet", "a@contoso.com")] * 2

    def test_what_was_held_back_of_a_policy_that_is_gone_is_said(self, core):
        core.feed_records(failure(), failure())
        core.use([])
        assert core.pipeline.tell_held_back()
        assert sent(core)[-1] == "1 more of quiet"

    def test_a_run_that_grows_is_no_new_alert(self, make_core):
        core = make_core(rules={"burst": {"match": {"repeated": 2, "within": "1m", "by": "ip_address"}, "alert": {"suppress": "1h"}}})
        core.feed_records(record(at=0), record(at=1), record(at=2), record(at=10 * MINUTE), record(at=10 * MINUTE + 1))
        assert [alert.suppressed for alert in core.alerts()] == [False, True]
        later(core, HOUR)
        core.pipeline.tell_held_back()
        (told,) = [alert for alert in core.alerts() if alert.policy_type == "system"]
        assert "for 203.0.113.7 since" in told.description

    def test_a_simulated_policy_holds_nothing_back(self, make_core):
        core = make_core(rules={"quiet": {"mode": "simulate", "alert": {"suppress": "1h"}}})
        core.feed_records(failure(), failure())
        later(core, HOUR)
        assert not core.pipeline.tell_held_back()


class TestDailyLimit:
    def test_it_is_said_how_many_when_the_day_is_over(self, make_core):
        core = make_core(rules={"many": {"alert": {"daily_limit": 2}}})
        core.feed_records(*[failure(f"{number}@contoso.com") for number in range(5)])
        later(core, 12 * HOUR - 1)
        assert not core.pipeline.tell_held_back()
        later(core, 1)
        assert core.pipeline.tell_held_back()
        assert sent(core)[2:] == ["3 more of many"]

    def test_alerts_held_back_for_their_subject_do_not_use_up_the_day(self, make_core):
        core = make_core(rules={"many": {"alert": {"daily_limit": 2, "suppress": "1h"}}})
        core.feed_records(*[failure() for _ in range(5)], failure("b@contoso.com"), failure("c@contoso.com"))
        assert sent(core) == [("many", "a@contoso.com"), ("many", "b@contoso.com")]

    def test_how_many_were_held_back_before_is_said_though_the_next_one_is_held_back_too(self, make_core):
        core = make_core(rules={"many": {"alert": {"daily_limit": 1, "suppress": "1h"}}})
        core.feed_records(failure(), failure())
        later(core, HOUR)
        core.feed_records(failure())
        assert sent(core) == [("many", "a@contoso.com"), "1 more of many"]
        assert not core.pipeline.tell_held_back()
