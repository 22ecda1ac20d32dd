"""Investigation priority: what alerts add to it, and what people do with that."""

import pytest
from builders import HOUR, MINUTE, NOON, Core, failures, record
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from casbd.alerting import handling, priority, telling
from casbd.alerting.raising import system
from casbd.model.alert import RESOLUTIONS, Alert
from casbd.store.state import priority as stored
from casbd.store.state import raised_alerts

DAY = 24 * HOUR
A = "a@contoso.com"
ONE = {"only": {"severity": "medium", "filters": {"activity_type": {"eq": "Log on"}}}}
RULES = {"burst": {"severity": "high", "match": {"repeated": 3, "within": "5m"}}, **ONE}
ALERT = Alert(
    alert_id="1",
    policy_id="p",
    policy_name="P",
    policy_type="activity",
    severity="low",
    user=A,
    country="NO",
    last_activity=NOON,
    risk_score=20,
)


@pytest.fixture
def core(make_core):
    return make_core(rules=RULES)


def logons(*days, **fields):
    return [record(at=round(day * DAY), Operation="UserLoggedIn", **fields) for day in days]


def scores(core, until=NOON + DAY):
    return stored.scores(core.store.connection, until)


def adds(core, until=NOON + DAY, who=A):
    return [part.adds for part in stored.parts(core.store.connection, until, who)]


def save(core, *alerts):
    with core.store.transaction() as connection:
        for alert in alerts:
            telling.add(connection, alert, {}, NOON)


def handle(core, how, *ids):
    with core.store.transaction() as connection:
        handling.handle(connection, ids or [alert.alert_id for alert in core.alerts()], how, {}, core.now)


def close(core, resolution, *ids):
    handle(core, handling.closing(resolution, None, "eva", core.now), *ids)


def change(core, what):
    with core.store.transaction() as connection:
        return what(connection, [A])


class TestWhatAnAlertIsWorth:
    @pytest.mark.parametrize(
        ("changes", "points"),
        [
            ({}, 20),
            ({"risk_score": None}, 20),
            ({"unusual": 1.0}, 20),
            ({"unusual": 0.0}, 10),
            ({"unusual": 0.5}, 15),
            ({"unusual": 7.0}, 20),
        ],
    )
    def test_its_risk_by_how_unusual_it_is(self, changes, points):
        assert priority.points(replace(ALERT, **changes)) == points

    @pytest.mark.parametrize("changes", [{"user": None}, {"policy_type": "system"}, {"detection": "priority points"}])
    def test_what_is_about_nobody_about_casbd_or_about_the_priority_adds_nothing(self, core, changes):
        save(core, replace(ALERT, **changes), system("x", "x", "x", subject="x", moment=NOON, now=NOON))
        assert scores(core) == {}

    def test_what_was_held_back_counts(self, core):
        save(core, replace(ALERT, suppressed=True))
        assert scores(core) == {A: 20}

    def test_who_is_no_address_is_somebody_else_in_each_instance(self, core):
        for number, instance in enumerate(["1", "2", "2"]):
            save(core, replace(ALERT, alert_id=f"{number}", policy_id=f"p{number}", user="bob", app="AWS", app_instance=instance))
        assert scores(core) == {'["bob", "aws", "1"]': 20, '["bob", "aws", "2"]': 40}


class TestTheSum:
    def test_it_is_of_seven_days_of_event_time(self, core):
        core.feed_records(*logons(0))
        at = NOON
        assert [scores(core, until) for until in (at - 1, at, at + 7 * DAY - 1, at + 7 * DAY)] == [{}, {A: 45}, {A: 45}, {}]

    def test_a_growing_alert_counts_once_and_by_when_it_was_last(self, core):
        core.feed_records(*failures(0, MINUTE, 2 * MINUTE))
        assert adds(core) == [72]
        core.feed_records(*failures(3 * MINUTE))
        assert adds(core) == [74]
        assert adds(core, NOON + 2 * MINUTE) == []

    def test_of_several_of_one_policy_the_later_ones_add_less(self, core):
        core.feed_records(*logons(0, 0.1, 0.2, 0.3), *failures(0, MINUTE, 2 * MINUTE))
        assert adds(core) == [72, 45, 22, 11, 5]
        core.feed_records(*logons(*[0.4] * 200))
        assert 72 + 45 < scores(core)[A] <= 72 + 2 * 45

    def test_what_became_a_part_of_another_leaves(self, core):
        core.feed_records(*failures(0, MINUTE, 2 * MINUTE), *failures(8 * MINUTE, 9 * MINUTE, 10 * MINUTE))
        assert adds(core) == [72, 36]
        core.feed_records(*failures(5 * MINUTE))
        assert adds(core) == [74]

    def test_what_is_removed_by_retention_leaves_with_what_it_taught(self, core):
        core.feed_records(*logons(0))
        close(core, "false_positive")
        with core.store.transaction() as connection:
            raised_alerts.prune(connection, NOON + DAY)
        for table in ("priority_parts", "priority_lessons"):
            assert core.store.connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)


