"""The alerts do not depend on the order in which records arrive, nor on how much of what is counted is in memory."""

import json
import random

import pytest
from builders import HOUR, MINUTE, Core, failures, record, repeated, summary
from hypothesis import given, settings
from hypothesis import strategies as st

from casbd.counting import windows
from casbd.records import timestamps
from casbd.store.state import window_entries
from casbd.store.state.window_entries import WindowEntries

SECOND = 1000


class TestOrderOfArrival:
    @pytest.mark.parametrize("seed", range(5))
    def test_bursts_among_records_up_to_an_hour_late(self, make_core, seed):
        """30 failed log ons in a minute, over and over, in the noise: each burst is one alert with all its activities."""
        chance = random.Random(seed)
        core = make_core(rules=repeated(20, "2m"))
        bursts = [record(at=burst * 20 * MINUTE + n * 2 * SECOND, UserId=f"{burst}@contoso.com") for burst in range(10) for n in range(30)]
        noise = [record(at=n * 10 * SECOND, UserId=f"{n % 10}@contoso.com") for n in range(1200)]
        arrival = sorted(bursts + noise, key=lambda one: _time(one) + chance.randrange(60) * MINUTE)

        for number, part in enumerate(_batched(arrival, 100)):
            core.feed_records(*part)
            if number % 5 == 4:
                core.reopen()

        found = summary(core)
        assert [user for _, user, *_ in found] == [f"{burst}@contoso.com" for burst in range(10)]
        assert all(count >= 30 for *_, count in found)

    @settings(max_examples=25)
    @given(st.lists(st.integers(0, 40), min_size=1, max_size=40), st.randoms(use_true_random=False), st.data())
    def test_the_alerts_do_not_depend_on_it(self, tmp_path_factory, minutes, chance, data):
        records = [record(at=minute * MINUTE, Id=f"{number}") for number, minute in enumerate(minutes)]
        shuffled = chance.sample(records, len(records))
        cores = [Core(tmp_path_factory.mktemp("order"), rules=repeated(3, "4m")) for _ in range(2)]
        cores[0].feed_records(*records)
        for one in shuffled:
            cores[1].feed_records(one)

        assert summary(cores[0]) == summary(cores[1])
        for core in cores:
            core.close()


