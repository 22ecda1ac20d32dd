"""Policies that compare with what is usual, through whole commits of a real store."""

import sqlite3

import msgspec
import pytest
from builders import HOUR, NOON, Core, chunk, record, settings, summary
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from msgspec.structs import replace

from casbd.activity_log import ActivityLog
from casbd.alerting import withdrawn
from casbd.backtest.stored_log import would_have_raised
from casbd.governance import withdrawing
from casbd.habits import habits
from casbd.pipeline.learning import Learning
from casbd.policies import kinds
from casbd.store.state import governance_log, outbox
from tests.habits.after_idle import AfterIdle
from tests.store.machine_parts import Tripwire

DAY = 24 * HOUR
CARE = settings({"siem": ["alerts"]}, mode="enforce")
SUSPEND = {"governance": [{"action": "suspend_user", "connector": "entra"}]}


@pytest.fixture(autouse=True)
def known_kind(monkeypatch):
    of = kinds.of
    monkeypatch.setattr(kinds, "of", lambda match: AfterIdle if match.kind == "after_idle" else of(match))


def opened(directory, crowd=False, **rule):
    core = Core(directory, rules={"idle": rule, "burst": {"match": {"repeated": 2, "within": "1h"}}}, settings=CARE)
    with core.store.transaction() as connection:
        connection.execute("UPDATE meta SET value = x'00112233' WHERE name = 'salt'")  # so that ties are broken alike
    use(core, crowd)
    return core


def use(core, crowd=False):
    core.use([replace(one, match=AfterIdle(crowd=crowd)) if one.id == "idle" else one for one in core.policies])


def feed(core, *times, start=0, user="a@contoso.com"):
    """Failed log ons at these hours after noon, which the clock has come to."""
    core.now = max(core.now, NOON + int(max(times) * HOUR))
    core.feed(chunk([record(at=int(time * HOUR), UserId=user, Id=f"{user} {time}") for time in times], start=start))


def told(core):
    return [(row.alert().event, row.alert().status, row.alert().evidence) for row in core.waiting() if row.kind == "alert"]


def left(core):
    """The alerts that are open, without what depends on when they were raised; and what is remembered."""
    core.pipeline._memory.use(core.pipeline._policies, 1000)  # as a commit does
    core.pipeline._memory.habits.begin()
    core.pipeline._memory.habits.put()
    used = "SELECT who, memory FROM habits WHERE remembers IN (SELECT kept_as FROM habits_known) ORDER BY who"
    memories = dict(core.store.connection.execute(used))
    remembered = {who: msgspec.msgpack.decode(memory, strict=False)[0] if who else memory for who, memory in memories.items()}
    names = ("user", "ip_address", "first_activity", "last_activity", "activity_count", "activity_ids", "evidence")
    alerts = [tuple(getattr(one, name) for name in names) for one in core.alerts() if one.status == "open" and one.policy_id == "idle"]
    return sorted(alerts), remembered, [one for one in summary(core) if one[0] == "burst"]


@st.composite
def arrivals(draw):
    """Log ons of some people over weeks: by arrival, which is at most a day late, with cuts, and what happens at each."""
    spans = draw(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 20 * 24), st.integers(0, 23)), max_size=25, unique=True))
    records = [
        (hour + late, hour, record(at=hour * HOUR, UserId=f"{who}@contoso.com", Id=f"{number}", ClientIP=f"203.0.113.{number + 1}"))
        for number, (who, hour, late) in enumerate(spans)
    ]
    cuts = draw(st.dictionaries(st.integers(1, 25), st.sampled_from(["go on", "restart", "fail", "repeat"]), max_size=12))
    return records, cuts


