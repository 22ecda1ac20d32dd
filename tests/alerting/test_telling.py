"""The outputs hear the last word of every alert, and not much more."""

import tempfile
from pathlib import Path

import pytest
from builders import HOUR, MINUTE, NOON, Core, failures, record, repeated, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec.structs import replace

from casbd.alerting import raising, telling, wishes
from casbd.alerting.wishes import Wish
from casbd.filters.tree import Condition
from casbd.model.alert import Alert
from casbd.store.state import raised_alerts

OUTPUTS = {"siem": Wish()}
SEVERE = {"siem": Wish(), "pager": Wish(min_severity="high")}
MEMORY = Path("/dev/shm")


def minutes(start, stop, **fields):
    return failures(*(number * MINUTE for number in range(start, stop)), **fields)


def heard(core, output="siem"):
    """What an output is told, in order: what happened, and how many activities there were."""
    return [(alert.event, alert.activity_count) for row in core.waiting(output) if (alert := row.alert()).policy_id == "burst"]


def tell_growth(core, **more):
    with core.store.transaction() as connection:
        return telling.tell_growth(connection, OUTPUTS, core.now, **more)


def change(core, event, **fields):
    with core.store.transaction() as connection:
        return telling.change(connection, replace(core.alerts()[0], **fields), event, OUTPUTS, core.now)


@pytest.fixture
def core(make_core):
    return make_core(rules=repeated(3))


class TestOldNews:
    """An output with `max_activity_age` hears nothing of what was older when it was raised."""

    @pytest.fixture
    def core(self, make_core):
        configured = settings({"siem": ["alerts"], "pager": ["alerts"]})
        siem, pager = configured.outputs
        core = make_core(rules=repeated(3), settings=replace(configured, outputs=(siem, replace(pager, max_activity_age=HOUR))))
        core.now = NOON + 63 * MINUTE
        return core

    def close(self, core):
        outputs = {"siem": Wish(), "pager": Wish(oldest=HOUR)}
        with core.store.transaction() as connection:
            telling.change(connection, replace(core.alerts()[0], status="closed"), "closed", outputs, core.now)

    def test_is_told_where_nobody_minds_its_age(self, core):
        core.feed_records(*minutes(0, 3))
        self.close(core)
        assert heard(core) == [("raised", 3), ("closed", 3)]
        assert heard(core, "pager") == []

    def test_is_news_as_old_as_it_may_be_and_stays_so(self, core):
        core.feed_records(*minutes(1, 4))
        core.now += 100 * HOUR
        self.close(core)
        assert heard(core, "pager") == [("raised", 3), ("closed", 3)]

    def test_is_told_at_once_when_it_goes_on_with_something_newer(self, core):
        core.feed_records(*minutes(0, 3))
        core.feed_records(*minutes(3, 4))
        assert heard(core) == [("raised", 3), ("updated", 4)]
        assert heard(core, "pager") == [("raised", 4)]
        self.close(core)
        assert heard(core, "pager") == [("raised", 4), ("closed", 4)]

    def test_alerts_about_casbd_itself_are_of_now(self, core):
        alert = raising.system("kind", "Title", "Text.", subject="m365", moment=NOON - HOUR, now=core.now)
        assert core.pipeline.raise_system(alert)
        assert [row.alert().alert_id for row in core.waiting("pager")] == [alert.alert_id]


