"""`alert: {each: ...}`: what a policy that looks at single activities raises for one subject in some time is one alert."""

import pytest
from builders import HOUR, MINUTE, NOON, Core, load_rules, record, settings, summary
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from msgspec.structs import replace

from casbd.alerting import suppression
from casbd.backtest.trial import alerts_of
from casbd.config.settings import Limits
from casbd.policies.explain import sentence
from casbd.store.state.policy_counts import counts

SECOND = 1000
DAY = 24 * HOUR


def each(length="1h", **more):
    """The rule `failed`: an alert for failed log ons that follow each other within a length of time."""
    return {"failed": {"alert": {"each": length} | more.pop("alert", {})} | more}


class TestSeries:
    def test_it_is_one_alert_of_a_single_activity_policy_that_grows(self, make_core):
        core = make_core(rules=each())
        assert core.feed_records(*[record(at=n * 10 * MINUTE, Id=f"{n}") for n in range(3)]) == 1
        core.reopen()
        assert core.feed_records(record(at=70 * MINUTE, Id="3"), record(at=131 * MINUTE, Id="later")) == 1

        first, second = core.alerts()
        assert (first.policy_type, first.user, first.title) == ("activity", "a@contoso.com", "failed")
        assert (first.activity_count, first.activity_ids) == (4, ("0", "1", "2", "3"))
        assert (first.first_activity, first.last_activity) == (NOON, NOON + 70 * MINUTE)
        assert (second.activity_count, second.activity_ids) == (1, ("later",))
        assert counts(core.store.connection) == {"failed": (5, 2)}
        assert [row.kind for row in core.waiting()] == ["alert", "alert"]

    def test_an_activity_each_is_what_it_is_without(self, make_core):
        core = make_core(rules=each("activity"))
        core.feed_records(record(), record(at=SECOND))
        assert [alert.activity_count for alert in core.alerts()] == [1, 1]

    def test_a_repeat_raises_nothing_and_adds_nothing(self, make_core):
        core = make_core(rules=each())
        one = record()
        core.feed_records(one, one)
        core.reopen()
        assert core.feed_records(one) == 0
        assert [alert.activity_count for alert in core.alerts()] == [1]

    def test_whose_a_series_is(self, make_core):
        """A user's, without one an address's, without that the app's: nobody's activities are alerts, too."""
        core = make_core(rules=each())
        core.feed_records(
            *(
                record(at=n, UserId=who, ClientIP=f"203.0.113.{n}")
                for n, who in enumerate(["a@contoso.com", "A@contoso.com", "b@contoso.com"])
            ),
            *(record(at=n, UserId=None, ClientIP=address) for n, address in enumerate(["203.0.113.7", "203.0.113.7", "203.0.113.8"])),
            *(record(at=n, UserId=None, ClientIP=None) for n in range(2)),
        )
        found = sorted((alert.user or "", alert.ip_address or "", alert.activity_count) for alert in core.alerts())
        assert found == [
            ("", "", 2),
            ("", "203.0.113.7", 2),
            ("", "203.0.113.8", 1),
            ("a@contoso.com", "203.0.113.0", 2),
            ("b@contoso.com", "203.0.113.2", 1),
        ]

    def test_two_series_that_a_late_record_joins_are_one(self, make_core):
        core = make_core(rules=each())
        core.feed_records(record())
        core.feed_records(record(at=2 * HOUR))
        assert core.feed_records(record(at=HOUR)) == 0
        first, second = core.alerts()
        assert (first.activity_count, first.merged_into, second.merged_into) == (3, None, first.alert_id)

    @examples(max_examples=25)
    @given(st.lists(st.integers(0, 40), min_size=1, max_size=30), st.randoms(use_true_random=False), st.data())
    def test_the_same_in_any_order_and_any_cuts_with_restarts(self, tmp_path_factory, minutes, chance, data):
        records = [record(at=minute * MINUTE, Id=f"{number}") for number, minute in enumerate(minutes)]
        shuffled = chance.sample(records, len(records))
        cores = [Core(tmp_path_factory.mktemp("each"), rules=each("3m")) for _ in range(2)]
        cores[0].feed_records(*records)
        while shuffled:
            cut = data.draw(st.integers(1, len(shuffled)))
            cores[1].feed_records(*shuffled[:cut])
            cores[1].reopen()
            shuffled = shuffled[cut:]
        assert summary(cores[0]) == summary(cores[1])
        assert sum(count for *_, count in summary(cores[0])) == len(records)
        for core in cores:
            core.close()


