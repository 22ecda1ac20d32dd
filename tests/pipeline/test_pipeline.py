"""The second half of the pipeline over a real store: counts, repeats, rejects, what a reload and a failed commit leave."""

import sqlite3

import pytest
from builders import HOUR, MINUTE, NOON, chunk, record, reject, settings

from casbd.alerting import raising
from casbd.model.activity import Activity
from casbd.model.alert import Alert
from casbd.pipeline import Pipeline
from casbd.pipeline.scan import Scanner
from casbd.policies.matcher import Matcher
from casbd.store.state import input_progress, policy_counts, raised_alerts, rejects, window_entries, window_pages

SINGLE = {"failed": {}}


def ids(core):
    return sorted(activity.activity_id for activity in core.activities())


class TestCounts:
    def test_received_is_records_and_duplicates_and_rejects(self, make_core):
        core = make_core()
        first, second = record(), record()

        core.feed(chunk([first, second, first, b"{"], rejects=[reject()]), chunk([second, record()], name="other"))

        assert core.counts() == {"m365": (5, 2, 2, 1, 2), "other": (2, 1, 1, 1, 0)}

    def test_a_record_is_a_duplicate_if_all_its_activities_are(self, make_core):
        class Several:
            def parse(self, record):
                return [Activity(NOON, name, raw="") for name in record.decode().split()]

        core = make_core()
        core.scanner = Scanner(lambda *_: Several(), [], Matcher([]), b"")

        core.feed(chunk([b"a a#1", b"a b", b"a#1 b", b""]))

        assert core.counts() == {"m365": (4, 3, 3, 1, 0)}

    def test_the_same_id_in_another_instance_is_another_activity(self, make_core):
        core = make_core()

        core.feed_records(record(Id="1", OrganizationId="x"), record(Id="1", OrganizationId="y"))

        assert ids(core) == ["1", "1"]

    def test_repeats_are_known_after_a_restart(self, make_core):
        core = make_core()
        one = record()
        core.feed_records(one)

        core.reopen()
        core.feed_records(one, record())

        assert core.counts() == {"m365": (3, 2, 2, 1, 0)}

    def test_last_record_is_by_the_clock(self, make_core):
        core = make_core()
        core.now = NOON + HOUR

        core.feed_records(record())

        assert input_progress.counts(core.store.connection)["m365"].last_record == NOON + HOUR

    def test_the_newest_record_is_by_its_own_time(self, make_core):
        core = make_core()
        core.now = NOON + HOUR

        core.feed_records(record(at=5000), record(at=1000))
        core.feed_records(record(at=2000))
        core.feed(chunk([b"{"]))
        core.feed_records(record(at=365 * 24 * HOUR))  # a wrong clock, or somebody who wants it so

        assert input_progress.counts(core.store.connection)["m365"].newest == NOON + 5000

    def test_rejects_are_kept(self, make_core):
        core = make_core()

        core.feed(chunk([b"{"], start=77))

        (number, kept, stored) = next(rejects.every(core.store.connection))
        assert (number, kept.input_offset, kept.raw, stored) == (1, 77, b"{", NOON)


