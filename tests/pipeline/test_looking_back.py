"""What came too late to be judged is judged from the stored log, in the order of its time."""

import sqlite3
from itertools import pairwise

import pytest
from builders import HOUR, NOON, chunk, record
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from msgspec.structs import replace

from casbd.activity_log import ActivityLog, in_order
from casbd.alerting import withdrawn
from casbd.config.settings import Retention
from casbd.daemon.retention import remove_some
from casbd.filters.tree import AllOf
from casbd.habits import habits
from casbd.pipeline import look_back as looking
from casbd.pipeline.learning import Learning
from casbd.policies import kinds
from casbd.store.log import blocks
from casbd.store.state import governance_log, habits_late, policy_counts, raised_alerts, retention
from tests.habits.after_idle import AfterIdle
from tests.pipeline.test_anomalies import DAY, SUSPEND, feed, idle_alerts, left, opened, told, use
from tests.store.machine_parts import Tripwire, failing


@pytest.fixture(autouse=True)
def known_kind(monkeypatch):
    of = kinds.of
    monkeypatch.setattr(kinds, "of", lambda match: AfterIdle if match.kind == "after_idle" else of(match))


def finish(core, look_back):
    while look_back.turn(core.policies, 0, judges=True):
        pass


def judge(core, seconds=0):
    look_back = Learning(core.store, core.pipeline, lambda: core.now)
    turns = 1
    while look_back.turn(core.policies, seconds, judges=True):
        turns += 1
    return turns


def waits(core):
    return [(one.since, one.number) for one in habits_late.waiting(core.store.connection).values()]


def idle(core):
    return [one for one in core.alerts() if one.policy_id == "idle"]


def history(directory, crowd=False, **rule):
    """A month after the records of it."""
    core = opened(directory, crowd, **rule)
    core.now = NOON + 40 * DAY
    return core


@st.composite
def exports(draw):
    """Log ons of some people over weeks, in any order, with cuts, and what happens at each."""
    when = st.tuples(st.sampled_from("ab"), st.integers(0, 30), st.sampled_from([0, 0.25, 0.5, 2, 20]))
    spans = [(who, 24 * day + hour) for who, day, hour in draw(st.lists(when, max_size=20, unique=True))]
    records = [
        (hour, record(at=int(hour * HOUR), UserId=f"{who}@contoso.com", Id=f"{number}", ClientIP=f"203.0.113.{number + 1}"))
        for number, (who, hour) in enumerate(spans)
    ]
    cuts = draw(st.dictionaries(st.integers(1, 20), st.sampled_from(["go on", "restart", "judge", "begin"]), max_size=8))
    return draw(st.permutations(records)), cuts, draw(st.lists(st.integers(0, 60), max_size=3))


