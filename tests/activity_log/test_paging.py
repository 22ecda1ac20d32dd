"""Pages of a search: joined they are the whole, each activity once, also while new ones arrive."""

from itertools import islice

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from casbd.activity_log import ActivityLog, Cursor, Wanted, search
from casbd.model.activity import Activity
from casbd.store.database import Store
from casbd.store.log import blocks, segments
from casbd.store.log.packing import Packer

WANTED = Wanted(["user neq B"], lambda: 0)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    with Store(tmp_path_factory.mktemp("log")) as store:
        store.connection.execute("PRAGMA synchronous = OFF")
        yield store


class Log:
    """A store that activities are put into; some are alike in time, id or both, but none in instance, too."""

    def __init__(self, store):
        self.store = store
        self.all = []
        with store.transaction() as connection:
            connection.execute("DELETE FROM blocks")
            connection.execute("DELETE FROM segments")

    def put(self, rows, *, compact):
        made = [Activity(time, f"id-{name}", user=user) for time, name, user in rows]
        for activity in made:
            activity.app_instance = str(len(self.all)) if len(self.all) % 3 else None
            if activity.app_instance is None:
                activity.activity_id += f"-{len(self.all)}"
            self.all.append(activity)
        packer = Packer()
        packer.begin()
        packer.add(made)
        with self.store.transaction() as connection:
            blocks.add(connection, packer, [packer.part([1] * len(made))], 0)
        if compact:
            assert segments.compact(self.store, at_least=1)

    def page(self, limit, after):
        return list(search(ActivityLog(self.store), WANTED, limit=limit, after=after))

    def wanted(self):
        return sorted((a for a in self.all if a.user != "B"), key=lambda a: (-a.timestamp, a.activity_id, a.app_instance or ""))


row = st.tuples(st.integers(0, 4), st.integers(0, 3), st.sampled_from([None, "a", "B"]))
some_blocks = st.tuples(st.lists(row, min_size=1, max_size=6), st.booleans())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.lists(some_blocks, max_size=5), st.integers(1, 5))
def test_joined_they_are_the_whole(store, given_blocks, limit):
    log = Log(store)
    for rows, compact in given_blocks:
        log.put(rows, compact=compact)

    found, after = [], None
    while page := log.page(limit, after):
        assert len(page) <= limit
        found += page
        after = Cursor.parse(Cursor.at(page[-1]).text())

    assert found == log.wanted() == log.page(0, None)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(some_blocks, st.lists(some_blocks, max_size=6), st.integers(1, 4))
def test_new_ones_shift_nothing(store, begun, arriving, limit):
    log = Log(store)
    log.put(begun[0], compact=begun[1])
    before, later, found, after = log.wanted(), iter(arriving), [], None
    while page := log.page(limit, after):
        found += page
        after = Cursor.at(page[-1])
        for rows, compact in islice(later, 1):
            log.put(rows, compact=compact)

    keys = [Cursor.at(activity) for activity in found]
    assert len({*keys}) == len(keys)
    assert [activity for activity in found if activity in before] == before
    assert found == [activity for activity in log.wanted() if activity in found]


@pytest.mark.parametrize("text", ["", "x", "!", "ä", "a" * 1000, "k88AAAGhpgV9INkkNmFjMDVkYjEtMjhm"])
def test_a_text_that_is_no_cursor(text):
    with pytest.raises(ValueError, match="none that a search has printed"):
        Cursor.parse(text)


@given(st.builds(Activity, timestamp=st.integers(0, 2**42), activity_id=st.text(max_size=20), app_instance=st.none() | st.text(max_size=9)))
def test_a_cursor_is_one_word_of_a_shell(activity):
    text = Cursor.at(activity).text()
    assert text.replace("-", "").replace("_", "").isalnum()
    assert text[0] != "-"
    assert Cursor.parse(text) == Cursor.at(activity)


def test_pages_are_of_the_newest_first_alone(store):
    with pytest.raises(ValueError, match="newest first"):
        search(ActivityLog(store), WANTED, sort="user", after=Cursor(0, "", ""))
