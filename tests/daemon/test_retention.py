"""What is too old is removed, but never because a clock has jumped."""

import json

import pytest
from builders import HOUR, NOON, chunk, record, reject, settings
from click.testing import CliRunner

from casbd.cli import casbd
from casbd.config.settings import Retention
from casbd.daemon.retention import RetentionClock, remove_some
from casbd.store.log import segments
from casbd.store.state import outbox, retention

DAY = 24 * HOUR
YEARS = 3 * 365 * DAY
KEEP = Retention()


class Hourly:
    """Passes as the daemon makes them. seconds: the host's own time, which nobody sets."""

    def __init__(self, core):
        self.core, self.seconds = core, 0.0
        self.start()

    def start(self):
        self.clock = RetentionClock(self.core.store, lambda: self.seconds)

    def go_by(self, milliseconds):
        self.seconds += milliseconds / 1000

    def at(self, now):
        """A pass; the ids that are left."""
        until = self.clock(now)
        while remove_some(self.core.store, KEEP, until, [], {}):
            pass
        return [activity.activity_id for activity in self.core.activities()]


@pytest.fixture
def core(make_core):
    core = make_core(settings=settings({}))
    core.feed_records(record(Id="old", at=-170 * DAY), record(Id="new"))
    core.store.connection.execute("UPDATE blocks SET stored = ?", (NOON,))
    return core


@pytest.fixture
def passes(core):
    hourly = Hourly(core)
    hourly.at(NOON)
    return hourly


@pytest.mark.parametrize("restarted", [False, True])
def test_a_clock_that_is_years_ahead_removes_nothing_and_is_told(passes, restarted):
    if restarted:
        passes.start()
    passes.go_by(HOUR)
    assert passes.at(NOON + YEARS) == ["old", "new"]
    assert passes.at(NOON + YEARS + HOUR) == ["old", "new"], "nor in one pass after the other"
    (told,) = passes.clock.warnings()
    assert "1095 days ahead" in told
    assert "casbd store trust-clock" in told
    assert passes.at(NOON + 2 * HOUR) == ["old", "new"]
    assert passes.clock.warnings() == []


def test_segments_expire_too(passes, core):
    segments.compact(core.store, at_least=1)
    assert [*segments.listed(core.store)]
    for days in range(0, 400, 2):
        passes.go_by(2 * DAY)
        passes.at(NOON + (days + 2) * DAY)
    assert [*segments.listed(core.store)] == []
    assert [*(core.store.directory / segments.DIRECTORY).rglob("*.parquet")] == []


@pytest.mark.parametrize(
    ("table", "keep", "put"),
    [
        ("alerts", {"alerts": "1h"}, "UPDATE alerts SET created = ?1, first_activity = ?1"),
        ("rejects", {"rejects": "1h"}, "UPDATE rejects SET stored = ?1"),
        ("refused", {"rejects": "1h"}, "UPDATE refused SET stored = ?1"),
        ("blocks", {"activities": "1h"}, "UPDATE blocks SET last = ?1, stored = ?1"),
    ],
)
def test_each_table_keeps_what_is_as_old_as_its_setting_says_and_no_more(make_core, monkeypatch, table, keep, put):
    """Two of each; one goes in a transaction, and while so many went there may be more."""
    monkeypatch.setattr("casbd.daemon.retention.BLOCKS", 1)
    monkeypatch.setattr("casbd.daemon.retention.ROWS", 1)
    core = make_core(rules={"failed": {}}, settings=settings({"gone": ["alerts"]}))
    for at in (0, 1):
        core.feed(chunk([record(at=at)], start=1000 * at, rejects=[reject(offset=at)]))
    with core.store.transaction() as connection:
        for row in core.waiting("gone") if table == "refused" else ():
            outbox.refuse(connection, "gone", row, row.body, "no", NOON)
        connection.execute(put, (NOON,))

    def left():
        return core.store.connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]

    def pass_at(now):
        more = remove_some(core.store, Retention(**{"alerts": "10d", "rejects": "10d", "activities": "10d"} | keep), now, [], {})
        return more, left()

    assert pass_at(NOON + HOUR) == (False, 2)
    assert [pass_at(NOON + HOUR + 1) for _ in range(3)] == [(True, 1), (True, 0), (False, 0)]


