"""What is stored goes to an output once more, whole, whatever ends casbd in between."""

import tempfile
from pathlib import Path
from unittest import mock

import pytest
from builders import HOUR, MINUTE, NOON, Core, record, settings
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from msgspec.structs import replace

from casbd.filters.tree import Condition
from casbd.outbox.to_output import ToOutput
from casbd.pipeline import replaying
from casbd.store.log import segments
from casbd.store.state import outbox, raised_alerts, replays
from tests.outbox.destinations import Memory

MEMORY = Path("/dev/shm")
DAY = 24 * HOUR
NEXT_WIDTH = replaying._next_width


def sent(core, name="siem"):
    """Everything that waits for an output, which takes it; ids in order."""
    output = Memory()
    delivering = ToOutput(name, output, lambda: core.now)
    while delivering.deliver(core.store):
        with core.store.transaction() as connection:
            delivering.write(connection)
        delivering.written()
    return output.taken


def ask(core, since, until, name="siem"):
    with core.store.transaction() as connection:
        replays.ask(connection, name, since, until)


def go_on(core):
    widths = {}
    while replaying.go_on(core.store, core.settings, lambda: core.now, widths):
        pass


def with_options(**options):
    configured = settings({"siem": ["alerts", "activities"]})
    return replace(configured, outputs=(replace(configured.outputs[0], **options),))


@pytest.fixture
def core(make_core):
    """Six failures in as many hours, the first half in segments, an alert each; all is sent."""
    core = make_core(rules={"failed": {}}, settings=with_options())
    for hours in range(6):
        core.now = NOON + hours * HOUR
        core.feed_records(record(Id=f"on-{hours}", at=hours * HOUR))
        sent(core)
        if hours == 2:
            segments.compact(core.store, at_least=1)
    return core


def alerts_of(core):
    return [alert.alert_id for alert in sorted(core.alerts(), key=lambda alert: alert.created)]


