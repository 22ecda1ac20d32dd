"""The two halves of the pipeline over a real store: counts, repeats, rejects, what a reload and a failed commit leave."""

import json
import sqlite3

import pytest
from builders import HOUR, MINUTE, NOON, chunk, load_rules, record, reject, settings
from msgspec.structs import replace

from casbd.errors import BadRecord
from casbd.model.activity import Activity
from casbd.model.alert import Alert
from casbd.pipeline import Pipeline
from casbd.pipeline.scan import REJECT_BYTES, Scanner
from casbd.policies.matcher import Matcher
from casbd.records.long_texts import LONGEST
from casbd.store.state import input_progress, policy_counts, rejects, window_entries

SINGLE = {"failed": {}}


def ids(core):
    return sorted(activity.activity_id for activity in core.activities())


class TestScan:
    def test_fills_in_where_the_activity_came_from(self, make_core):
        one = record()
        made = chunk([record(), one], name="own", path="/in/b.json", start=100, instance="tenant")

        activity = make_core().scanner.scan(made).activities[1]

        assert activity.raw == one.decode()
        assert (activity.source, activity.input, activity.input_file) == ("m365", "own", "/in/b.json")
        assert activity.input_offset == made.offsets[1]
        assert activity.app_instance == "tenant"

    def test_a_record_without_an_id_gets_a_hash_of_itself(self, make_core):
        nameless = [record(Id=None, at=1000), record(Id=None, at=1000), record(Id="", at=2000)]

        first, second, third = make_core().scanner.scan(chunk(nameless)).activities

        assert first.activity_id == second.activity_id
        assert len({first.activity_id, third.activity_id}) == 2
        assert len(third.activity_id) == 32

    def test_a_hash_stands_for_an_id_of_half_a_megabyte(self, make_core):
        long = "x" * 500_000
        core = make_core()
        core.feed_records(record(Id=long), record(Id=long + "y"), record(Id=long), record(Id="z" * LONGEST))
        assert sorted(map(len, ids(core))) == [32, 32, LONGEST]
        assert long in next(activity.raw for activity in core.activities() if len(activity.activity_id) == 32)

    def test_texts_of_blanks_are_none(self, make_core):
        record_ = {"Workload": "SharePoint", "Operation": "FileDownloaded", "ObjectId": " ", "UserAgent": "\u00a0", "UserKey": "\t"}
        first, second = make_core().scanner.scan(chunk([record(Id=" ", **record_), record(Id=" ", at=2000, **record_)])).activities

        assert (first.objects, first.object_id, first.object_name, first.user_agent, first.user_id) == ((), None, None, None, None)
        assert first.activity_id != second.activity_id

    def test_bad_records_become_rejects_and_the_next_one_is_read(self, make_core):
        records = [record(), b"{", b"[]", b"\xff\xfe", record(CreationTime="yesterday"), record()]

        batch = make_core().scanner.scan(chunk(records, rejects=[reject()]))

        assert len(batch.activities) == 2
        assert batch.received == 7
        assert batch.parsed == 2
        assert [entry.reason.split(":")[0].split(" (")[0] for entry in batch.rejects[1:]] == [
            "not JSON",
            "not a JSON object",
            "not UTF-8",
            "CreationTime 'yesterday'",
        ]

    def test_a_reject_keeps_the_first_bytes_only(self, make_core):
        batch = make_core().scanner.scan(chunk([b'{"a": "' + b"x" * 10_000]))

        assert len(batch.rejects[0].raw) == REJECT_BYTES

    def test_the_same_chunk_gives_the_same_whenever_it_is_scanned(self, make_core):
        """`within_days` counts back from when the chunk was read: a chunk that is scanned again after a failed commit is no other."""
        core = make_core(rules={"lately": {"filters": {"timestamp": {"within_days": 1}}}})
        one = chunk([record(at=-24 * HOUR), record(at=-24 * HOUR - 1000)])
        assert [[ids for _, _, ids, _ in core.scanner.scan(one).matches] for _ in range(2)] == [[("lately",)]] * 2
        later = replace(one, position=replace(one.position, seen=one.position.seen + 48 * HOUR))
        assert core.scanner.scan(later).matches == []

    def test_what_breaks_a_format_is_a_reject(self, make_core, caplog):
        class Broken:
            def parse(self, record):
                raise KeyError("hostile")

        scanner = Scanner(lambda *_: Broken(), [], Matcher([]), b"")

        batch = scanner.scan(chunk([record(), record()]))

        assert [entry.reason for entry in batch.rejects] == ["internal error: KeyError"] * 2
        assert "hostile" not in caplog.text
        [told] = caplog.records
        assert (told.error, told.offset) == ("KeyError", 0)

    @pytest.mark.parametrize("error", [KeyError("x"), BadRecord("half of it")])
    def test_a_record_of_which_a_part_is_bad_leaves_nothing_behind(self, tmp_path, error):
        """Its first activity has met a policy already when the second one breaks."""

        class TwoInOne:
            def parse(self, record):
                if record == b"bad":
                    yield Activity(NOON, "bad", activity_type="Failed log on")
                    raise error
                yield Activity(NOON, "good", activity_type="Log on")

        matcher = Matcher(load_rules(tmp_path, SINGLE))
        batch = Scanner(lambda *_: TwoInOne(), [], matcher, b"").scan(chunk([b"bad", b"good"]))

        assert [activity.activity_id for activity in batch.activities] == ["good"]
        assert (len(batch.stored.keys), batch.rows, batch.matches) == (1, [1], [])
        assert batch.received == batch.parsed + len(batch.rejects) == 2

    def test_text_that_cannot_be_stored_is_a_reject(self, make_core):
        """A format that lets half a surrogate pair through must not stop the store."""

        class Careless:
            def parse(self, record):
                return [Activity(NOON, "id", user=json.loads(record)["user"])]

        core = make_core()
        core.scanner = Scanner(lambda *_: Careless(), [], Matcher([]), b"")

        core.feed(chunk([b'{"user": "\\ud800"}', b'{"user": "b"}']))

        assert core.counts() == {"m365": (2, 1, 1, 0, 1)}


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
        from casbd.store.state import raised_alerts

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
        from casbd.alerting.raising import system

        core = make_core()
        alert = system("input_silent", "Input m365 is silent", "", subject="m365", moment=NOON, now=NOON)

        assert core.pipeline.raise_system(alert)
        assert not core.pipeline.raise_system(alert)
        assert len(core.waiting()) == 1


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
    monkeypatch.setattr(window_entries, "BREATH", 10)
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