class TestAlerts:
    def test_one_for_each_activity(self, make_core):
        core = make_core(rules=SINGLE)

        assert core.feed_records(record(UserId="B@contoso.com", at=5000), record(Operation="UserLoggedIn")) == 1

        (alert,) = core.alerts()
        assert (alert.policy_id, alert.user, alert.policy_type) == ("failed", "b@contoso.com", "activity")
        assert alert.first_activity == alert.last_activity == NOON + 5000
        assert alert.activity_ids == (core.activities()[0].activity_id,)
        assert alert.description == "Activity policy 'failed' was triggered by 'b@contoso.com'. Failed log on"

    def test_ids_are_the_same_in_every_store(self, make_core):
        records = [record(), record()]
        cores = [make_core("one", rules=SINGLE), make_core("two", rules=SINGLE)]
        for core in cores:
            core.feed_records(*records)

        assert [a.alert_id for a in cores[0].alerts()] == [a.alert_id for a in cores[1].alerts()]

    def test_a_repeated_record_raises_nothing(self, make_core):
        core = make_core(rules=SINGLE)
        one = record()

        assert core.feed_records(one, one) == 1
        assert core.feed_records(one) == 0

    def test_an_alert_that_a_person_closed_stays_closed(self, make_core):
        """A record that comes again after its key was forgotten must not open it again."""
        core = make_core(rules=SINGLE)
        one = record()
        core.feed_records(one)
        (alert,) = core.alerts()
        with core.store.transaction() as connection:
            raised_alerts.save(connection, Alert(**{f: getattr(alert, f) for f in alert.__struct_fields__} | {"status": "closed"}))
            connection.execute("UPDATE blocks SET keys = x''")
        core.reopen()

        assert core.feed_records(one) == 0
        assert core.alerts()[0].status == "closed"
        assert len(core.waiting()) == 1

    def test_every_output_that_wants_alerts_gets_each(self, make_core):
        outputs = {"one": ["alerts"], "two": ["alerts", "activities"], "three": ["activities"]}
        core = make_core(rules=SINGLE, settings=settings(outputs))

        core.feed_records(record(), record())

        assert [row.kind for row in core.waiting("one")] == ["alert", "alert"]
        assert sorted(row.kind for row in core.waiting("two")) == ["activities", "alert", "alert"]
        assert [row.kind for row in core.waiting("three")] == ["activities"]

    def test_simulated_policies_count_and_do_nothing_else(self, make_core):
        core = make_core(rules={"failed": {"mode": "simulate", "governance": [{"action": "suspend_user", "connector": "c"}]}})

        assert core.feed_records(record(), record()) == 2

        assert core.alerts() == core.waiting() == core.commands() == []
        assert policy_counts.counts(core.store.connection) == {"failed": (2, 2)}
        assert core.activities()[0].matched_policies == ("failed",)

    def test_past_the_daily_limit_alerts_are_stored_and_not_sent(self, make_core):
        core = make_core(rules={"failed": {"alert": {"daily_limit": 2}}})

        core.feed_records(record(), record(), record())
        core.feed_records(record())

        assert len(core.waiting()) == 2
        assert [alert.suppressed for alert in core.alerts()].count(True) == 2

        core.now += 24 * HOUR
        core.feed_records(record())
        assert len(core.waiting()) == 3

    def test_a_policy_that_a_reload_removed_raises_nothing_more(self, make_core):
        core = make_core(rules=SINGLE)
        scanned = core.scanner.scan(chunk([record()]))

        core.use([])
        core.pipeline.commit([scanned])

        assert core.alerts() == []
        assert len(core.activities()) == 1

    def test_system_alerts_are_raised_once(self, make_core):
        core = make_core()
        alert = raising.system("input_silent", "Input m365 is silent", "", subject="m365", moment=NOON, now=NOON)

        assert [core.pipeline.raise_system(alert) for _ in range(2)] == [True, False]
        assert [row.alert() for row in core.waiting()] == [alert]

    def test_a_system_alert_about_an_output_goes_to_all_others(self, make_core):
        core = make_core(settings=settings({"one": ["alerts"], "two": ["alerts"], "three": ["alerts"]}))
        alert = raising.system("output_down", "Output two is down", "", subject="two", moment=NOON, now=NOON)

        assert core.pipeline.raise_system(alert, besides="two")

        assert [len(core.waiting(name)) for name in ("one", "two", "three")] == [1, 0, 1]
        assert core.alerts() == [alert]


class TestFailure:
    @pytest.mark.parametrize("table", ["blocks", "alerts", "positions", "rejects", "inputs", "outbox", "policies", "window_journal"])
    def test_a_commit_that_fails_leaves_nothing(self, make_core, table):
        core = make_core(rules=SINGLE | {"several": {"match": {"repeated": 2, "within": "5m"}}})
        made = chunk([record(), record(at=MINUTE), b"{"])
        core.store.connection.execute(f"CREATE TRIGGER full BEFORE INSERT ON {table} BEGIN SELECT RAISE(FAIL, 'disk full'); END")

        with pytest.raises(sqlite3.IntegrityError, match="disk full"):
            core.feed(made)

        assert core.counts() == {}
        assert core.alerts() == core.waiting() == core.activities() == input_progress.positions(core.store.connection) == []

        core.store.connection.execute("DROP TRIGGER full")
        core.pipeline.reload_state()
        assert core.feed(made) == 3
        assert core.counts() == {"m365": (3, 2, 2, 0, 1)}

    def test_positions_are_those_of_the_last_chunk_of_a_file(self, make_core):
        core = make_core()
        first = chunk([record()])
        second = chunk([record()], start=first.position.offset)

        core.feed(first, second, chunk([record()], path="/in/b.json"))

        assert {p.path: p.offset for p in input_progress.positions(core.store.connection)} == {
            "/in/a.json": second.position.offset,
            "/in/b.json": first.position.offset,
        }


def test_a_window_that_is_read_back_says_again_and_again_that_it_goes_on(make_core, monkeypatch):
    """A million rows a subject took 10 s, of which nobody was told: with five, the watchdog ended casbd after every start."""
    monkeypatch.setattr(window_pages, "BREATH", 10)
    monkeypatch.setattr(window_pages, "MOST_IN_PAGE", 1)
    monkeypatch.setattr(window_entries, "MOST_IN_JOURNAL", 10)
    core = make_core(rules={"burst": {"match": {"repeated": 3, "within": "1h"}}})
    core.feed_records(*(record(at=n) for n in range(100)))
    core.reopen()
    told = []
    core.pipeline = Pipeline(core.store, core.settings, core.policies, lambda: core.now, core.rails(), lambda: told.append(1))
    core.feed_records(record(at=1000))
    assert len(told) == 10
    core.feed_records(record(at=2000))
    assert len(told) == 10, "it is in memory now"