class TestSeverity:
    """An output with `min_severity` hears of an alert from the moment on that it is severe enough."""

    @pytest.fixture
    def core(self, make_core):
        configured = settings({"siem": ["alerts"], "pager": ["alerts"]})
        siem, pager = configured.outputs
        return make_core(rules=repeated(3), settings=replace(configured, outputs=(siem, replace(pager, min_severity="high"))))

    def becomes(self, core, **fields):
        with core.store.transaction() as connection:
            telling.grow(connection, replace(core.alerts()[0], **fields), SEVERE, core.now)

    def close(self, core, event="closed"):
        with core.store.transaction() as connection:
            alert = replace(core.alerts()[0], status="closed" if event == "closed" else "open")
            telling.change(connection, alert, event, SEVERE, core.now)

    def test_of_one_below_it_nothing_is_heard(self, core):
        core.feed_records(*minutes(0, 3))
        core.feed_records(*minutes(3, 6))
        self.close(core)
        self.close(core, "reopened")
        core.now += 2 * HOUR
        core.feed_records(*minutes(6, 7))
        assert [event for event, _ in heard(core)] == ["raised", "updated", "closed", "reopened", "updated"]
        assert heard(core, "pager") == []

    def test_one_that_rises_past_it_is_raised_there_and_followed_whatever_it_becomes(self, core):
        core.feed_records(*minutes(0, 3))
        self.becomes(core, severity="high", activity_count=4)
        self.becomes(core, severity="low", activity_count=8)
        self.close(core)
        assert heard(core) == [("raised", 3), ("updated", 4), ("updated", 8), ("closed", 8)]
        assert heard(core, "pager") == [("raised", 4), ("updated", 8), ("closed", 8)]

    def test_one_that_rose_while_it_was_closed_is_raised_there_when_it_is_opened_again(self, core):
        core.feed_records(*minutes(0, 3))
        self.close(core)
        self.becomes(core, severity="high")
        assert heard(core, "pager") == []
        self.close(core, "reopened")
        assert heard(core, "pager") == [("raised", 3)]

    def test_who_heard_is_known_after_a_restart(self, core):
        core.feed_records(*minutes(0, 3))
        self.becomes(core, severity="high")
        core.reopen()
        self.becomes(core, severity="low", activity_count=9)
        assert heard(core, "pager") == [("raised", 3), ("updated", 9)]


class TestFilters:
    """An output with `filters` hears of an alert once they hold, and follows it from then on."""

    @pytest.fixture
    def core(self, make_core):
        self.outputs = wishes.of(self.settings("alerts"))
        return make_core(rules=repeated(3), settings=self.settings("alerts"))

    def settings(self, *send, operator="gte", value=5):
        filters = Condition("activity_count", operator, (value,))
        configured = settings({"siem": ["alerts"], "soc": send})
        siem, soc = configured.outputs
        return replace(configured, outputs=(siem, replace(soc, filters=filters)))

    def test_is_raised_when_they_hold_and_then_followed(self, core):
        core.feed_records(*minutes(0, 3))
        core.feed_records(*minutes(3, 5))
        with core.store.transaction() as connection:
            shrunk = replace(core.alerts()[0], activity_count=1, status="closed")
            telling.change(connection, shrunk, "closed", self.outputs, core.now)
        assert heard(core) == [("raised", 3), ("updated", 5), ("closed", 1)]
        assert heard(core, "soc") == [("raised", 5), ("closed", 1)]

    @pytest.mark.parametrize(("send", "number"), [(["alerts"], 0), (["system"], 1), (["alerts", "system"], 1)])
    def test_alerts_about_casbd_itself_need_not_meet_them_where_they_are_asked_for_by_name(self, make_core, send, number):
        core = make_core(settings=self.settings(*send))
        core.pipeline.raise_system(raising.system("kind", "Title", "Text.", subject="m365", moment=NOON, now=core.now))
        assert len(core.waiting("soc")) == number


class TestAboutCasbdItself:
    def raised(self, make_core, *send):
        core = make_core(rules=repeated(3), settings=settings({"siem": send}))
        core.feed_records(*minutes(0, 3))
        assert core.pipeline.raise_system(raising.system("kind", "Title", "Text.", subject="m365", moment=NOON, now=core.now))
        return [row.alert().policy_type for row in core.waiting()]

    @pytest.mark.parametrize("send", [["alerts"], ["alerts", "system"]])
    def test_is_sent_with_the_alerts_and_once(self, make_core, send):
        assert self.raised(make_core, *send) == ["repeated_activity", "system"]

    def test_is_sent_alone(self, make_core):
        assert self.raised(make_core, "system") == ["system"]

    def test_is_sent_nowhere_else(self, make_core):
        assert self.raised(make_core, "governance") == []