def test_what_waits_for_a_destination_that_is_gone_is_kept_as_long_as_alerts(make_core):
    core = make_core(rules={"failed": {}}, settings=settings({"gone": ["alerts"], "siem": ["alerts"]}))
    core.feed_records(record())
    for later, left in ((0, ["gone", "siem"]), (1, ["siem"])):
        remove_some(core.store, Retention(alerts="1h"), NOON + HOUR + later, ["siem"], {})
        assert sorted(outbox.pending(core.store.connection)) == left


def test_time_that_goes_by_is_believed(passes):
    for _ in range(200):
        passes.go_by(DAY)
        found = passes.at(NOON + int(passes.seconds * 1000))
        assert passes.clock.warnings() == []
    assert found == []


def test_what_grows_old_while_the_clock_is_wrong_goes(passes):
    passes.go_by(200 * DAY)
    assert passes.at(NOON + YEARS) == []


def test_a_downtime_is_believed_where_records_have_come_since(passes):
    passes.start()
    passes.core.feed_records(record(Id="later", at=250 * DAY))
    passes.core.store.connection.execute("UPDATE blocks SET stored = ? WHERE block_id > 1", (NOON + 250 * DAY,))
    assert passes.at(NOON + 251 * DAY) == ["later"]
    assert passes.clock.warnings() == []


def test_a_weekend_needs_no_record(passes):
    passes.start()
    passes.at(NOON + 3 * DAY)
    assert passes.clock.warnings() == []


def test_a_record_of_the_future_is_no_witness(passes):
    passes.core.feed_records(record(Id="future", at=YEARS))
    passes.core.store.connection.execute("UPDATE blocks SET stored = ?", (NOON,))
    assert passes.at(NOON + YEARS) == ["old", "new", "future"]
    assert passes.clock.warnings()


def test_nor_is_one_that_was_stored_by_the_wrong_clock(passes):
    passes.core.feed_records(record(Id="future", at=20 * YEARS), record(Id="newer"))
    passes.core.store.connection.execute("UPDATE blocks SET stored = ? WHERE last > ?", (NOON + YEARS, NOON))
    assert {*passes.at(NOON + YEARS)} == {"old", "new", "newer", "future"}
    assert passes.clock.warnings()


def test_a_clock_that_was_back_and_is_right_again(passes):
    passes.go_by(HOUR)
    passes.at(NOON - YEARS)
    assert passes.clock.warnings() == []
    passes.go_by(HOUR)
    passes.at(NOON + 2 * HOUR)
    assert passes.clock.warnings() == []


def test_a_first_pass_believes_the_clock(core):
    hourly = Hourly(core)
    assert hourly.at(NOON + 11 * DAY) == ["old", "new"]
    assert hourly.clock.warnings() == []


def test_a_person_says_that_it_is_right(passes, tmp_path, monkeypatch):
    monkeypatch.setattr("casbd.cli.store.trust_clock.now", lambda: NOON + YEARS)
    assert passes.at(NOON + YEARS) == ["old", "new"]
    (tmp_path / "casbd.yaml").write_text(json.dumps({"state_dir": str(passes.core.store.directory), "rules": [], "inputs": []}))
    result = CliRunner().invoke(casbd, ["-c", str(tmp_path / "casbd.yaml"), "store", "trust-clock"])
    assert result.exit_code == 0, result.output
    passes.go_by(HOUR)
    assert passes.at(NOON + YEARS + HOUR) == []
    assert passes.clock.warnings() == []
    assert retention.reached(passes.core.store.connection) == NOON + YEARS + HOUR
