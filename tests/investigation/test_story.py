"""The story of an alert, from a real store and log."""

import pytest
from builders import HOUR, MINUTE, NOON, failures, record, repeated
from msgspec.structs import replace

from casbd.activity_log import ActivityLog
from casbd.alerting import handling
from casbd.investigation.story import DAY, story_of
from casbd.investigation.timeline import timeline
from casbd.store.state import raised_alerts

BURST = repeated(3, severity="high", governance=[{"action": "suspend_user", "connector": "entra"}])


@pytest.fixture
def core(make_core):
    """A user who is at work, and then a burst from elsewhere."""
    core = make_core(rules=BURST | {"log-ons": {"filters": {"activity_type": {"eq": "Log on"}}, "mode": "simulate"}})
    work = [record(at=-day * DAY, Operation="UserLoggedIn", ClientIP="198.51.100.1") for day in range(1, 5)]
    core.feed_records(*work, *failures(*range(0, 30 * MINUTE, MINUTE)))
    return core


def burst(core, **fields):
    return next(alert for alert in core.alerts() if all(getattr(alert, name) == value for name, value in fields.items()))


def story(core, **fields):
    return story_of(core.store, burst(core, **fields))


class TestTimeline:
    def test_has_the_first_and_the_last_steps_and_says_how_many_are_between(self, core):
        found = story(core).timeline
        minutes = [(step.timestamp - NOON) // MINUTE for step in found.steps]
        assert (minutes, found.left_out) == ([*range(10), *range(20, 30)], 10)

    def test_a_value_is_new_the_first_time(self, core):
        new = story(core).timeline.new
        assert new == [["ip_address", "action_type"]] + [[]] * 19

    def test_of_somebody_who_did_nothing_before_nothing_is_said_to_be_new(self, core):
        core.feed_records(*failures(0, MINUTE, 2 * MINUTE, UserId="b@contoso.com"))
        assert story(core, user="b@contoso.com").timeline.new == [None] * 3

    def test_what_retention_removed_is_left_out(self, core):
        alert = replace(burst(core), activity_ids=("gone", *burst(core).activity_ids[:2]), activity_count=3)
        found = timeline(ActivityLog(core.store), alert, None)
        assert (len(found.steps), found.left_out, found.new) == (2, 1, [None, None])


def test_the_user_and_the_address(core):
    found = story(core)
    assert (found.user.user, found.user.activities, found.user.open_alerts) == ("a@contoso.com", 34, 1)
    assert [(one.value, one.activities) for one in found.user.ip_addresses] == [("203.0.113.7", 30), ("198.51.100.1", 4)]
    assert (found.address.ip_address, found.address.activities) == ("203.0.113.7", 30)


def test_policies_governance_and_advice(core):
    found = story(core)
    assert found.timeline.policies == {"burst": 30}
    assert [(command.action, command.alert_id) for command in found.governance] == [("suspend_user", found.alert.alert_id)]
    assert "did not do it" in found.advice.true_positive


def test_alerts_like_it_and_how_they_were_closed(core):
    for minute, user in ((100, "a"), (200, "a"), (300, "b"), (400, "b")):
        core.feed_records(*failures(*(minute * MINUTE + n * 1000 for n in range(3)), UserId=f"{user}@contoso.com"))
    core.feed_records(*failures(*(-100 * DAY + n * 1000 for n in range(3))))
    first = burst(core, activity_count=30)
    others = [alert for alert in core.alerts() if alert.alert_id != first.alert_id and alert.first_activity > NOON]
    with core.store.transaction() as connection:
        handling.handle(connection, [others[0].alert_id], handling.closing("benign", "travels", "eva", 1), {}, 1)
        handling.handle(connection, [others[2].alert_id], handling.closing("true_positive", None, "eva", 1), {}, 1)
        raised_alerts.save(connection, replace(others[3], merged_into=others[2].alert_id))
    similar = story_of(core.store, first).similar
    assert similar.same_policy_and_user == {"benign": 1, "open": 1}
    assert similar.same_policy == {"benign": 1, "open": 1, "true_positive": 1}
    assert [one.alert_id for one in similar.latest] == [others[1].alert_id, others[0].alert_id, others[2].alert_id]


def test_the_others_of_its_incident(core):
    core.feed_records(*failures(*(HOUR + n * 1000 for n in range(3)), UserId="b@contoso.com"))
    with core.store.transaction() as connection:
        for alert in core.alerts():
            raised_alerts.save(connection, replace(alert, incident_id="ab" * 16))
    assert [one.user for one in story(core, user="a@contoso.com").incident] == ["b@contoso.com"]


def test_of_an_alert_about_casbd_itself(core):
    alert = replace(burst(core), alert_id="0" * 32, user=None, ip_address=None, category="system", activity_ids=(), activity_count=0)
    found = story_of(core.store, alert)
    assert (found.user, found.address, found.timeline.steps, found.governance) == (None, None, [], [])
    assert found.advice.category == "system"
