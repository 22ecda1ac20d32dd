"""A flood of alerts is cut where it comes from, and said to be; all others are watched as before."""

import sqlite3

import msgspec
import pytest
from builders import HOUR, MINUTE, NOON, load_rules, record, settings
from msgspec.structs import replace

from casbd.alerting import flood
from casbd.alerting.flood import FIRST_ALERTS, MOST_HOURS, WHOLE, FloodGuard, Hours
from casbd.config.settings import Limits
from casbd.store.state import policy_counts


def met(guard, *hours, policy="one", subject="ann"):
    """How many of these activities raise an alert."""
    return sum(guard.raises(policy, subject, hour * HOUR) for hour in hours)


class TestFloodGuard:
    def test_three_hours_that_follow_each_other_are_added_up(self):
        guard = FloodGuard(10, {})
        assert met(guard, *[5] * 4, *[6] * 4, *[7] * 4) == 10

    def test_in_any_order(self):
        assert met(FloodGuard(10, {}), *[7] * 4, *[5] * 4, *[6] * 4) == 10

    def test_as_many_in_a_longer_time_are_no_flood(self):
        assert met(FloodGuard(10, {}), *[hour for hour in range(0, 90, 3) for _ in range(10)]) == 300

    def test_it_is_over_when_there_is_less(self):
        guard = FloodGuard(10, {})
        assert met(guard, *[5] * 30) == 10
        assert met(guard, 7) == 0
        assert met(guard, *[8] * 5) == 5

    def test_each_policy_for_itself(self):
        guard = FloodGuard(10, {})
        met(guard, *[5] * 30)
        assert met(guard, *[5] * 10, policy="two") == 10

    def test_each_subject_for_itself(self):
        guard = FloodGuard(10, {})
        met(guard, *[5] * 100_000)
        assert met(guard, 5, 5, subject="bob") == 2

    def test_a_policy_that_raises_too_much_raises_the_first_of_each_and_comes_to_an_end(self):
        guard = FloodGuard(10, {})
        assert [met(guard, *[5] * 5, subject=str(number)) for number in range(6)] == [5, 5, 3, 3, 3, 1]
        assert 5 + 5 + 3 * FIRST_ALERTS + 1 == 2 * 10

    def test_no_limit(self):
        assert met(FloodGuard(0, {}), *[5] * 50) == 50

    def test_the_hours_are_bounded_and_those_with_most_stay(self):
        guard = FloodGuard(10**6, {})
        met(guard, *[0] * 50, *range(1, 10 * MOST_HOURS))
        assert {len(own.met) for own in guard.hours_to_keep("one").values()} == {MOST_HOURS}
        guard.most = 50
        assert met(guard, 0) == 0

    def test_the_subjects_are_bounded_and_those_that_do_most_stay(self, monkeypatch):
        monkeypatch.setattr(flood, "MOST_SUBJECTS", 100)
        guard = FloodGuard(20, {})
        met(guard, *[5] * 20)
        for number in range(1000):
            met(guard, 50 + number * 3, subject=f"{number}")
        assert len(guard._hours["one"]) <= 101
        assert met(guard, 5) == 0

    def test_what_is_kept_goes_on_and_has_no_names(self):
        guard = FloodGuard(10, {})
        met(guard, *[5] * 10)
        kept = msgspec.msgpack.encode(guard.hours_to_keep("one"))
        assert b"ann" not in kept
        assert met(FloodGuard(10, {"one": msgspec.msgpack.decode(kept, type=dict[str, Hours])}), 5) == 0

    def test_only_who_comes_near_a_flood_is_kept(self):
        guard = FloodGuard(100, {})
        met(guard, *[5] * 9, subject="few")
        met(guard, *[5] * 10, subject="more")
        assert len(guard.hours_to_keep("one").keys() - {WHOLE}) == 1


class TestHours:
    @pytest.mark.parametrize(("hour", "number"), [(1, 0), (2, 6), (3, 10), (5, 12), (7, 12), (8, 10), (9, 8), (10, 2), (11, 0)])
    def test_the_three_that_have_most_around_one(self, hour, number):
        assert Hours({4: 6, 5: 4, 6: 2, 7: 6, 8: 2}).together(hour) == number

    @pytest.mark.parametrize(
        ("held", "since", "last", "number"),
        [
            ([5], 5, 5, 1),
            ([5, 8, 11], 5, 11, 3),
            ([5, 9], 9, 9, 1),
            ([5, 2], 5, 5, 2),
            ([5, 1], 1, 1, 1),
            ([5, 7, 6], 5, 7, 3),
        ],
    )
    def test_a_flood_goes_on_while_there_are_no_three_hours_without(self, held, since, last, number):
        hours = Hours({})
        for hour in held:
            hours.hold(hour)
        assert (hours.since, hours.last, hours.held) == (since, last, number)


