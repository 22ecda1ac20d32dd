"""A user whose investigation priority rises past that of nearly all others is an alert of its own."""

import pytest
from builders import HOUR, MINUTE, NOON, Core, failures, record, summary
from hypothesis import given, settings
from hypothesis import strategies as st

from casbd.alerting import handling
from casbd.habits.rise import Begun, Others, Rise, complete

DAY = 24 * HOUR
A = "a@contoso.com"


def rules(percentile=90, at_least=100, people=10, **more):
    """Three policies of 45 to 72 points, and the one that adds them up."""
    rise = {"filters": None, "match": {"priority": percentile, "at_least": at_least, "people": people}}
    return {
        "burst": {"severity": "high", "match": {"repeated": 3, "within": "5m"}},
        "on": {"filters": {"activity_type": {"eq": "Log on"}}},
        "off": {"filters": {"action_type": {"eq": "UserLoggedOff"}}},
        "rise": rise | more,
    }


def crowd(number=20, at=-5 * DAY):
    """So many users who did something, days before."""
    return [record(at=at, UserId=f"u{n}@contoso.com", Operation="FileAccessed") for n in range(number)]


def odd(user=A, at=0):
    """Alerts of 70 and of 45 about a user."""
    return [*failures(at, at + MINUTE, at + 2 * MINUTE, UserId=user), record(at=at + HOUR, UserId=user, Operation="UserLoggedIn")]


def rises(core):
    return [alert for alert in core.alerts() if alert.policy_id == "rise" and alert.merged_into is None and alert.status == "open"]


@pytest.fixture
def make(tmp_path):
    cores = []

    def make(**more):
        core = Core(tmp_path / f"{len(cores)}", rules=rules(**more))
        cores.append(core)
        return core

    yield make
    for core in cores:
        core.close()


class TestRises:
    def test_one_alert_with_the_numbers(self, make):
        core = make()
        core.feed_records(*crowd(), *odd())
        (alert,) = rises(core)
        assert (alert.user, alert.policy_type, alert.detection) == (A, "anomaly", "priority points")
        assert alert.evidence == "investigation priority 117 in 7 days (burst 72, on 45); nobody else of 20 users has as much"
        assert (alert.first_activity, alert.last_activity, alert.activity_count) == (NOON + HOUR, NOON + HOUR, 1)

    def test_it_grows_while_the_rise_lasts_and_the_next_rise_is_another(self, make):
        core = make()
        core.feed_records(*crowd(), *odd(), record(at=2 * HOUR, Operation="UserLoggedOff"))
        assert [alert.activity_count for alert in rises(core)] == [2]
        core.feed_records(*crowd(at=15 * DAY), *odd(at=20 * DAY))
        assert [alert.activity_count for alert in rises(core)] == [2, 1]

    def test_its_id_is_the_same_however_alerts_of_one_moment_are_cut(self, make):
        several = [record(at=0, Id=f"on-{n}", UserId=A, Operation="UserLoggedIn") for n in range(4)]
        ids = []
        for cut in ([several], [[one] for one in several], [[one] for one in reversed(several)]):
            core = make(at_least=45)
            core.feed_records(*crowd())
            for records in cut:
                core.feed_records(*records)
            (alert,) = rises(core)
            assert alert.activity_count == 4
            ids.append(alert.alert_id)
        assert len({*ids}) == 1

    @pytest.mark.parametrize(
        ("options", "number"),
        [({}, 1), ({"at_least": 118}, 0), ({"people": 21}, 0), ({"percentile": 95}, 1), ({"mode": "simulate"}, 0), ({"enabled": False}, 0)],
    )
    def test_only_with_points_and_people_enough(self, make, options, number):
        core = make(**options)
        core.feed_records(*crowd(), *odd())
        assert len(rises(core)) == number

    def test_not_where_many_others_have_as_much(self, make):
        core = make()
        core.feed_records(*crowd(), *(one for n in range(2) for one in odd(f"u{n}@contoso.com", at=-3 * DAY)))
        assert {alert.user for alert in rises(core)} == {"u0@contoso.com", "u1@contoso.com"}, "nobody had as much before them"
        core.feed_records(*odd())
        assert A not in {alert.user for alert in rises(core)}

    def test_who_is_new_is_compared_by_days_that_are_over(self, make):
        core = make()
        core.feed_records(*crowd(at=-HOUR), *odd())
        assert rises(core) == []

    def test_what_is_closed_as_nothing_adds_nothing(self, make):
        core = make()
        core.feed_records(*crowd(), *failures(0, MINUTE, 2 * MINUTE))
        with core.store.transaction() as connection:
            close = handling.closing("false_positive", None, "eva", NOON)
            handling.handle(connection, [alert.alert_id for alert in core.alerts()], close, {}, NOON)
        core.feed_records(record(at=HOUR, Operation="UserLoggedIn"))
        assert rises(core) == []

    def test_a_late_alert_moves_its_beginning_and_it_stays_one(self, make):
        core = make(at_least=70)
        core.feed_records(*crowd(), *failures(HOUR, HOUR + MINUTE, HOUR + 2 * MINUTE))
        core.feed_records(record(at=-HOUR, Operation="UserLoggedIn"), *failures(0, MINUTE, 2 * MINUTE))
        (alert,) = rises(core)
        assert (alert.first_activity, alert.activity_count) == (NOON, 2)

    def test_what_is_a_rise_no_longer_is_withdrawn_and_comes_back_when_it_is_one_again(self, make):
        """Of three alerts one turns out to be a part of another."""
        core = make(at_least=140)
        core.feed_records(*crowd(), *failures(0, MINUTE, 2 * MINUTE), *failures(8 * MINUTE, 9 * MINUTE, 10 * MINUTE))
        core.feed_records(record(at=HOUR, Operation="UserLoggedIn"))
        assert len(rises(core)) == 1
        core.feed_records(*failures(5 * MINUTE))
        assert rises(core) == []
        (alert,) = [alert for alert in core.alerts() if alert.policy_id == "rise"]
        assert (alert.status, alert.resolution, alert.closed_by) == ("closed", "benign", "casbd")
        core.feed_records(record(at=HOUR - 1000, Operation="UserLoggedOff"))
        assert [one.alert_id for one in rises(core)] == [alert.alert_id]

    def test_governance_and_outputs_are_those_of_every_policy(self, make):
        core = make(governance=[{"action": "suspend_user", "connector": "entra"}])
        core.now = NOON + HOUR
        core.feed_records(*crowd(), *odd())
        assert [(one.action, one.target, one.status) for one in core.commands()] == [("suspend_user", A, "dry_run")]
        assert [row.alert().policy_id for row in core.waiting() if row.alert().policy_id == "rise"] == ["rise"]