class TestGrowth:
    def test_is_told_each_time_that_it_doubled(self, core):
        for start in range(0, 30, 3):
            core.feed_records(*minutes(start, start + 3))
        assert heard(core) == [("raised", 3), ("updated", 6), ("updated", 12), ("updated", 24)]
        assert {row.alert().alert_id for row in core.waiting()} == {core.alerts()[0].alert_id}
        assert core.alerts()[0].event == "updated"

    def test_is_told_at_once_where_nothing_was_for_an_hour(self, core):
        core.feed_records(*minutes(0, 3))
        core.now += HOUR - 1
        core.feed_records(*minutes(3, 4))
        core.now += 1
        core.feed_records(*minutes(4, 5))
        core.feed_records(*minutes(5, 6))
        assert heard(core) == [("raised", 3), ("updated", 5)]

    def test_of_a_run_that_ended_is_told_after_the_hour_and_once(self, core):
        core.feed_records(*minutes(0, 3))
        core.feed_records(*minutes(3, 5))
        core.now += HOUR - 1
        assert tell_growth(core) == 0
        core.now += 1
        assert (tell_growth(core), tell_growth(core)) == (1, 0)
        core.now += HOUR
        assert tell_growth(core) == 0
        assert heard(core) == [("raised", 3), ("updated", 5)]
        assert core.alerts()[0].event == "updated"

    def test_is_told_after_a_clock_was_set_back(self, core):
        core.now += 1000 * HOUR
        core.feed_records(*minutes(0, 3))
        core.feed_records(*minutes(3, 4))
        core.now = NOON
        assert tell_growth(core) == 1
        assert heard(core)[-1] == ("updated", 4)

    def test_of_a_closed_one_is_told_too(self, core):
        core.feed_records(*minutes(0, 3))
        change(core, "closed", status="closed", resolution="benign")
        core.feed_records(*minutes(3, 6))
        assert heard(core) == [("raised", 3), ("closed", 3), ("updated", 6)]
        assert core.waiting()[-1].alert().status == "closed"

    def test_is_not_told_of_what_is_held_back(self, make_core):
        core = make_core(rules=repeated(3, alert={"daily_limit": 1}))
        core.feed_records(*minutes(0, 3))
        core.feed_records(*minutes(0, 3, UserId="b@contoso.com"))
        core.feed_records(*minutes(3, 30, UserId="b@contoso.com"))
        core.now += 2 * HOUR
        assert tell_growth(core) == 0
        held = next(alert for alert in core.alerts() if alert.suppressed)
        with core.store.transaction() as connection:
            telling.change(connection, replace(held, status="closed"), "closed", OUTPUTS, core.now)
        assert heard(core) == [("raised", 3)]

    def test_of_what_became_a_part_of_another_is_told_as_of_the_other(self, core):
        core.feed_records(*minutes(0, 3), *minutes(20, 23))
        core.feed_records(*failures(*(number * MINUTE for number in range(4, 20, 2))))
        first = core.alerts()[0].alert_id
        core.now += 2 * HOUR
        assert tell_growth(core) == 0
        assert [(row.alert().alert_id == first, row.alert().activity_count) for row in core.waiting()] == [
            (True, 3),
            (False, 3),
            (True, 14),
            (False, 3),
        ]
        part = core.waiting()[-1].alert()
        assert (part.event, part.status, part.comment) == ("closed", "closed", f"part of alert {first}")
        assert part.changed == part.closed == core.now - 2 * HOUR
        assert [alert.status for alert in core.alerts()] == ["open", "open"]

    def test_what_is_a_part_of_another_from_the_beginning_is_not_told(self, core):
        core.feed_records(*minutes(0, 3), *minutes(20, 23), *failures(*(number * MINUTE for number in range(4, 20, 2))))
        assert len(core.alerts()) == 2
        assert heard(core) == [("raised", 14)]

    def test_where_one_a_day_is_told_it_is_the_whole(self, make_core):
        core = make_core(rules=repeated(3, alert={"daily_limit": 1}))
        core.feed_records(*minutes(20, 23), *minutes(0, 3), *failures(*(number * MINUTE for number in range(4, 20, 2))))
        assert heard(core) == [("raised", 14)]

    def test_what_is_a_part_of_one_that_is_held_back_stays_open(self, make_core):
        core = make_core(rules=repeated(3, alert={"daily_limit": 1}))
        core.feed_records(*minutes(20, 23))
        core.feed_records(*minutes(0, 3), *failures(*(number * MINUTE for number in range(4, 20, 2))))
        assert [alert.suppressed for alert in core.alerts() if alert.policy_id == "burst"] == [True, False]
        assert heard(core) == [("raised", 3)]

    def test_what_a_person_closed_is_not_closed_again_as_a_part(self, core):
        core.feed_records(*minutes(0, 3), *minutes(20, 23))
        with core.store.transaction() as connection:
            later = replace(core.alerts()[1], status="closed", resolution="benign")
            telling.change(connection, later, "closed", OUTPUTS, core.now)
        core.feed_records(*failures(*(number * MINUTE for number in range(4, 20, 2))))
        assert [event for event, _ in heard(core)] == ["raised", "raised", "closed", "updated"]

    def test_a_severity_that_rose_is_told(self, core):
        core.feed_records(*minutes(0, 3))
        for severity in ("high", "high", "low"):
            with core.store.transaction() as connection:
                telling.grow(connection, replace(core.alerts()[0], severity=severity), OUTPUTS, core.now)
        assert [row.alert().severity for row in core.waiting()] == ["medium", "high"]

    def test_of_many_is_told_in_parts(self, core, monkeypatch):
        monkeypatch.setattr(telling, "AT_ONCE", 2)
        for name in "abc":
            core.feed_records(*minutes(0, 3, UserId=f"{name}@contoso.com"))
            core.feed_records(*minutes(3, 4, UserId=f"{name}@contoso.com"))
        assert [tell_growth(core, patience=0) for _ in range(3)] == [2, 1, 0]


