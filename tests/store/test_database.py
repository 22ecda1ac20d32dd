"""The state directory: who may open it, what a transaction leaves, and what is told where it cannot be used."""

import sqlite3
import stat
import subprocess
import sys
import threading

import msgspec
import pytest

from casbd.clock import monotonic
from casbd.errors import StateInUse, StoreError
from casbd.model.counted import Entry
from casbd.store import schema, tables
from casbd.store.database import FILE, Store
from casbd.store.state import held_back, input_progress, outbox, policy_counts, priority, raised_alerts, replays
from casbd.store.state.window_entries import WindowEntries


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "state") as store:
        yield store


def meta(store):
    return dict(store.connection.execute("SELECT name, value FROM meta WHERE name != 'salt'").fetchall())


class TestOpening:
    def test_a_second_daemon_is_refused(self, store):
        with pytest.raises(StateInUse, match="another casbd runs on"):
            Store(store.directory)

    def test_the_lock_goes_with_the_process(self, store):
        store.close()
        with Store(store.directory):
            pass

    def test_is_not_for_everybody_to_read(self, store):
        for path in store.directory.iterdir():
            assert stat.S_IMODE(path.stat().st_mode) & 0o007 == 0, path

    def test_another_thread_has_its_own_connection(self, store):
        with store.another() as second, store.transaction() as connection:
            connection.execute("INSERT INTO meta VALUES ('a', 1)")
            assert meta(second) == {}
        assert meta(store) == {"a": 1}

    def test_a_thread_that_waits_writes_before_the_other_one_writes_again(self, store):
        """SQLite has it look again after a while: a loop that commits all the time would keep it out for seconds."""
        written = []

        def write(store, who):
            with store.transaction() as connection:
                connection.execute("INSERT INTO meta VALUES (?, 1)", (who,))
                written.append(who)

        def another():
            with store.another() as second:
                write(second, "the other")

        thread = threading.Thread(target=another)
        with store.transaction():
            thread.start()
            until = monotonic() + 10
            while not store.turns.wanted:
                assert monotonic() < until
        write(store, "again")
        thread.join()
        assert written == ["the other", "again"]

    def test_who_writes_within_his_own_turn_is_told_and_does_not_hang(self, store, monkeypatch):
        monkeypatch.setattr("casbd.store.turns.MOST_SECONDS", 0.001)
        with store.transaction(), pytest.raises(sqlite3.OperationalError, match="locked by another thread"), store.transaction():
            pass
        with store.transaction() as connection:
            connection.execute("INSERT INTO meta VALUES ('a', 1)")

    @pytest.mark.parametrize("how", ["locked=False", "readonly=True"])
    def test_a_command_that_ends_leaves_the_daemons_log_alone(self, store, how):
        """A thread's connection has come and gone: that must not have taken the locks of the others."""
        store.another().close()
        log = store.directory / f"{FILE}-wal"
        before = log.stat().st_ino
        text = f"import pathlib, sys; from casbd.store.database import Store; Store(pathlib.Path(sys.argv[1]), {how}).close()"
        subprocess.run([sys.executable, "-c", text, store.directory], check=True)
        assert log.stat().st_ino == before
        with store.transaction() as connection:
            connection.execute("INSERT INTO meta VALUES ('a', 1)")
        text = "import sqlite3, sys; print(*sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchall())"
        command = [sys.executable, "-c", text, store.directory / FILE, "SELECT value FROM meta WHERE name = 'a'"]
        assert subprocess.run(command, check=True, capture_output=True).stdout == b"(1,)\n"

    def test_a_file_that_is_not_ours_to_write(self, store, monkeypatch):
        monkeypatch.setattr("os.access", lambda path, mode: not mode & 2)  # root may always
        with pytest.raises(StoreError, match="may not write"):
            store.another()

    def test_reading_works_while_the_daemon_runs_and_afterwards(self, store):
        with store.transaction() as connection:
            connection.execute("INSERT INTO meta VALUES ('a', 1)")
        with Store(store.directory, readonly=True) as reader:
            assert meta(reader) == {"a": 1}
            with pytest.raises(sqlite3.OperationalError, match="readonly"):
                reader.connection.execute("DELETE FROM meta")
        store.close()
        with Store(store.directory, readonly=True) as reader:
            assert meta(reader) == {"a": 1}

    def test_there_is_nothing_to_read_yet(self, tmp_path):
        with pytest.raises(StoreError, match="no activity log yet"):
            Store(tmp_path, readonly=True)
        (tmp_path / FILE).touch()
        with pytest.raises(StoreError, match="no activity log yet"):
            Store(tmp_path, readonly=True)

    @pytest.mark.parametrize("readonly", [True, False])
    def test_a_damaged_file(self, tmp_path, readonly):
        (tmp_path / FILE).write_bytes(b"this is no database" * 1000)
        with pytest.raises(StoreError, match="not a database"):
            Store(tmp_path, readonly=readonly)

    @pytest.mark.parametrize("readonly", [True, False])
    def test_a_newer_version(self, store, readonly):
        store.connection.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
        store.close()
        with pytest.raises(StoreError, match="newer casbd"):
            Store(store.directory, readonly=readonly)
        store.connection = sqlite3.connect(store.directory / FILE)

    def test_one_from_before_the_first_release_is_left_as_it_is(self, tmp_path):
        """Its activities have another form: brought up to date, it would be a log that nobody can read."""
        with sqlite3.connect(tmp_path / FILE) as old:
            old.executescript("CREATE TABLE kept (a); PRAGMA user_version = 1;")
        old.close()
        with pytest.raises(StoreError, match="from before the first release: begin a new one"):
            Store(tmp_path)
        with sqlite3.connect(tmp_path / FILE) as old:
            assert old.execute("SELECT name FROM sqlite_master").fetchall() == [("kept",)]
        old.close()

    def test_an_older_version_is_brought_up_to_date_by_the_daemon(self, tmp_path):
        with sqlite3.connect(tmp_path / FILE) as old:
            old.executescript(tables.TABLES + "PRAGMA user_version = 2; INSERT INTO policies VALUES ('one', 7, 1);")
        old.close()
        with pytest.raises(StoreError, match="an older casbd wrote it"):
            Store(tmp_path, readonly=True)
        for readonly in (False, True):
            with Store(tmp_path, readonly=readonly) as store:
                assert policy_counts.counts(store.connection) == {"one": (7, 1)}
                assert [*held_back.every(store.connection)] == []

    def test_what_waited_in_version_5_waits_still(self, tmp_path):
        steps = "".join(step for since, step in tables.CHANGES.items() if since < 5)
        queued = "INSERT INTO outbox (destination, kind, size, body) VALUES ('siem', 'alert', 3, x'00')"
        with sqlite3.connect(tmp_path / FILE) as old:
            old.executescript(f"{steps} PRAGMA user_version = 5; {queued}; INSERT INTO destinations (name, delivered) VALUES ('siem', 7);")
        old.close()
        with Store(tmp_path) as store:
            found = outbox.deliveries(store.connection)["siem"]
            assert (found.pending, found.delivered, found.oldest, found.in_doubt, found.down_since) == (1, 7, None, 0, None)
            assert [row.seq for row in outbox.head(store.connection, "siem", 10)] == [1]

    @pytest.mark.parametrize("version", range(2, schema.VERSION))
    def test_every_older_version_becomes_this_one(self, tmp_path, version):
        steps = "".join(step for since, step in tables.CHANGES.items() if since < version)
        with sqlite3.connect(tmp_path / FILE) as old:
            schema.add_functions(old)
            old.executescript(f"{steps} PRAGMA user_version = {version}")
            columns = "name, received, records, activities, duplicates, rejects, last_record"
            old.execute(f"INSERT INTO inputs ({columns}) VALUES ('m', 3, 2, 2, 1, 0, 9)")
        old.close()
        with Store(tmp_path) as store, Store(tmp_path / "new") as new:
            listed = "SELECT name, type FROM sqlite_master ORDER BY 1"
            assert [*store.connection.execute(listed)] == [*new.connection.execute(listed)]
            assert input_progress.counts(store.connection)["m"] == input_progress.Counts(3, 2, 2, 1, 0, 9, None)

    def test_what_version_8_counted_is_counted_still(self, tmp_path):
        steps = "".join(step for since, step in tables.CHANGES.items() if since < 8)
        rows = [("p:1", who, n % 300, n, f"{n}", "v\0", None if n % 2 else "alert", n // 250) for who in ("a", "b") for n in range(500)]
        with sqlite3.connect(tmp_path / FILE) as old:
            old.executescript(f"{steps} PRAGMA user_version = 8")
            old.executemany("INSERT INTO window_entries VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
        old.close()
        with Store(tmp_path) as store:
            for who in ("a", "b"):
                assert [*WindowEntries(store.connection).of(("p:1", who))] == sorted(
                    [Entry(*row[2:7]) for row in rows if row[1] == who], key=lambda entry: (entry.timestamp, entry.key)
                )
            assert store.connection.execute("SELECT min(stored), max(stored), count(*) FROM window_pages").fetchone() == (1, 1, 6)

    def test_alerts_of_version_9_can_be_asked_for_and_are_not_told_again(self, tmp_path):
        steps = "".join(step for since, step in tables.CHANGES.items() if since < 9)
        body = {"policy_id": "p", "policy_name": "P", "policy_type": "activity", "severity": "low", "ip_address": "2001:db8::1"}
        rows = [
            (name, "p", "open", "low", None, None, "a", 5, 7, held, msgspec.msgpack.encode(body | {"alert_id": name, "activity_count": 9}))
            for name, held in (("sent", 0), ("held", 1))
        ]
        with sqlite3.connect(tmp_path / FILE) as old:
            schema.add_functions(old)
            old.executescript(f"{steps} PRAGMA user_version = 9")
            old.executemany("INSERT INTO alerts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
        old.close()
        with Store(tmp_path) as store:
            found = raised_alerts.find(store.connection, ip_address="2001:db8::1", user="A", state="unread")
            assert [alert.alert_id for alert in found] == ["held", "sent"]
            assert raised_alerts.told(store.connection, "sent") == (9, "low", 7, frozenset())
            assert raised_alerts.told(store.connection, "held") is None

    def test_alerts_of_version_19_were_told_to_the_outputs_of_then(self, tmp_path):
        steps = "".join(step for since, step in tables.CHANGES.items() if since < 19)
        queued = "INSERT INTO destinations (name) VALUES ('siem'); INSERT INTO outbox (destination) VALUES ('siem'), ('new')"
        with sqlite3.connect(tmp_path / FILE) as old:
            schema.add_functions(old)
            old.executescript(f"{steps} PRAGMA user_version = 19; {queued};")
            old.execute(
                "INSERT INTO alerts (alert_id, told_count, told_severity, told_at) VALUES ('sent', 9, 'low', 7), ('held', 9, 'low', NULL)"
            )
        old.close()
        with Store(tmp_path) as store:
            assert raised_alerts.told(store.connection, "sent") == (9, "low", 7, {"siem", "new"})
            assert raised_alerts.told(store.connection, "held") is None
            assert replays.begun(store.connection) == {"siem", "new"}, "none of these gets what is stored"

    def test_alerts_of_version_16_add_to_the_priority(self, tmp_path):
        steps = "".join(step for since, step in tables.CHANGES.items() if since < 16)
        body = msgspec.msgpack.encode({"country": "NO", "app_instance": "one"})
        alerts = [
            ("a", "threat_detection", "A@x.com", "open", None, None, 45),
            ("b", "dlp", "bob", "closed", None, "true_positive", 20),
            ("c", None, "a@x.com", "closed", None, "benign", 20),
            ("d", None, "a@x.com", "open", "a", None, 20),
            ("e", "system", None, "open", None, None, 20),
        ]
        columns = "alert_id, category, user, status, merged_into, resolution, risk_score, policy_id, app, last_activity, body"
        with sqlite3.connect(tmp_path / FILE) as old:
            schema.add_functions(old)
            old.executescript(f"{steps} PRAGMA user_version = 16")
            values = "?, ?, ?, ?, ?, ?, ?, 'p', 'AWS', 5, ?"
            old.executemany(f"INSERT INTO alerts ({columns}) VALUES ({values})", [(*one, body) for one in alerts])
        old.close()
        with Store(tmp_path) as store:
            assert priority.scores(store.connection, 5) == {"a@x.com": 45, '["bob", "aws", "one"]': 20}

    def test_a_directory_that_cannot_be_made(self, tmp_path):
        (tmp_path / "file").touch()
        with pytest.raises(StoreError, match=r"Not a directory|File exists"):
            Store(tmp_path / "file" / "state")


class TestTransaction:
    @pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, sqlite3.OperationalError])
    def test_everything_or_nothing(self, store, error):
        def fail():
            with store.transaction() as connection:
                connection.execute("INSERT INTO meta VALUES ('a', 1)")
                raise error

        with pytest.raises(error):
            fail()
        assert meta(store) == {}
        with store.transaction() as connection:
            connection.execute("INSERT INTO meta VALUES ('b', 1)")
        assert meta(store) == {"b": 1}

    def test_is_durable_when_it_returns(self, store):
        """Another process sees it although this one never closes: the way it is after SIGKILL."""
        store.close()
        process = subprocess.run([sys.executable, "-c", WRITE_AND_DIE, str(store.directory)], check=False)
        assert process.returncode == 9
        with Store(store.directory) as again:
            assert meta(again) == {"kept": 1}


WRITE_AND_DIE = """\
import os, sys
from pathlib import Path
from casbd.store.database import Store

store = Store(Path(sys.argv[1]))
with store.transaction() as connection:
    connection.execute("INSERT INTO meta VALUES ('kept', 1)")
store.connection.execute("BEGIN IMMEDIATE")
store.connection.execute("INSERT INTO meta VALUES ('lost', 1)")
os._exit(9)
"""


def test_the_salt_is_of_this_store(store, tmp_path):
    salt = store.salt()
    assert len(salt) == 16
    assert store.salt() == salt
    with Store(tmp_path / "other") as other:
        assert other.salt() != salt