class TestASpan:
    def test_goes_in_order_with_the_ids_that_it_had(self, core):
        ask(core, NOON + HOUR, NOON + 4 * HOUR)
        go_on(core)
        assert sent(core) == [*alerts_of(core)[1:5], "on-1", "on-2", "on-3", "on-4"]
        assert replays.waiting(core.store.connection) == []

    def test_is_what_the_output_is_sent(self, core):
        core.use(core.policies, with_options(send=("alerts",)))
        ask(core, 0, core.now)
        go_on(core)
        assert sent(core) == alerts_of(core)
        core.use(core.policies, with_options(send=("activities",), filters=Condition("activity_id", "eq", ("on-2", "on-5"))))
        ask(core, 0, core.now)
        go_on(core)
        assert sent(core) == ["on-2", "on-5"]

    def test_an_output_that_heard_of_an_alert_hears_of_it_again_whatever_it_wants_now(self, core):
        core.use(core.policies, with_options(send=("alerts",), min_severity="high"))
        assert {alert.severity for alert in core.alerts()} == {"medium"}
        ask(core, 0, core.now)
        go_on(core)
        assert sent(core) == alerts_of(core)

    def test_is_as_it_was_counted(self, core):
        (output,) = core.settings.outputs
        assert replaying.count(core.store, output, NOON + HOUR, NOON + 4 * HOUR, lambda: core.now) == (4, 4)

    def test_alerts_are_as_they_are_now(self, core):
        (first, *_) = core.alerts()
        with core.store.transaction() as connection:
            raised_alerts.save(connection, replace(first, status="closed", event="updated"))
        ask(core, 0, NOON + HOUR)
        go_on(core)
        assert [row.alert().event for row in core.waiting() if row.kind == "alert"] == ["closed", "raised"]

    def test_that_is_large_fills_no_queue(self, core, monkeypatch):
        monkeypatch.setattr(replaying, "PAGE", 2)
        monkeypatch.setattr(replaying, "ROOM", 3)
        ask(core, 0, core.now)
        got = []
        while replays.waiting(core.store.connection):
            go_on(core)
            assert len(core.waiting()) <= 4
            got += sent(core)
        assert got == [*alerts_of(core), *(f"on-{hours}" for hours in range(6))]

    def test_goes_on_a_page_at_a_time(self, core, monkeypatch):
        """What comes in meanwhile waits for no more than one."""
        monkeypatch.setattr(replaying, "PAGE", 2)
        ask(core, 0, core.now)
        before = 0
        while replaying.go_on(core.store, core.settings, lambda: core.now, {}):
            assert len(core.waiting()) - before <= 2
            before = len(core.waiting())
        assert before == 12

    def test_of_many_a_page_is_read_once(self, core, monkeypatch):
        core.feed_records(*(record(Id=f"many-{number}", at=DAY + 1000 * number) for number in range(60)))
        sent(core)
        monkeypatch.setattr(replaying, "PAGE", 4)
        reads = mock.Mock(wraps=replaying._some)
        monkeypatch.setattr(replaying, "_some", reads)
        ask(core, NOON + DAY, NOON + 2 * DAY)
        go_on(core)
        assert [one for one in sent(core) if one.startswith("many")] == [f"many-{number}" for number in range(60)]
        assert reads.call_count <= 60 // 3 + 6

    def test_of_few_among_many_no_page_is_made_of_all(self, core, monkeypatch):
        monkeypatch.setattr(replaying, "_MOST_LOOKED_AT", 8)
        times = [*range(DAY, DAY + HOUR, MINUTE), *range(DAY + HOUR, DAY + HOUR + 40 * MINUTE, MINUTE // 6)]
        core.feed_records(*(record(Id=f"few-{number}", at=at) for number, at in enumerate(times)))
        core.use(core.policies, with_options(send=("activities",), filters=Condition("activity_id", "eq", ("few-99",))))
        sent(core)
        looked_at = []
        monkeypatch.setattr(replaying, "_next_width", lambda *of: looked_at.append(of[2]) or NEXT_WIDTH(*of))
        ask(core, NOON + DAY, NOON + 2 * DAY)
        go_on(core)
        assert [one for one in sent(core) if one.startswith("few")] == ["few-99"]
        assert sum(one > 8 for one in looked_at) <= 3  # where they come closer together
        assert sum(looked_at) / len(looked_at) >= 4

    def test_of_many_at_one_time_none_is_left_out(self, core, monkeypatch):
        monkeypatch.setattr(replaying, "PAGE", 2)
        core.feed_records(*(record(Id=f"same-{number}", at=DAY) for number in range(9)))
        sent(core)
        ask(core, NOON + DAY, NOON + DAY)
        go_on(core)
        assert sorted(one for one in sent(core) if one.startswith("same")) == [f"same-{number}" for number in range(9)]

    def test_waits_for_an_output_that_is_not_configured(self, core):
        ask(core, 0, core.now, "elsewhere")
        go_on(core)
        assert len(replays.waiting(core.store.connection)) == 1


class TestANewOutput:
    @pytest.mark.parametrize(
        ("begin", "age", "number"), [(0, None, 0), (3 * HOUR, None, 3), (2**53, None, 6), (2**53, 2 * HOUR, 2), (2 * HOUR, 3 * HOUR, 2)]
    )
    def test_gets_what_it_asks_for_and_once(self, core, begin, age, number):
        options = with_options(begin=begin, max_activity_age=age)
        replaying.begin_new(core.store, options, core.now + MINUTE)
        core.reopen()
        replaying.begin_new(core.store, options, core.now + MINUTE)
        go_on(core)
        got = sent(core)
        assert got == [*alerts_of(core)[6 - number :], *(f"on-{hours}" for hours in range(6 - number, 6))]

    def test_gets_what_comes_late_once(self, core):
        """It is sent as every activity is; without `newest_block` it would be of the span, too."""
        core.reopen()
        replaying.begin_new(core.store, with_options(begin=2**53), core.now + MINUTE)
        core.feed_records(record(Id="late", at=MINUTE))
        go_on(core)
        got = sent(core)
        assert [got.count(one) for one in ("late", "on-0", "on-5")] == [1, 1, 1]

    def test_follows_the_alerts_that_it_got(self, core):
        core.use(core.policies, replace(core.settings, outputs=(replace(core.settings.outputs[0], name="new", begin=2**53),)))
        replaying.begin_new(core.store, core.settings, core.now + MINUTE)
        go_on(core)
        told = raised_alerts.told(core.store.connection, alerts_of(core)[0])
        assert told.to == {"siem", "new"}


class Killed(Exception):
    pass


class Replaying(RuleBasedStateMachine):
    """Activities come, spans are asked for, and casbd is killed anywhere: every id of a span arrives after it was asked for."""

    @initialize(page=st.sampled_from([2, 5]), room=st.sampled_from([1, 4, 50]))
    def begin(self, page, room):
        self.directory = tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None)
        self.core = Core(Path(self.directory.name), rules={"failed": {}}, settings=with_options())
        self.patches = [mock.patch.object(replaying, "PAGE", page), mock.patch.object(replaying, "ROOM", room)]
        for patch in self.patches:
            patch.start()
        self.number, self.widths = 0, {}
        self.got: list[str] = []
        self.asked: list[set[str]] = []
        self.activities([MINUTE, 0, HOUR, 1, 3 * HOUR, 0, 0, HOUR])
        self.delivered()

    @rule(gaps=st.lists(st.sampled_from([0, 1, MINUTE, HOUR, 3 * HOUR]), min_size=1, max_size=4))
    def activities(self, gaps):
        self.core.now += 1  # an alert of the very moment at which a span ends that was asked for before would be of it
        for gap in gaps:
            self.core.now += gap
            self.core.feed_records(record(Id=f"a-{self.number}", at=self.core.now - NOON))
            self.number += 1

    @rule()
    def compacted(self):
        segments.compact(self.core.store, at_least=1)

    @rule(data=st.data())
    def a_span_is_asked_for(self, data):
        times = sorted({0, *(alert.created for alert in self.core.alerts())})
        since, until = data.draw(st.sampled_from(times[: len(times) // 2])), data.draw(st.sampled_from(times[len(times) // 2 :]))
        ask(self.core, since, until)
        wanted = {alert.alert_id for alert in self.core.alerts() if since <= alert.created <= until}
        wanted |= {one.activity_id for one in self.core.activities() if since <= one.timestamp <= until}
        self.asked.append(wanted)

    @rule()
    def goes_on(self):
        replaying.go_on(self.core.store, self.core.settings, lambda: self.core.now, self.widths)

    @rule(after=st.integers(0, 12))
    def goes_on_until_it_is_killed(self, after):
        """Before one of the next messages is queued: what its transaction has is gone."""
        left = after

        def or_not(queue):
            def add(*arguments, **options):
                nonlocal left
                left -= 1
                if left < 0:
                    raise Killed
                queue(*arguments, **options)

            return add

        with (
            mock.patch.object(outbox, "add", or_not(outbox.add)),
            mock.patch.object(outbox, "add_activity", or_not(outbox.add_activity)),
        ):
            try:
                while replaying.go_on(self.core.store, self.core.settings, lambda: self.core.now, self.widths):
                    self.delivered()
            except Killed:
                self.core.reopen()

    @rule()
    def delivered(self):
        self.got += sent(self.core)

    def teardown(self):
        try:
            while replays.waiting(self.core.store.connection) or self.core.waiting():
                go_on(self.core)
                self.delivered()
            for one in {*self.got, *set[str]().union(*self.asked)}:
                assert self.got.count(one) == 1 + sum(one in wanted for wanted in self.asked), "when it was new, and for each that asked"
        finally:
            for patch in self.patches:
                patch.stop()
            self.core.close()
            self.directory.cleanup()


TestReplaying = Replaying.TestCase
TestReplaying.settings = hypothesis_settings(max_examples=30, stateful_step_count=12)