def test_a_message_waits_since_it_was_told(core):
    core.feed_records(*minutes(0, 3))
    core.now += 5 * HOUR
    change(core, "closed", status="closed")
    stored = core.store.connection.execute("SELECT stored FROM outbox ORDER BY seq").fetchall()
    assert stored == [(NOON,), (NOON + 5 * HOUR,)]


def test_a_message_says_when_what_it_tells_was(core):
    core.feed_records(*minutes(0, 3))
    core.now += 5 * HOUR
    core.feed_records(*minutes(3, 6))
    core.now += HOUR
    change(core, "closed", status="closed")
    assert [row.alert().changed for row in core.waiting("siem")] == [None, NOON + 5 * HOUR, NOON + 6 * HOUR]
    assert core.alerts()[0].changed == NOON + 6 * HOUR


def test_growth_is_looked_for_among_what_has_grown(core):
    statements = []
    core.store.connection.set_trace_callback(statements.append)
    raised_alerts.grown_untold(core.store.connection, 1, 2, 3)
    core.store.connection.set_trace_callback(None)
    plan = str([*core.store.connection.execute(f"EXPLAIN QUERY PLAN {statements[0]}")])
    assert "USING INDEX alerts_to_tell" in plan


class Telling(RuleBasedStateMachine):
    """Activities come, people decide, the clock runs, casbd starts again: what an output has heard never contradicts what is stored."""

    @initialize(limit=st.sampled_from([None, 2]))
    def begin(self, limit):
        self.directory = tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None)
        rules = repeated(3, alert={"daily_limit": limit} if limit else {})
        configured = settings({"siem": ["alerts"], "pager": ["alerts"]})
        siem, pager = configured.outputs
        configured = replace(configured, outputs=(siem, replace(pager, min_severity="high")))
        self.outputs = wishes.of(configured)
        self.core = Core(Path(self.directory.name), rules=rules, settings=configured)
        self.minute = 0

    @rule(user=st.sampled_from("abc"), number=st.integers(1, 9), gap=st.sampled_from([1, 1, 30]))
    def activities(self, user, number, gap):
        times = [(self.minute + one) * MINUTE for one in range(number)]
        self.core.feed_records(*(record(at=time, UserId=f"{user}@contoso.com") for time in times))
        self.minute += number + gap

    @rule(data=st.data())
    def it_is_more_severe(self, data):
        if alerts := self.core.alerts():
            with self.core.store.transaction() as connection:
                telling.grow(connection, replace(data.draw(st.sampled_from(alerts)), severity="high"), self.outputs, self.core.now)

    def tell_growth(self):
        with self.core.store.transaction() as connection:
            telling.tell_growth(connection, self.outputs, self.core.now)

    @rule(minutes=st.integers(1, 90))
    def time_passes(self, minutes):
        self.core.now += minutes * MINUTE
        self.tell_growth()

    @rule(data=st.data(), closed=st.booleans())
    def a_person_decides(self, data, closed):
        if alerts := self.core.alerts():
            alert = data.draw(st.sampled_from(alerts))
            with self.core.store.transaction() as connection:
                alert = replace(alert, status="closed" if closed else "open")
                telling.change(connection, alert, "closed" if closed else "reopened", self.outputs, self.core.now)

    @rule()
    def starts_again(self):
        self.core.reopen()

    def words(self, output: str) -> list[Alert]:
        return [alert for row in self.core.waiting(output) if (alert := row.alert()).policy_id == "burst"]

    def last_words(self, output: str = "siem") -> dict[str, Alert]:
        return {alert.alert_id: alert for alert in self.words(output)}

    @invariant()
    def who_wants_the_severe_alone_hears_of_them_as_of_new_ones_and_then_as_much(self):
        first: dict[str, Alert] = {}
        for alert in self.words("pager"):
            first.setdefault(alert.alert_id, alert)
        assert all((alert.event, alert.severity) == ("raised", "high") for alert in first.values())
        last, siem = self.last_words("pager"), self.last_words()
        assert all(replace(last[one], event=siem[one].event) == siem[one] for one in last)
        severe = {one for one, alert in siem.items() if (alert.severity, alert.status) == ("high", "open")}
        assert severe <= last.keys()

    @invariant()
    def what_was_heard_is_near_what_is(self):
        last = self.last_words()
        for alert in self.core.alerts():
            if alert.policy_id != "burst" or alert.suppressed:
                assert alert.alert_id not in last or not alert.suppressed
                continue
            word, told = last[alert.alert_id], raised_alerts.told(self.core.store.connection, alert.alert_id)
            assert told[:2] == (word.activity_count, word.severity), "what was told is what is stored of it"
            assert told.to == {"siem"} | ({"pager"} if alert.alert_id in self.last_words("pager") else set())
            assert (word.status, word.event) == (alert.status, alert.event)
            if alert.merged_into is None:
                assert word.activity_count == alert.activity_count or alert.activity_count < 2 * word.activity_count

    def teardown(self):
        self.core.now += HOUR
        self.tell_growth()
        last = self.last_words()
        assert self.last_words("pager").keys() <= last.keys()
        heard = {alert_id: replace(alert, incident_id=None) for alert_id, alert in last.items()}  # that may become another one's later
        alerts = [replace(alert, incident_id=None) for alert in self.core.alerts() if alert.merged_into is None]
        assert all(heard[alert.alert_id] == alert for alert in alerts if alert.alert_id in heard), "the last word"
        self.core.close()
        self.directory.cleanup()


TestTelling = Telling.TestCase
