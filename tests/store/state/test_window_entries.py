"""The journal and the table of counted activities: whenever they are sorted in, fail or are read anew, they hold what was noted."""

import itertools
import sqlite3

import msgspec
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from casbd.model.counted import Entry
from casbd.store import schema
from casbd.store.state import window_entries, window_pages
from casbd.store.state.window_entries import WindowEntries

POLICIES, SUBJECTS = ("p:1", "q:2", "r:3"), ("a", "b", "ä\0")
policies = st.lists(st.sampled_from(POLICIES), min_size=1, unique=True)
subjects = st.sampled_from(SUBJECTS)
entries = st.builds(
    Entry, st.integers(0, 5), st.integers(1, 3), st.text("xy", max_size=2), st.none() | st.just("v"), st.none() | st.just("alert")
)


class Journal(RuleBasedStateMachine):
    """Compared with a dictionary."""

    def __init__(self) -> None:
        super().__init__()
        self.connection = sqlite3.connect(":memory:", isolation_level=None)
        schema.prepare(self.connection)
        self.stored: dict = {}
        self.noted: dict = {}
        self.monkeypatch = pytest.MonkeyPatch()
        self.monkeypatch.setattr(window_entries, "MOST_IN_JOURNAL", 6)
        self.monkeypatch.setattr(window_pages, "MOST_IN_PAGE", 2)
        self.monkeypatch.setattr(window_pages, "PAGES_REMEMBERED", 2)
        self.monkeypatch.setattr(window_pages, "MOST_NAMES", 1)
        self.restart()

    def teardown(self):
        self.monkeypatch.undo()
        self.connection.close()

    @rule()
    def restart(self):
        """What was not saved is gone."""
        self.entries = WindowEntries(self.connection)
        self.noted = dict(self.stored)

    @rule(policies=policies, subject=subjects, given=st.lists(entries, max_size=5))
    def note(self, policies, subject, given):
        for entry in given:
            self.entries.note(policies, subject, entry)
            for policy in policies:
                self.noted[policy, subject, entry.timestamp, entry.key] = entry

    @rule(fails=st.booleans())
    def save(self, fails):
        self.connection.execute("BEGIN")
        self.entries.save(self.connection, 7)
        self.connection.execute("ROLLBACK" if fails else "COMMIT")
        if fails:
            self.restart()
        else:
            self.entries.saved()
            self.stored = dict(self.noted)

    @invariant()
    def holds_what_was_noted(self):
        assert self.entries.policies() == {policy for policy, *_ in self.noted}
        for window in itertools.product(POLICIES, SUBJECTS):
            expected = [entry for key, entry in sorted(self.noted.items(), key=lambda item: item[0]) if key[:2] == window]
            assert [*self.entries.of(window)] == expected
            orders = [(entry.timestamp, entry.key) for entry in expected]
            after, before = (1, 2), (4, 2)
            assert [*self.entries.of(window, after, before)] == [one for one in expected if after < (one.timestamp, one.key) < before]
            near = {(entry.timestamp, entry.key) for entry in self.entries.near(window, (3, 0), 2)}
            assert near >= {*[one for one in orders if one < (3, 0)][-2:], *[one for one in orders if one > (3, 0)][:2]}


TestJournal = Journal.TestCase


def test_a_commit_writes_one_row_until_there_are_many(monkeypatch):
    monkeypatch.setattr(window_entries, "MOST_IN_JOURNAL", 5)
    connection = sqlite3.connect(":memory:", isolation_level=None)
    schema.prepare(connection)
    entries = WindowEntries(connection)
    sizes = []
    for n in range(6):
        entries.note(["p"], str(n % 2), Entry(n, n + 1, f"{n}"))
        entries.save(connection, 0)
        entries.saved()
        sizes.append(
            tuple(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("window_journal", "window_pages"))
        )
    connection.close()
    assert sizes == [(1, 0), (2, 0), (3, 0), (4, 0), (5, 0), (0, 2)]


def test_what_several_policies_count_is_written_once():
    connection = sqlite3.connect(":memory:", isolation_level=None)
    schema.prepare(connection)
    written = WindowEntries(connection)
    one = Entry(1, 2, "an id that is nowhere else", "v")
    written.note([f"policy {n}" for n in range(50)], "a", one)
    written.save(connection, 0)
    ((journal,),) = connection.execute("SELECT entries FROM window_journal").fetchall()
    assert journal.count(one.activity_id.encode()) == 1
    assert [*WindowEntries(connection).of(("policy 49", "a"))] == [one]
    connection.close()