OTHERS = Others({f"u{n}": n for n in range(1, 21)}, 100)


@pytest.mark.parametrize(("percentile", "bar"), [(99, 20), (98, 19), (97.5, 18), (90, 11), (79, 0), (50, 0)])
def test_the_bar_is_what_so_few_others_have(percentile, bar):
    """Of 100 users, with 99: more than the one who has the most."""
    assert OTHERS.bar("a", percentile, 50) == bar
    assert OTHERS.bar("a", percentile, 101) is None


def test_storms_cost_little():
    parts = [Begun(NOON + n, f"{n}", "p", 45, f"{n}") for n in range(8 * 14 * 3)]
    assert [*Rise(priority=99, at_least=91, people=1).rises("a", parts, 0, lambda _: OTHERS)] == []
    assert complete(NOON) == NOON - 36 * HOUR


@settings(max_examples=15)
@given(
    st.lists(st.tuples(st.integers(-30, 60), st.sampled_from("ab"), st.sampled_from(["UserLoggedIn", "UserLoggedOff"])), max_size=12),
    st.randoms(use_true_random=False),
)
def test_neither_order_nor_cuts_change_anything(tmp_path_factory, moments, chance):
    records = [
        record(at=minute * 10 * MINUTE, Id=f"{n}", UserId=f"{user}@contoso.com", Operation=what)
        for n, (minute, user, what) in enumerate(moments)
    ]
    found = []
    for shuffled in (False, True):
        core = Core(tmp_path_factory.mktemp("rises"), rules=rules(at_least=60))
        core.feed_records(*crowd())
        if shuffled:
            for one in chance.sample(records, len(records)):
                core.feed_records(one)
                if chance.random() < 0.2:
                    core.reopen()
        else:
            core.feed_records(*records)
        found.append((summary(core), [(alert.user, alert.first_activity, alert.activity_count, alert.evidence) for alert in rises(core)]))
        core.close()
    assert sorted(found[0][1]) == sorted(found[1][1])