@pytest.mark.parametrize("crowd", [False, True])
@hypothesis_settings(max_examples=40)
@given(given=exports(), in_journal=st.sampled_from([0, 3, 1000]), little=st.sampled_from([0, 2, 1000]))
def test_history_in_any_order_gives_what_the_order_of_its_time_gives(tmp_path_factory, given, in_journal, little, crowd):
    records, cuts, kills = given
    directory = tmp_path_factory.mktemp("cores")
    calm, core = history(directory / "calm", crowd), history(directory / "core", crowd)
    for _, one in sorted(records, key=lambda one: one[0]):
        calm.feed(chunk([one]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(habits, "MOST_IN_JOURNAL", in_journal)
        patch.setattr(habits, "MOST_BYTES", habits.LEAST_BYTES)
        patch.setattr(in_order, "FEW", 0)
        patch.setattr(looking, "TOGETHER", 3)
        patch.setattr(looking, "AT_ONCE", 1)
        patch.setattr(looking, "LITTLE", little)
        waiting, look_back = [], Learning(core.store, core.pipeline, lambda: core.now)
        for number, (_, one) in enumerate(records, 1):
            waiting.append(one)
            if number in cuts or number == len(records):
                core.feed(chunk(waiting))
                waiting = []
            if cuts.get(number) == "restart":
                core.reopen()
                use(core, crowd)
                look_back = Learning(core.store, core.pipeline, lambda: core.now)
            elif cuts.get(number) == "judge":
                while look_back.turn(core.policies, 0, judges=True):
                    pass
            elif cuts.get(number) == "begin":
                look_back.turn(core.policies, 0, judges=True)
        for transactions in kills:
            kill_after(core, transactions)
            use(core, crowd)
        core.now += 30 * DAY
        judge(core)
        assert waits(core) == []
    assert left(core) == left(calm)
    calm.close()
    core.close()


def kill_after(core, transactions):
    """The look back fails at its last but so many transactions, if it has as many; and casbd starts again."""
    wire = Tripwire(core.store.connection)
    core.store.connection = wire
    try:
        look_back = Learning(core.store, core.pipeline, lambda: core.now)
        more = True
        while more:
            wire.at_commit = transactions <= 0
            transactions -= 1
            more = look_back.turn(core.policies, 0, judges=True)
    except sqlite3.OperationalError:
        pass
    core.store.connection = wire.connection
    core.reopen()


def test_an_export_that_is_read_after_another_gives_the_alerts_of_then(tmp_path):
    core = history(tmp_path, **SUSPEND)
    feed(core, 20 * 24, 28 * 24)
    feed(core, 0, 8 * 24, 16 * 24, start=1000)
    assert idle_alerts(core) == [28 * 24]  # and what came late was only learned from
    assert waits(core) == [(NOON, 3)]
    judge(core)
    assert idle_alerts(core) == [8 * 24, 16 * 24, 20 * 24, 28 * 24]
    assert all("history" in one.tags for one in core.alerts())
    assert {one.status for one in governance_log.every(core.store.connection)} == {"blocked"}
    assert waits(core) == []
    assert len(told(core)) == 4
    judge(core)
    assert len(told(core)) == 4
    feed(core, 36 * 24)
    assert idle_alerts(core)[-1] == 36 * 24
    core.close()


def test_what_its_order_does_not_find_is_withdrawn(tmp_path):
    core = history(tmp_path)
    feed(core, 0, 8 * 24)
    feed(core, 9 * 24, 10 * 24, 11 * 24, start=500)
    feed(core, *(24 * day for day in range(1, 7)), start=1000)
    assert {one.status for one in core.alerts()} == {"open"}
    judge(core)
    assert {(one.status, one.closed_by, one.comment) for one in core.alerts()} == {("closed", withdrawn.BY, withdrawn.WHY)}
    assert [event for event, _, _ in told(core)] == ["raised", "raised", "closed", "closed"]
    core.close()


def test_an_alert_that_begins_earlier_than_it_was_known_keeps_its_id_and_grows_under_it(tmp_path):
    core = history(tmp_path)
    feed(core, 0, 8 * 24 + 0.5)
    ((alert, late),) = [(one.alert_id, one.first_activity) for one in core.alerts()]
    feed(core, 10 * 24, user="b@contoso.com", start=500)
    feed(core, 8 * 24 + 0.25, start=1000)
    judge(core)
    (again,) = idle(core)
    assert (again.alert_id, again.first_activity, again.activity_count) == (alert, late - HOUR // 4, 2)
    feed(core, 8 * 24 + 0.75, start=2000)
    (grown,) = idle(core)
    assert (grown.alert_id, grown.activity_count) == (alert, 3)
    core.close()


def test_closed_by_a_person_it_stays_closed(tmp_path):
    core = history(tmp_path)
    feed(core, 0, 8 * 24)
    (alert,) = core.alerts()
    with core.store.transaction() as connection:
        raised_alerts.save(connection, replace(alert, status="closed", closed_by="eva", resolution="true_positive"))
    feed(core, *(24 * day for day in range(1, 7)), start=1000)
    judge(core)
    assert [(one.status, one.closed_by) for one in core.alerts()] == [("closed", "eva")]
    core.close()


def test_a_simulated_policy_counts_and_is_not_judged_again(tmp_path):
    core = history(tmp_path, mode="simulate")
    feed(core, 20 * 24, 28 * 24)
    feed(core, 0, 8 * 24, start=1000)
    judge(core)
    assert idle_alerts(core) == []
    assert policy_counts.counts(core.store.connection)["idle"] == (4, 1)
    core.close()


def test_records_a_day_late_are_not_judged_from_the_log(tmp_path):
    core = history(tmp_path)
    feed(core, 24, 0)
    core.reopen()
    use(core)
    feed(core, 0.5, start=1000)
    assert waits(core) == []
    feed(core, -2, start=2000)
    assert waits(core) == [(NOON - 2 * HOUR, 1)]
    core.close()


def test_what_is_dated_after_the_clock_makes_nothing_late(tmp_path):
    core = opened(tmp_path)
    core.feed(chunk([record(at=900 * DAY, Id="future")]))
    core.reopen()
    use(core)
    feed(core, 0)
    assert waits(core) == []
    core.close()


def test_what_a_log_that_retention_has_cut_cannot_tell_stays(tmp_path):
    """Else one record of long ago had all withdrawn that is explained by what is not there any more."""
    core = history(tmp_path)
    feed(core, 0)
    feed(core, 8 * 24, start=1000)
    feed(core, 9 * 24, 10 * 24, 11 * 24, start=2000)
    with core.store.transaction() as connection:
        retention.remove(connection, NOON + DAY)
        assert blocks.prune(connection, NOON + DAY, 9) == 0
        connection.execute("DELETE FROM blocks WHERE block_id = 1")
    feed(core, 7 * 24 + 1, start=3000)
    judge(core)
    assert [one.status for one in core.alerts()] == ["open"]
    core.close()


def test_a_date_of_long_ago_has_no_decades_read(tmp_path, monkeypatch):
    core, read = history(tmp_path), []
    in_spans = looking.in_order
    monkeypatch.setattr(looking, "in_order", lambda log, several, since, *rest: in_spans(log, several, read.append(since) or since, *rest))
    feed(core, 20 * 24)
    core.feed(chunk([record(at=-9000 * DAY, Id="wrong clock")], start=1000))
    judge(core)
    assert read == [NOON + 20 * DAY - looking.LOOKS_BACK - in_order.LEARNS_FROM]
    assert waits(core) == []
    core.close()


def test_the_alert_of_what_is_not_in_the_log_stays(tmp_path):
    core = history(tmp_path)
    feed(core, 0, 8 * 24)
    (alert,) = core.alerts()
    other = replace(alert, alert_id="f" * 32, activity_ids=("gone",), first_activity=alert.first_activity + 1)
    with core.store.transaction() as connection:
        raised_alerts.save(connection, other)
    feed(core, 11 * 24, user="b@contoso.com", start=1000)
    feed(core, 1, user="b@contoso.com", start=2000)
    judge(core)
    assert {one.status for one in core.alerts() if one.alert_id in (alert.alert_id, other.alert_id)} == {"open"}
    core.close()


def test_it_is_judged_at_once_where_it_is_much_and_else_seldom(tmp_path):
    core = history(tmp_path)
    look_back = Learning(core.store, core.pipeline, lambda: core.now)
    for start in range(0, 60, 20):
        feed(core, *(20 * 24 + number / 4 for number in range(start, start + 20)), start=1000 * start)
    feed(core, 0, start=100_000)
    assert not look_back.turn(core.policies, judges=False)
    while look_back.turn(core.policies, 0, judges=True):
        pass
    with core.store.transaction() as connection:
        connection.execute("UPDATE habits_late SET took = 60000 WHERE remembers != ''")
    feed(core, 1, start=200_000)
    (late,) = habits_late.waiting(core.store.connection).values()
    assert (late.observed, late.took) == (61, 60_000)
    assert habits_late.due([late]) == core.now + 20 * 60_000
    assert not look_back.turn(core.policies, judges=True)
    feed(core, 2, 3, 4, start=300_000)
    assert look_back.turn(core.policies, 0, judges=True)  # it is a twentieth by now
    while look_back.turn(core.policies, 0, judges=True):
        pass
    with core.store.transaction() as connection:
        connection.execute("UPDATE habits_late SET took = 60000 WHERE remembers != ''")
    feed(core, 5, start=400_000)
    core.now += 20 * 60_000
    assert look_back.turn(core.policies, 0, judges=True)
    assert look_back.under_way.judged_since == NOON + 5 * HOUR
    core.close()


def test_what_comes_while_it_is_judged_is_judged_with_it(tmp_path):
    core = history(tmp_path)
    feed(core, 20 * 24, 28 * 24)
    feed(core, 0, 8 * 24, start=1000)
    look_back = Learning(core.store, core.pipeline, lambda: core.now)
    assert look_back.turn(core.policies, 0, judges=True)
    feed(core, 36 * 24, start=2000)
    assert idle_alerts(core) == [28 * 24, 36 * 24]  # it goes on with what it knew
    while look_back.turn(core.policies, 0, judges=False):
        pass
    assert idle_alerts(core) == [8 * 24, 20 * 24, 28 * 24, 36 * 24]
    assert [one.activity_count for one in idle(core)] == [1] * 4  # what was stored meanwhile is read once
    core.close()


def test_what_becomes_of_an_alert_is_told_once_and_then_priorities_are_judged(tmp_path, monkeypatch):
    core, look_back = late_history(tmp_path)
    told_of, commit = [], core.pipeline.commit
    monkeypatch.setattr(core.pipeline, "commit", lambda batches, back=None: told_of.append(back) or commit(batches, back))
    finish(core, look_back)
    assert sorted(len(one.judged) for one in told_of if one.judged) == [2]
    assert [one.rises for one in told_of if one.rises is not None] == [NOON + 8 * DAY]
    core.close()


def test_who_belongs_where_is_read_back_with_what_was_done(tmp_path):
    """`habits/observed.py` asks for it: unread, guests would make things common as members do."""
    core = history(tmp_path)
    by_id = {one.id: one.reads() for one in core.policies}
    belongs = {"is_external_user", "user_type", "user_groups"}
    assert belongs <= by_id["idle"]
    assert not belongs & by_id["burst"]
    core.close()


def test_what_is_read_lets_others_have_a_turn(tmp_path, monkeypatch):
    monkeypatch.setattr(in_order, "AT_A_TIME", 2)
    core, _ = late_history(tmp_path)
    log, policies = ActivityLog(core.store), [one for one in core.policies if one.id == "idle"]
    assert [len(several) for several in in_order.in_order(log, policies, NOON, NOON + DAY - 1)] == [0, 1]
    assert [len(several) for several in in_order.in_order(log, policies, NOON + 8 * DAY, NOON + 10 * DAY)][:2] == [0, 1]
    core.close()


def test_who_is_judged_from_the_log_goes_on_with_what_it_knew(tmp_path):
    """Hours of a large log, in which nobody watched. Only while the alerts that were found are raised it waits for the end."""
    core = history(tmp_path)
    people = [f"{number}@contoso.com" for number in range(4)]
    for number, user in enumerate(people):
        feed(core, 0, user=user, start=1000 * number)
    feed(core, 20 * 24, user="b@contoso.com", start=10_000)
    feed(core, -2, 8 * 24, user="b@contoso.com", start=20_000)
    look_back, at_once = Learning(core.store, core.pipeline, lambda: core.now), []
    for number, user in enumerate(people):
        assert look_back.turn(core.policies, 0, judges=True)
        feed(core, 28 * 24, user=user, start=30_000 + 1000 * number)
        at_once.append(user in {one.user for one in idle(core)})
        if number == 1:
            core.reopen()
            use(core)
            look_back = Learning(core.store, core.pipeline, lambda: core.now)
    finish(core, look_back)
    assert at_once == [True] * 4
    assert sorted(one.user for one in idle(core)) == [*people, *["b@contoso.com"] * 2]
    assert len([event for event, _, _ in told(core) if event == "raised"]) == 6
    core.close()


def test_what_is_kept_twice_while_it_is_judged_is_kept_once_afterwards(tmp_path):
    core = history(tmp_path)
    feed(core, 20 * 24)
    feed(core, 0, start=1000)
    for turns in (3, 99):
        look_back = Learning(core.store, core.pipeline, lambda: core.now)
        while look_back.turn(core.policies, 0, judges=True) and (turns := turns - 1):
            pass
        core.reopen()
        use(core)
    assert core.store.connection.execute("SELECT count(*) FROM habits").fetchone() == (1,)
    core.close()


def test_what_was_in_the_journal_before_it_was_judged_is_not_added_again(tmp_path, monkeypatch):
    core = history(tmp_path)
    feed(core, 10 * 24, 20 * 24)
    feed(core, 22 * 24, user="b@contoso.com", start=500)
    feed(core, 9 * 24, user="b@contoso.com", start=1000)
    core.reopen()
    use(core)
    judge(core)
    monkeypatch.setattr(habits, "MOST_IN_JOURNAL", 0)
    feed(core, 20 * 24 + 0.5, start=2000)
    assert [one.activity_count for one in idle(core) if one.first_activity == NOON + 20 * DAY] == [2]
    core.close()


def test_what_was_learned_by_those_that_were_killed_is_forgotten(tmp_path, monkeypatch):
    monkeypatch.setattr(looking, "TOGETHER", 1)
    monkeypatch.setattr(habits, "MOST_BYTES", habits.LEAST_BYTES)
    core = late_history(tmp_path)[0]
    for number in range(4):
        feed(core, 22 * 24 + number, user=f"{number}@contoso.com", start=5000 + 1000 * number)
    for _ in range(3):
        look_back = Learning(core.store, core.pipeline, lambda: core.now)
        for _ in range(8):
            look_back.turn(core.policies, 0, judges=True)
    assert core.store.connection.execute("SELECT count(DISTINCT remembers) FROM habits").fetchone() == (2,)
    core.close()


def late_history(directory):
    """Somebody is judged as what came late asks for; how a look back of that begins."""
    core = history(directory)
    feed(core, 0, 20 * 24)
    feed(core, 22 * 24, user="b@contoso.com", start=500)
    feed(core, 8 * 24, 9 * 24, start=1000)
    return core, Learning(core.store, core.pipeline, lambda: core.now)


def until_read(core, look_back):
    """All that was stored when it began is read, and nothing is raised yet."""
    while look_back._back is None or look_back._back._learner is None or not sum(look_back._back._learner.numbers.values()):
        assert look_back.turn(core.policies, 0, judges=True)


def paused(core):
    return core.store.connection.execute("SELECT count(*) FROM habits_known WHERE paused").fetchone() == (1,)


def until_paused(core, look_back):
    while not paused(core):
        assert look_back.turn(core.policies, 0, judges=True)


def test_an_alert_that_is_raised_just_before_the_end_is_not_withdrawn_and_raised_again(tmp_path):
    core, look_back = late_history(tmp_path)
    until_read(core, look_back)
    feed(core, 30 * 24, start=2000)
    while look_back.turn(core.policies, 0, judges=True):
        assert {one.status for one in idle(core) if one.first_activity == NOON + 30 * DAY} == {"open"}
    core.close()


def test_killed_while_alerts_are_raised_it_watches_on_as_soon_as_the_next_look_back_begins(tmp_path):
    core, look_back = late_history(tmp_path)
    until_paused(core, look_back)
    feed(core, 26 * 24, user="b@contoso.com", start=2000)
    assert 26 * 24 not in idle_alerts(core)
    core.reopen()
    use(core)
    look_back = Learning(core.store, core.pipeline, lambda: core.now)
    assert look_back.turn(core.policies, 0, judges=False)
    feed(core, 27 * 24, start=3000)
    assert 27 * 24 in idle_alerts(core)
    judge(core)
    assert idle_alerts(core)[-2:] == [26 * 24, 27 * 24]
    core.close()


@pytest.mark.parametrize("after", range(10))
def test_a_look_back_that_fails_begins_again(tmp_path, after):
    core, look_back = late_history(tmp_path)
    with failing(core, after), pytest.raises(sqlite3.OperationalError):
        finish(core, look_back)
    finish(core, look_back)
    assert not paused(core)
    assert waits(core) == []
    assert look_back.under_way is None
    assert idle_alerts(core) == [8 * 24, 20 * 24]
    feed(core, 30 * 24, start=2000)
    assert idle_alerts(core) == [8 * 24, 20 * 24, 30 * 24]
    core.close()


def test_an_alert_that_is_raised_meanwhile_of_what_was_read_before_keeps_its_id(tmp_path):
    """A session may have begun before the look back, and be an alert since then."""
    core, look_back = late_history(tmp_path)
    (known,) = [one for one in idle(core) if one.first_activity == NOON + 20 * DAY]
    with core.store.transaction() as connection:
        connection.execute("DELETE FROM alerts WHERE alert_id = ?", (known.alert_id,))
    until_read(core, look_back)
    with core.store.transaction() as connection:
        raised_alerts.save(connection, replace(known, alert_id="e" * 32))
    finish(core, look_back)
    assert [one.alert_id for one in idle(core) if one.first_activity == NOON + 20 * DAY] == ["e" * 32]
    core.close()


def test_its_end_comes_though_input_is_faster(tmp_path, monkeypatch):
    monkeypatch.setattr(looking, "TOGETHER", 1)
    monkeypatch.setattr(looking, "LITTLE", 2)
    core, look_back = late_history(tmp_path)
    number = 0
    while look_back.turn(core.policies, 0, judges=True):
        number += 1
        feed(core, *(23 * 24 + number + part / 9 for part in range(8)), start=10_000 * number)
        assert number < 50
    core.close()


def test_what_comes_while_alerts_are_raised_is_little_at_the_end(tmp_path, monkeypatch):
    """Then nobody else has a turn."""
    monkeypatch.setattr(looking, "TOGETHER", 1)
    monkeypatch.setattr(looking, "LITTLE", 2)
    core, look_back = late_history(tmp_path)
    until_paused(core, look_back)
    feed(core, *(23 * 24 + part / 9 for part in range(8)), start=10_000)
    together, observe = [], looking.Learner.observe
    monkeypatch.setattr(looking.Learner, "observe", lambda self, several: together.append(len(several)) or observe(self, several))
    turns = 0
    while look_back.turn(core.policies, 0, judges=True):
        turns += 1
        if turns == 1:
            feed(core, *(24 * 24 + part / 9 for part in range(8)), start=20_000)
    assert max(together) <= 2
    core.close()


def test_who_waits_is_told_that_it_goes_on(tmp_path):
    core, _ = late_history(tmp_path)
    fed = []
    look_back = Learning(core.store, core.pipeline, lambda: core.now, alive=lambda: fed.append(1))
    look_back.turn(core.policies, 60, judges=True)
    assert len(fed) > 5
    core.close()


def two(core, *, crowd=True):
    """Two policies that remember different things of the same activities."""
    (idle,) = (one for one in core.policies if one.id == "idle")
    core.use([*core.policies, replace(idle, id="other", filters=AllOf((idle.filters,)), match=AfterIdle(crowd=crowd))])


def test_the_log_is_read_once_for_all_policies(tmp_path, monkeypatch):
    core, read = history(tmp_path), []
    feed(core, 20 * 24, 28 * 24)
    two(core, crowd=False)
    feed(core, 0, 8 * 24, start=1000)
    in_spans = looking.in_order
    monkeypatch.setattr(looking, "in_order", lambda log, several, *rest: in_spans(log, read.append(len(several)) or several, *rest))
    judge(core)
    assert read == [2]
    assert waits(core) == []
    assert idle_alerts(core) == [8 * 24, 20 * 24, 28 * 24]
    feed(core, 36 * 24)
    assert {one.policy_id for one in core.alerts() if one.first_activity == NOON + 36 * DAY} == {"idle", "other"}
    core.close()


def test_a_policy_that_goes_while_the_log_is_read_leaves_the_others_alone(tmp_path):
    core = history(tmp_path)
    feed(core, 0, 8 * 24)
    before = core.policies
    two(core)
    core.use([one for one in core.policies if one.id != "idle"])
    feed(core, 9 * 24)
    two_of_them = [*core.policies, *(one for one in before if one.id == "idle")]
    core.use(two_of_them)
    look_back = Learning(core.store, core.pipeline, lambda: core.now)
    assert look_back.turn(core.policies, 0, judges=True)
    assert len(look_back.learned) == 2
    core.use([one for one in core.policies if one.id != "other"])
    while look_back.turn(core.policies, 0, judges=True):
        assert len(look_back.learned) <= 1
    core.use(two_of_them)
    assert look_back.turn(core.policies, 0, judges=True)
    core.close()


@pytest.mark.parametrize("turns", [1, 3, 6])
def test_what_a_policy_asks_for_when_it_ends_decides_what_is_found(tmp_path, turns):
    """A reload in between with another threshold: by the old one an alert would be raised that it does not ask for."""
    core = history(tmp_path)
    feed(core, 20 * 24, 30 * 24)
    feed(core, 0, 4 * 24, start=1000)
    look_back = Learning(core.store, core.pipeline, lambda: core.now)
    for _ in range(turns):
        assert look_back.turn(core.policies, 0, judges=True)
    core.use([replace(one, match=AfterIdle(idle=7 * DAY), digest="of a week") if one.id == "idle" else one for one in core.policies])
    finish(core, look_back)
    assert [one.first_activity for one in idle(core) if one.status == "open"] == [NOON + 20 * DAY, NOON + 30 * DAY]
    assert waits(core) == []
    core.close()


def told_as(core):
    alerts = [row.alert() for row in core.waiting() if row.kind == "alert"]
    return [(alert.title, alert.severity) for alert in alerts if alert.policy_id == "idle"]


@pytest.mark.parametrize("turns", [1, 2, 3, 5])
def test_what_a_policy_is_called_when_it_ends_is_what_is_told(tmp_path, turns):
    core = history(tmp_path)
    feed(core, 20 * 24, 28 * 24)
    feed(core, 0, 8 * 24, 16 * 24, start=1000)
    core.store.connection.execute("DELETE FROM outbox")
    look_back = Learning(core.store, core.pipeline, lambda: core.now)
    for _ in range(turns):
        assert look_back.turn(core.policies, 0, judges=True)
    assert told_as(core) == []
    core.use([replace(one, name="Back again", severity="high") if one.id == "idle" else one for one in core.policies])
    finish(core, look_back)
    assert told_as(core) == [("Back again", "high")] * 3
    core.close()


def test_alerts_are_raised_some_at_a_time_and_what_comes_in_between_counts(tmp_path, monkeypatch):
    """In one go thousands of them took longer than systemd's watchdog waits."""
    monkeypatch.setattr(looking, "AT_ONCE", 1)
    core = history(tmp_path)
    people = [f"{number}@contoso.com" for number in range(12)]
    for number, user in enumerate(people):
        feed(core, 20 * 24, 22 * 24, user=user, start=1000 * number)
    for number, user in enumerate(people):
        feed(core, 0, user=user, start=100_000 + 1000 * number)
    look_back, numbers = Learning(core.store, core.pipeline, lambda: core.now), [len(idle(core))]
    while look_back.turn(core.policies, 0, judges=True):
        numbers.append(len(idle(core)))
        if numbers[-1] == numbers[0] + 6 and numbers[-2] == numbers[0] + 5:
            feed(core, 20 * 24 + 0.5, user=people[0], start=500_000)
            feed(core, 10 * 24, user=people[1], start=600_000)
    assert max(later - before for before, later in pairwise(numbers)) == 1
    judge(core)
    found = {(one.user, (one.first_activity - NOON) // DAY): one.activity_count for one in idle(core) if one.status == "open"}
    assert found == {(user, 20): 2 if user == people[0] else 1 for user in people} | {(people[1], 10): 1}
    core.close()


def test_what_comes_too_late_while_it_is_judged_is_judged_though_casbd_is_killed(tmp_path):
    core = history(tmp_path)
    feed(core, 0, 7 * 24)
    feed(core, 5 * 24, start=1000)
    Learning(core.store, core.pipeline, lambda: core.now).turn(core.policies, 0, judges=True)
    feed(core, 3 * 24, start=2000)
    core.reopen()
    use(core)
    judge(core)
    assert [one.first_activity for one in idle(core) if one.status == "open"] == [NOON + 3 * DAY]
    core.close()


def test_retention_leaves_alone_what_is_being_learned(tmp_path, monkeypatch):
    monkeypatch.setattr(looking, "TOGETHER", 1)
    monkeypatch.setattr(habits, "MOST_BYTES", habits.LEAST_BYTES)
    core = history(tmp_path)
    for number, user in enumerate("abcd"):
        feed(core, 20 * 24 + number, user=f"{user}@contoso.com", start=1000 * number)
    feed(core, 0, user="e@contoso.com", start=10_000)
    look_back = Learning(core.store, core.pipeline, lambda: core.now)
    while look_back.turn(core.policies, 0, judges=True):
        remove_some(core.store, Retention(), core.now, ["siem"], {}, look_back.learned)
    feed(core, *(28 * 24 + number for number in range(4)), user="a@contoso.com", start=20_000)
    assert 28 * 24 in idle_alerts(core)
    core.close()


def test_what_ended_a_day_before_what_came_late_is_judged_again(tmp_path):
    """It may be explained by that, as what is a day late is judged at once otherwise."""
    core = history(tmp_path)
    feed(core, 0, 8 * 24)
    feed(core, 20 * 24, user="b@contoso.com", start=500)
    feed(core, 9 * 24 - 1, start=1000)
    with core.store.transaction() as connection:
        (alert,) = [one for one in core.alerts() if one.user == "a@contoso.com"]
        raised_alerts.save(connection, replace(alert, alert_id="e" * 32))
    judge(core)
    assert sorted(one.status for one in idle(core)) == ["closed", "open"]
    core.close()


def test_what_was_known_before_is_forgotten_when_it_is_learned_again(tmp_path):
    core = history(tmp_path)
    feed(core, 0, 8 * 24)
    feed(core, *(24 * day for day in range(1, 7)), start=1000)
    judge(core)
    feed(core, 8 * 24 + 1, start=5000)
    assert [one.status for one in core.alerts() if one.policy_id == "idle"] == ["closed"]
    core.close()


@pytest.mark.parametrize("is_full", [False, True])
def test_a_journal_that_is_full_while_something_is_learned_leaves_that_alone(tmp_path, monkeypatch, is_full):
    core = history(tmp_path)
    two(core)
    core.use([one for one in core.policies if one.id != "burst"])
    feed(core, 20 * 24, 22 * 24)
    feed(core, 0, 19 * 24, start=1000)
    with core.store.transaction() as connection:
        habits_late.is_judged(connection, core.pipeline._memory.counted["other"].remembers)
    monkeypatch.setattr(habits, "MOST_IN_JOURNAL", 0 if is_full else 1000)
    look_back, number = Learning(core.store, core.pipeline, lambda: core.now), 0
    while look_back.turn(core.policies, 0, judges=True):
        number += 1
        feed(core, 23 * 24 + number, start=5000 * number)
    assert not [one for one in idle(core) if one.status == "open" and one.first_activity >= NOON + 20 * DAY]
    core.close()