def test_what_an_older_casbd_wrote_into_the_journal_is_there():
    """It named the policy of each entry alone."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    schema.prepare(connection)
    row = msgspec.msgpack.encode([("p:1", "a", [Entry(2, 1, "y")]), ("q:2", "a", [Entry(1, 1, "x", "v", "alert")])])
    connection.execute("INSERT INTO window_journal (entries) VALUES (?)", (row,))
    entries = WindowEntries(connection)
    entries.note(["p:1", "q:2"], "a", Entry(3, 1, "z"))
    assert [[one.activity_id for one in entries.of((policy, "a"))] for policy in ("p:1", "q:2")] == [["y", "z"], ["x", "z"]]
    connection.close()


def test_the_nearest_may_be_in_a_page_that_begins_long_before(monkeypatch):
    monkeypatch.setattr(window_entries, "MOST_IN_JOURNAL", 0)
    connection = sqlite3.connect(":memory:", isolation_level=None)
    schema.prepare(connection)
    entries = WindowEntries(connection)
    for several in ((0, 9, 20), (5, 6), (7, 8), (11, 12), (13, 14)):
        for timestamp in several:
            entries.note(["p"], "a", Entry(timestamp, 1, ""))
        entries.save(connection, 0)
        entries.saved()
    assert {9, 8, 11, 12} <= {entry.timestamp for entry in entries.near(("p", "a"), (10, 0), 2)}
    assert {14, 13, 20} <= {entry.timestamp for entry in entries.near(("p", "a"), (15, 0), 2)}
    connection.close()


def test_what_is_old_or_of_a_policy_that_is_not_loaded_is_forgotten(monkeypatch):
    monkeypatch.setattr(window_entries, "MOST_IN_JOURNAL", 0)
    connection = sqlite3.connect(":memory:", isolation_level=None)
    schema.prepare(connection)
    entries = WindowEntries(connection)
    for stored in (100, 200):
        for policy in ("p:1", "q:2", "gone:3"):
            entries.note([policy], "a", Entry(stored, 1, f"{policy} {stored}"))
        entries.save(connection, stored)
        entries.saved()

    def left():
        pages = [msgspec.msgpack.decode(row[0]) for row in connection.execute("SELECT entries FROM window_pages")]
        return sorted(activity_id for page in pages for _, _, activity_id, *_ in page)

    assert window_pages.prune(connection, 100, ["p:1", "q:2"], at_most=1) == 1
    assert window_pages.prune(connection, 100, ["p:1", "q:2"]) == 1
    assert left() == ["p:1 100", "p:1 200", "q:2 100", "q:2 200"]
    assert window_pages.prune(connection, 101, ["p:1", "q:2"]) == 2
    assert left() == ["p:1 200", "q:2 200"]
    assert window_pages.prune(connection, 0, []) == 2
    connection.close()


@pytest.fixture
def packed(monkeypatch):
    """Windows that have all in pages at once."""
    monkeypatch.setattr(window_entries, "MOST_IN_JOURNAL", 0)
    connection = sqlite3.connect(":memory:", isolation_level=None)
    schema.prepare(connection)
    packed = WindowEntries(connection)

    def note(policies, subject, *given, stored=0):
        for entry in given:
            packed.note(policies, subject, entry)
        packed.save(connection, stored)
        packed.saved()

    packed.note_all, packed.connection = note, connection
    yield packed
    connection.close()


def rows(packed):
    return packed.connection.execute("SELECT policy, subject FROM window_pages ORDER BY seq").fetchall()


def test_policies_that_counted_the_same_have_a_page_together(packed):
    one, two, three = (Entry(n, n, str(n)) for n in (1, 2, 3))
    packed.note_all(["q", "p", "r"], "a", one)
    packed.note_all(["p", "q"], "b", two)
    packed.note(["p", "q"], "a", two)
    packed.note(["q"], "a", two.in_run("x"))
    packed.note_all(["p"], "a", three)
    assert rows(packed) == [("p\nq\nr", "a"), ("p\nq", "b"), ("p", "a"), ("q", "a")]
    expected = {"p": [one, two, three], "q": [one, two.in_run("x")], "r": [one]}
    for entries in (packed, WindowEntries(packed.connection)):
        assert entries.policies() == {"p", "q", "r"}
        assert {policy: [*entries.of((policy, "a"))] for policy in expected} == expected
        assert [[*entries.of((policy, "b"))] for policy in "pqr"] == [[two], [two], []]


def test_a_page_of_several_is_there_as_long_as_one_of_them_is_loaded(packed):
    packed.note_all(["p", "q"], "a", Entry(1, 1, "1"))
    packed.note_all(["r"], "a", Entry(1, 1, "1"))
    assert window_pages.prune(packed.connection, 0, ["q"]) == 1
    assert rows(packed) == [("p\nq", "a")]
    assert window_pages.prune(packed.connection, 0, ["other"]) == 1


def test_very_many_that_counted_the_same_have_each_its_own_page(packed):
    names = [f"p{n:03}" for n in range(window_pages.TOGETHER + 1)]
    packed.note_all(names, "a", Entry(1, 1, "1"))
    assert rows(packed) == [(name, "a") for name in names]


def test_a_policy_is_looked_for_under_a_bounded_number_of_names(packed):
    """Whatever it counts together with others: records, and who writes them, decide that."""
    others = [f"other{n}" for n in range(3 * window_pages.MOST_NAMES)]
    for number, other in enumerate(others):
        packed.note_all(["p", other], str(number), Entry(1, 1, "1"))
        packed.note_all(["p", other], "again", Entry(number, 1, "1"))
    together = [policy for policy, _ in rows(packed) if "\n" in policy]
    assert len({*together}) == window_pages.MOST_NAMES
    assert len(together) == 2 * window_pages.MOST_NAMES
    for entries in (packed, WindowEntries(packed.connection)):
        assert [[*entries.of((policy, str(number)))] for number, policy in enumerate(others)] == [[Entry(1, 1, "1")]] * len(others)
        assert [entry.timestamp for entry in entries.of(("p", "again"))] == [*range(len(others))]