class TestClosing:
    @pytest.mark.parametrize(("resolution", "left"), [("true_positive", [45]), ("benign", []), ("false_positive", [])])
    def test_what_was_nothing_takes_its_part_away_and_reopening_gives_it_back(self, core, resolution, left):
        core.feed_records(*logons(0))
        close(core, resolution)
        assert adds(core) == left
        handle(core, handling.reopening())
        assert adds(core) == [45]

    @pytest.mark.parametrize(("resolution", "worth"), [("true_positive", 45), ("benign", 45), ("false_positive", 22)])
    def test_a_false_positive_alone_teaches(self, core, resolution, worth):
        core.feed_records(*logons(0))
        close(core, resolution)
        core.feed_records(*logons(0.1))
        assert stored.part_of(core.store.connection, core.alerts()[1].alert_id).worth == worth

    def test_each_halves_what_comes_later_at_most_to_a_quarter_and_takes_back_what_it_taught(self, core):
        for day in (0, 0.1, 0.2, 0.3):
            core.feed_records(*logons(day))
            newest = core.alerts()[-1].alert_id
            close(core, "false_positive", newest)
        core.feed_records(*logons(0.4))
        assert adds(core) == [45 >> 2]
        for alert, worth in zip(core.alerts()[1:4], (11, 11, 22), strict=True):  # of four lessons three, two and one are left
            close(core, "benign", alert.alert_id)
            assert adds(core) == [worth]
        handle(core, handling.reopening(), core.alerts()[0].alert_id)
        assert adds(core) == [45, 22]

    @pytest.mark.parametrize("changes", [{"user": "b@contoso.com"}, {"policy_id": "q"}, {"country": "SE"}, {"country": None}])
    def test_it_teaches_about_the_same_person_policy_and_place_alone(self, core, changes):
        save(core, ALERT)
        close(core, "false_positive")
        other = replace(ALERT, alert_id="2", **changes)
        save(core, other, replace(ALERT, alert_id="3"))
        worth = [stored.part_of(core.store.connection, number).worth for number in "23"]
        assert worth == [20, 10]

    def test_what_was_there_before_is_worth_what_it_was(self, core):
        core.feed_records(*logons(0, 0.1))
        close(core, "false_positive", core.alerts()[0].alert_id)
        assert adds(core) == [45]

    def test_what_was_taught_can_be_forgotten_and_stays_so_while_alerts_grow(self, core):
        core.feed_records(*failures(0, MINUTE, 2 * MINUTE))
        close(core, "false_positive")
        assert stored.lessons(core.store.connection, A) == [("burst", "", 1)]
        assert change(core, stored.forget_lessons) == 1
        core.feed_records(*failures(3 * MINUTE))
        assert stored.lessons(core.store.connection, A) == []
        core.feed_records(*failures(HOUR, HOUR + MINUTE, HOUR + 2 * MINUTE))
        assert adds(core) == [72]


class TestReset:
    def test_what_was_before_counts_no_more(self, core):
        core.feed_records(*logons(0), *failures(0, MINUTE, 2 * MINUTE), *logons(0, UserId="b@contoso.com"))
        assert change(core, stored.forgive) == 2
        assert scores(core) == {"b@contoso.com": 45}
        assert change(core, stored.forgive) == 0

    def test_what_comes_later_does_also_of_an_alert_that_was_there(self, core):
        core.feed_records(*failures(0, MINUTE, 2 * MINUTE))
        change(core, stored.forgive)
        core.feed_records(*failures(3 * MINUTE), *logons(-1))
        assert adds(core) == [45, 2]

    @pytest.mark.parametrize("resolution", RESOLUTIONS)
    def test_what_was_closed_before_does_not_come_back(self, core, resolution):
        core.feed_records(*logons(0))
        close(core, resolution)
        change(core, stored.forgive)
        handle(core, handling.reopening())
        assert scores(core) == {}


class Killed(Exception):
    """SIGKILL, as far as the store sees it."""


times = st.lists(st.tuples(st.integers(0, 40), st.sampled_from("ab"), st.booleans()), min_size=1, max_size=30)


@settings(max_examples=25)
@given(times, st.randoms(use_true_random=False), st.data())
def test_it_depends_on_neither_order_nor_cuts_nor_kills(tmp_path_factory, moments, chance, data):
    """One core gets all at once; the other one at a time in any order, killed before some commits are done, and restarted."""
    records = [
        record(at=minute * MINUTE, Id=f"{n}", UserId=f"{user}@contoso.com", Operation="UserLoggedIn" if on else "UserLoginFailed")
        for n, (minute, user, on) in enumerate(moments)
    ]
    whole, other = (Core(tmp_path_factory.mktemp("order"), rules=RULES) for _ in range(2))
    whole.feed_records(*records)
    for one in chance.sample(records, len(records)):
        if data.draw(st.booleans()):
            _killed_commit(other, one)
        other.feed_records(one)
    found = [[part[1:] for part in stored.parts(core.store.connection, NOON + DAY)] for core in (whole, other)]
    assert sorted(found[0]) == sorted(found[1])
    assert scores(whole) == scores(other)
    for core in (whole, other):
        core.close()


def _killed_commit(core, one):
    """Everything of a commit but its end."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("casbd.pipeline.costs.raise_alerts", _killed)
        with pytest.raises(Killed):
            core.feed_records(one)
    core.reopen()


def _killed(*_):
    raise Killed