class TestWithAllElse:
    def test_governance_is_asked_for_once_a_series(self, make_core):
        acts = {"governance": [{"action": "suspend_user", "connector": "entra"}]}
        core = make_core(rules=each(**acts), settings=settings(mode="enforce"))
        core.feed_records(record(), record(at=MINUTE))
        core.feed_records(record(at=2 * MINUTE))
        assert [(command.target, command.status) for command in core.commands()] == [("a@contoso.com", "queued")]

    def test_suppress_holds_back_the_next_series_of_the_subject(self, make_core):
        core = make_core(rules=each(alert={"suppress": "1h"}))
        core.feed_records(record(), record(at=MINUTE), record(at=3 * HOUR), record(at=3 * HOUR + 1, UserId="b@contoso.com"))
        assert [(alert.user, alert.suppressed) for alert in core.alerts()] == [
            ("a@contoso.com", False),
            ("a@contoso.com", True),
            ("b@contoso.com", False),
        ]
        core.now += 2 * HOUR
        assert [alert.title for alert in suppression.over(core.store.connection, {p.id: p for p in core.policies}, core.now)]

    def test_daily_limit_counts_series(self, make_core):
        core = make_core(rules=each(alert={"daily_limit": 2}))
        core.feed_records(*(record(at=n * MINUTE, UserId=f"{n % 3}@contoso.com") for n in range(30)))
        assert sorted(alert.suppressed for alert in core.alerts()) == [False, False, True]

    def test_a_flood_of_series_is_cut_and_one_that_was_not_raised_stays_so(self, make_core):
        core = make_core(rules=each(), settings=replace(settings(), limits=Limits(policy_matches=3)))
        people = [f"{number}@contoso.com" for number in range(20)]
        core.feed_records(*(record(at=n, UserId=who) for n, who in enumerate(people)))
        raised = [alert for alert in core.alerts() if alert.policy_type == "activity"]
        assert len(raised) == 6
        core.reopen()
        core.feed_records(*(record(at=MINUTE + n, UserId=who) for n, who in enumerate(people)))
        assert [alert.activity_count for alert in core.alerts() if alert.policy_type == "activity"] == [2] * 6
        assert [alert.title for alert in core.alerts() if alert.policy_type == "system"] == ["failed: too many alerts"]

    def test_a_million_activities_of_one_user_are_no_flood(self, make_core):
        core = make_core(rules=each(), settings=replace(settings(), limits=Limits(policy_matches=3)))
        core.feed_records(*(record(at=n * SECOND) for n in range(50)))
        assert [alert.activity_count for alert in core.alerts()] == [50]

    def test_a_simulated_policy_counts_series_and_raises_none(self, make_core):
        core = make_core(rules=each(mode="simulate"))
        core.feed_records(record(), record(at=MINUTE))
        core.feed_records(record(at=2 * MINUTE))
        assert core.alerts() == []
        assert counts(core.store.connection) == {"failed": (3, 1)}

    def test_a_backtest_raises_the_same(self, make_core):
        core = make_core(rules=each())
        core.feed_records(record(), record(at=MINUTE), record(at=3 * HOUR), record(at=HOUR, UserId=None))
        tried = alerts_of(core.policies[0], core.activities(), lambda: NOON)
        assert sorted((a.alert_id, a.activity_count, a.activity_ids) for a in tried) == sorted(
            (a.alert_id, a.activity_count, a.activity_ids) for a in core.alerts()
        )

    @pytest.mark.parametrize(
        ("length", "told"),
        [
            ("7d", "each series of activities of the same user (without one, of the same address) within 7d where"),
            ("activity", "every activity where"),
        ],
    )
    def test_what_it_means(self, tmp_path, length, told):
        (policy,) = load_rules(tmp_path, each(length))
        assert told in sentence(policy)