class TestMemory:
    @pytest.fixture
    def read_back(self, monkeypatch):
        """The windows that are, as often as they are."""
        read_back = []
        entries = WindowEntries.of
        monkeypatch.setattr(WindowEntries, "of", lambda self, window: read_back.append(window) or entries(self, window))
        return read_back

    @pytest.mark.parametrize(
        ("subjects", "entries", "held", "journal"),
        [
            (1, 10**9, 10**9, 10**9),
            (1, 10**9, 10**9, 0),
            (3, 4, 10**9, 10),
            (10**9, 4, 10**9, 40),
            (2, 1, 10**9, 10),
            (10**9, 10**9, 25, 40),
        ],
    )
    def test_small_bounds_change_nothing(self, make_core, monkeypatch, subjects, entries, held, journal):
        chance = random.Random(4)
        times = [chance.randrange(6 * 60) * MINUTE // 2 for _ in range(300)]
        records = [record(at=time, UserId=f"{chance.randrange(6)}@contoso.com") for time in times]
        arrival = sorted(records, key=lambda one: _time(one) + chance.randrange(120) * MINUTE)
        rules = repeated(3, "6m") | {"files": repeated(2, "6m", unique="ip_address")["burst"], "many": repeated(12, "1h")["burst"]}
        unbounded = make_core("unbounded", rules=rules)
        for part in _batched(arrival, 10):
            unbounded.feed_records(*part)

        monkeypatch.setattr(windows, "MOST_SUBJECTS", subjects)
        monkeypatch.setattr(windows, "MOST_ENTRIES", entries)
        monkeypatch.setattr(windows, "MOST_HELD", held)
        monkeypatch.setattr(windows, "HOURS_KEPT", 10 * MINUTE)
        monkeypatch.setattr(window_entries, "MOST_IN_JOURNAL", journal)
        bounded = make_core("bounded", rules=rules)
        with bounded.store.transaction() as connection:
            connection.execute("UPDATE meta SET value = ? WHERE name = 'salt'", (unbounded.store.salt(),))
        bounded.use(bounded.policies)
        for part in _batched(arrival, 10):
            bounded.feed_records(*part)

        assert bounded.alerts() == unbounded.alerts()
        assert len(bounded.alerts()) > 20
        kept = bounded.pipeline._memory.windows
        assert len(kept._windows) <= subjects
        assert kept._weight == sum(window.weight for window in kept._windows.values())
        assert kept._weight <= held or len(kept._windows) == 1
        assert {policy_id for policy_id, *_ in summary(bounded)} >= {"burst", "many"}

    def test_who_is_far_from_an_alert_is_bounded_too(self, make_core, monkeypatch):
        monkeypatch.setattr(windows, "MOST_ENTRIES", 10)
        monkeypatch.setattr(windows, "HOURS_KEPT", 10 * MINUTE)
        core = make_core(rules=repeated(1000, "2m"))
        core.feed_records(*failures(*(n * HOUR for n in range(100))))
        assert core.pipeline._memory.windows._weight <= 11 + windows.OWN

    def test_who_is_far_from_an_alert_is_only_numbered_where_room_is_short(self, make_core, read_back, monkeypatch):
        """And read back once, when an alert is near; whatever the order."""
        monkeypatch.setattr(windows, "MOST_HELD", 10)
        core = make_core(rules=repeated(50, "2m"))
        times = [n * HOUR for n in range(49)]
        random.Random(1).shuffle(times)
        for some in _batched(times, 7):
            core.feed_records(*failures(*some))
        assert read_back == []
        assert core.pipeline._memory.windows._weight <= 10
        core.feed_records(*failures(*(100 * HOUR + n for n in range(60))))
        assert len(read_back) == 1
        assert [alert.activity_count for alert in core.alerts()] == [60]

    def test_what_is_hours_old_makes_room_first(self, make_core, read_back, monkeypatch):
        """Who acts all day long, as everybody does, is not read back for it."""
        monkeypatch.setattr(windows, "MOST_HELD", 600)
        core = make_core(rules=repeated(2, "2m"))
        everybody = [record(at=n * 4 * MINUTE, UserId=f"{n % 10}@contoso.com") for n in range(2000)]
        for some in _batched(everybody, 100):
            core.feed_records(*some)
        kept = core.pipeline._memory.windows
        assert len(kept._windows) == 10
        assert kept._weight <= 600
        assert read_back == []

    def test_who_comes_late_is_read_back_once_where_room_is_short(self, make_core, read_back, monkeypatch):
        monkeypatch.setattr(windows, "MOST_HELD", 600)
        monkeypatch.setattr(windows, "HOURS_KEPT", 10 * MINUTE)
        core = make_core(rules=repeated(2, "2m"))
        chance = random.Random(2)
        everybody = [record(at=n * MINUTE, UserId=f"{n % 10}@contoso.com") for n in range(3000)]
        arrival = sorted(everybody, key=lambda one: _time(one) + chance.randrange(60) * MINUTE)
        for some in _batched(arrival, 100):
            core.feed_records(*some)
        assert core.pipeline._memory.windows._weight <= 600
        assert len(read_back) < 40

    def test_records_in_any_order_are_read_back_a_few_times_only(self, make_core, read_back, monkeypatch):
        """An export that is read newest first, or shuffled: once each late record read all of its subject's back."""
        chance = random.Random(5)
        records = failures(*(chance.randrange(20 * 24 * 60) * MINUTE for _ in range(3000)))
        monkeypatch.setattr(windows, "MOST_ENTRIES", 50)
        core = make_core(rules=repeated())
        for part in _batched(records, 100):
            core.feed_records(*part)
        assert 0 < len(read_back) < 12


def _batched(items, size):
    return [items[start : start + size] for start in range(0, len(items), size)]


def _time(one):
    return timestamps.parse(json.loads(one)["CreationTime"])