@pytest.mark.parametrize(
    ("subject", "title", "text"),
    [
        (
            "eve",
            "noisy: a flood of eve",
            "eve met this policy more than 10 times in three hours. Further activities of eve are counted, without an alert each,"
            " until there are fewer again. Those of all others raise alerts as before.",
        ),
        (
            "",
            "noisy: too many alerts",
            "This policy raised 10 alerts in three hours. Until there are fewer again, of each user or address only the first 3 are"
            " raised, and the others are counted. Its filters may ask for too little.",
        ),
    ],
)
def test_what_is_said_of_a_flood(tmp_path, subject, title, text):
    (policy,) = load_rules(tmp_path, {"noisy": {}})
    alert = flood.alert_of(policy, subject, Hours({}, since=5, last=7, held=4), 10, NOON)
    assert (alert.title, alert.description, alert.policy_id, alert.created) == (title, text, "casbd.policy_flood", NOON)
    assert (alert.first_activity, alert.last_activity, alert.activity_count) == (5 * HOUR, 8 * HOUR - 1, 4)
    assert flood.alert_of(policy, subject, Hours({}, since=6), 10, NOON).alert_id != alert.alert_id


def limited(most):
    return replace(settings(), limits=Limits(policy_matches=most))


def failures(number, at=0, **fields):
    return [record(at=at + index, **fields) for index in range(number)]


@pytest.fixture
def core(make_core):
    return make_core(rules={"noisy": {}, "two": {"filters": {"user": {"eq": "nobody"}}}}, settings=limited(10))


def alerts(core):
    return [alert.user for alert in core.alerts() if alert.policy_type != "system"]


def told(core):
    return [alert for alert in core.alerts() if alert.policy_type == "system"]


def test_one_user_is_only_counted_and_that_is_said_once_and_others_are_watched(core):
    core.feed_records(*failures(10))
    assert (len(alerts(core)), told(core)) == (10, [])
    core.feed_records(*failures(5, HOUR))
    core.feed_records(*failures(5, 2 * HOUR), *failures(1, 2 * HOUR, UserId="b@contoso.com"))
    assert alerts(core) == ["a@contoso.com"] * 10 + ["b@contoso.com"]
    (one,) = told(core)
    assert one.title == "noisy: a flood of a@contoso.com"
    assert "a@contoso.com met this policy more than 10 times in three hours" in one.description
    assert (one.first_activity, one.activity_count) == (NOON + HOUR, 10), "since when, and how many were not raised"
    sent = [row.alert() for row in core.waiting() if row.alert().policy_type == "system"]
    assert [(alert.alert_id, alert.event) for alert in sent] == [(one.alert_id, "raised"), (one.alert_id, "updated")]
    assert policy_counts.counts(core.store.connection) == {"noisy": (21, 11)}, "all are counted"


def test_another_flood_is_said_again(core):
    for day in range(2):
        core.feed_records(*failures(20, day * 24 * HOUR))
    assert [alert.activity_count for alert in told(core)] == [10, 10]


def test_a_policy_that_meets_everything_is_told_and_raises_the_first_of_each(core):
    for user in range(8):
        core.feed_records(*failures(5, user, UserId=f"{user}@contoso.com"))
    assert len(alerts(core)) == 20
    (one,) = told(core)
    assert one.title == "noisy: too many alerts"
    assert one.activity_count == 20


def test_a_restart_goes_on_counting(core):
    core.feed_records(*failures(6))
    core.reopen()
    core.feed_records(*failures(6, MINUTE))
    assert len(alerts(core)) == 10
    core.reopen()
    core.feed_records(*failures(6, 2 * MINUTE))
    assert [alert.activity_count for alert in told(core)] == [8]


def test_what_an_older_casbd_counted_is_left_out(core):
    core.feed_records(*failures(5))
    body = msgspec.msgpack.encode({NOON // HOUR: 1000})
    core.store.connection.execute("UPDATE policies SET hours = ?", (body,))
    core.reopen()
    core.feed_records(*failures(5, MINUTE))
    assert len(alerts(core)) == 10


def test_a_changed_limit_is_that_from_now_on(core):
    core.feed_records(*failures(10))
    core.use(core.policies, limited(12))
    core.feed_records(*failures(5, MINUTE))
    assert len(alerts(core)) == 12


def test_a_commit_that_fails_changes_nothing(core, monkeypatch):
    def full(*_):
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(core.pipeline._memory.windows, "save", full)
        with pytest.raises(sqlite3.OperationalError):
            core.feed_records(*failures(11))
    core.pipeline.reload_state()
    core.feed_records(*failures(11))
    assert (len(alerts(core)), len(told(core))) == (10, 1)


@pytest.mark.parametrize(
    "match",
    [
        {"repeated": 100, "within": "3h"},
        {
            "sequence": [{"activity_type": {"eq": "Failed log on"}, "repeated": 50}, {"activity_type": {"eq": "Failed log on"}}],
            "within": "1h",
        },
    ],
)
def test_a_run_is_one_alert_however_long_it_is(make_core, match):
    core = make_core(rules={"burst": {"filters": {"app": {"isset": True}}, "match": match}}, settings=limited(10))
    core.feed_records(*failures(150))
    assert [alert.activity_count for alert in core.alerts()] == [150]


def test_a_simulated_policy_goes_on(core):
    core.use([replace(policy, mode="simulate") for policy in core.policies], core.settings)
    core.feed_records(*failures(11))
    assert policy_counts.counts(core.store.connection) == {"noisy": (11, 11)}


def test_no_limit(core):
    core.use(load_rules(core.directory / "more", {"noisy": {}}), limited(0))
    core.feed_records(*failures(50))
    assert len(alerts(core)) == 50