@pytest.mark.parametrize("crowd", [False, True])
@hypothesis_settings(max_examples=40)
@given(given=arrivals(), in_journal=st.sampled_from([0, 3, 1000]))
def test_neither_order_nor_cuts_nor_failures_matter(tmp_path_factory, given, in_journal, crowd):
    records, cuts = given
    directory = tmp_path_factory.mktemp("cores")
    calm, core = opened(directory / "calm", crowd), opened(directory / "core", crowd)
    calm.now = core.now = NOON + 30 * DAY
    for _, _, one in sorted(records, key=lambda one: one[1]):
        calm.feed(chunk([one]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(habits, "MOST_IN_JOURNAL", in_journal)
        patch.setattr(habits, "MOST_BYTES", habits.LEAST_BYTES)
        waiting = []
        for number, (_, _, one) in enumerate(sorted(records, key=lambda one: one[0]), 1):
            waiting.append(one)
            if number in cuts or number == len(records):
                commit(core, waiting, cuts.get(number), crowd)
                waiting = []
    assert left(core) == left(calm)
    calm.close()
    core.close()


def commit(core, records, how, crowd):
    if how == "fail":
        wire = Tripwire(core.store.connection)
        wire.at_commit, core.store.connection = True, wire
        with pytest.raises(sqlite3.OperationalError):
            core.feed(chunk(records))
        core.store.connection = wire.connection
        core.pipeline.reload_state()
    core.feed(chunk(records))
    if how == "repeat":
        core.feed(chunk(records))
    if how == "restart":
        core.reopen()
        use(core, crowd)


def test_what_a_late_record_explains_is_closed_and_what_waits_is_taken_back(tmp_path):
    core = opened(tmp_path, **SUSPEND)
    core.now += 8 * DAY
    feed(core, 0, 8 * 24)
    (alert,) = core.alerts()
    (command,) = governance_log.every(core.store.connection)
    assert (alert.evidence, command.status) == ("1 after 8 days", "queued")
    feed(core, 8 * 24 - 20)
    explained, other = sorted(core.alerts(), key=lambda one: one.status)
    assert (explained.status, explained.closed_by, explained.comment) == ("closed", withdrawn.BY, withdrawn.WHY)
    assert other.first_activity == alert.first_activity - 20 * HOUR
    taken_back = governance_log.get(core.store.connection, command.command_id)
    assert (taken_back.status, taken_back.reason) == ("rejected", withdrawing.EXPLAINED)
    assert command.command_id not in [row.command().command_id for row in outbox.head(core.store.connection, "connector:entra", 9)]
    assert [event for event, _, _ in told(core)] == ["raised", "closed", "raised"]
    core.close()


def test_what_is_dated_after_the_clock_blinds_nobody(tmp_path):
    core = opened(tmp_path, crowd=True)
    feed(core, 0)
    future = record(at=9000 * DAY, UserId="a@contoso.com", Id="future")
    core.feed(chunk([future]))
    core.feed(chunk([record(at=9000 * DAY, UserId="b@contoso.com", Id="future too")]))
    feed(core, 8 * 24)
    assert idle_alerts(core) == [8 * 24]
    assert core.store.connection.execute("SELECT count(*) FROM habits WHERE who LIKE 'b@%'").fetchone() == (0,)
    core.close()


def test_what_was_over_a_day_ago_is_history_and_nothing_is_done_about_it(tmp_path):
    core = opened(tmp_path, **SUSPEND)
    core.now += 30 * DAY
    feed(core, 0, 8 * 24)
    (alert,) = core.alerts()
    assert "history" in alert.tags
    assert [one.status for one in governance_log.every(core.store.connection)] == ["blocked"]
    core.close()


def learn(core):
    learning = Learning(core.store, core.pipeline, lambda: core.now)
    turns = 1
    while learning.turn(core.policies, seconds=0, judges=True):
        turns += 1
    return turns


def idle_alerts(core):
    return [(one.first_activity - NOON) // HOUR for one in core.alerts() if one.policy_id == "idle"]


def test_who_was_off_learns_from_the_log_and_raises_nothing_of_it(tmp_path):
    core = opened(tmp_path)
    feed(core, 0)
    core.use([replace(one, enabled=False) for one in core.policies])
    feed(core, 8 * 24)
    use_enabled(core)
    feed(core, 16 * 24)
    assert idle_alerts(core) == []  # it does not know what it missed
    core.now += 17 * DAY
    assert learn(core) > 3
    assert learn(core) == 1
    feed(core, 16 * 24 + 2)
    assert idle_alerts(core) == []
    feed(core, 24 * 24)
    core.reopen()
    use(core)
    feed(core, 32 * 24)
    assert idle_alerts(core) == [24 * 24, 32 * 24]
    core.close()


def use_enabled(core):
    core.use([replace(one, enabled=True) for one in core.policies])


@pytest.mark.parametrize("killed", [False, True])
def test_what_happens_while_it_learns_is_raised_at_the_end(tmp_path, killed):
    core = Core(tmp_path, rules={"idle": {"enabled": False}}, settings=CARE)
    feed(core, 0, 8 * 24, 9 * 24)
    feed(core, *range(24), user="b@contoso.com")
    use(core)
    use_enabled(core)
    core.now += HOUR
    learning = Learning(core.store, core.pipeline, lambda: core.now)
    assert learning.turn(core.policies, seconds=0, judges=False)
    if killed:
        learning.turn(core.policies, seconds=0, judges=False)
        learning = Learning(core.store, core.pipeline, lambda: core.now)
        assert learning.turn(core.policies, seconds=0, judges=False)
    core.now += 10 * DAY
    feed(core, 15 * 24, 10)
    assert idle_alerts(core) == []
    while learning.turn(core.policies, seconds=0, judges=False):
        pass
    feed(core, 15 * 24 + 1, user="c@contoso.com")
    assert idle_alerts(core) == [15 * 24]
    feed(core, 16 * 24, user="b@contoso.com")
    assert idle_alerts(core) == [15 * 24, 16 * 24]
    core.close()


@pytest.mark.parametrize("was_off", [False, True])
def test_killed_while_it_learns_what_happened_before_that_is_raised_too(tmp_path, was_off):
    core = Core(tmp_path, rules={"idle": {"enabled": False}}, settings=CARE)
    feed(core, 0, 8 * 24)
    feed(core, 0, user="b@contoso.com")
    use(core)
    use_enabled(core)
    Learning(core.store, core.pipeline, lambda: core.now).turn(core.policies, seconds=0, judges=False)
    feed(core, 16 * 24)
    core.reopen()
    if was_off:
        core.use([replace(one, enabled=False) for one in core.policies])
        feed(core, 17 * 24)
    use(core)
    use_enabled(core)
    core.now += 10 * DAY
    learn(core)
    feed(core, 26 * 24, user="b@contoso.com")
    assert idle_alerts(core) == [*([] if was_off else [16 * 24]), 26 * 24]
    core.close()


def test_a_backtest_learns_from_what_was_before(tmp_path):
    core = opened(tmp_path)
    feed(core, 16 * 24, 24 * 24)  # one input first
    feed(core, 0, 8 * 24, start=1000)
    (policy,) = [one for one in core.policies if one.id == "idle"]
    log = ActivityLog(core.store)
    assert [one.first_activity for one in would_have_raised(policy, log, None, None)] == [NOON + days * DAY for days in (8, 16, 24)]
    assert [one.first_activity for one in would_have_raised(policy, log, NOON + 20 * DAY, None)] == [NOON + 24 * DAY]
    assert [one.first_activity for one in would_have_raised(policy, log, NOON + 5 * DAY, NOON + 20 * DAY)] == [
        NOON + 8 * DAY,
        NOON + 16 * DAY,
    ]
    core.close()
