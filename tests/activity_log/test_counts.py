"""Counting by columns where SQL alone cannot decide about some activities."""

from casbd.activity_log import ActivityLog, Wanted, parts
from casbd.model.activity import Activity
from casbd.store.database import Store
from casbd.store.log import blocks, segments
from casbd.store.log.packing import Packer

START = 1_767_225_600_000


def add(store, users, first):
    """A block of an activity a user. first: the first one's key."""
    packer = Packer()
    packer.begin()
    packer.add([Activity(START, f"id-{first + number}", user=user, raw="{}") for number, user in enumerate(users)])
    with store.transaction() as connection:
        blocks.add(connection, packer, [packer.part([first + number for number in range(len(users))])], START)


def test_what_sql_was_sure_of_is_not_counted_again(tmp_path, monkeypatch):
    """A few waiting activities beside a segment, one of them with letters that SQLite and DuckDB fold otherwise than Python."""
    monkeypatch.setattr(parts, "FEW", 10)
    store = Store(tmp_path)
    add(store, ["anna@contoso.com"], 1)
    segments.compact(store, at_least=1)
    add(store, ["straße", "anna@contoso.com"], 2)
    anna, strasse = (Wanted([f"user eq {user}"], lambda: START) for user in ("anna@contoso.com", "STRASSE"))

    assert ActivityLog(store).counts(anna, ["user"], START, START) == {("anna@contoso.com",): 2}
    assert ActivityLog(store).counts(strasse, ["user"], START, START) == {("straße",): 1}


def test_what_is_alike_is_put_together_and_lists_are_a_whole(tmp_path, monkeypatch):
    """SQL is not sure of letters that are not ASCII: such activities come one by one, with what is asked of them."""
    monkeypatch.setattr(parts, "FEW", 0)
    log = ActivityLog(Store(tmp_path))
    add(log._store, ["anna", "straße", "anna", None], 1)
    segments.compact(log._store, at_least=1)
    add(log._store, ["anna", "straße"], 5)
    by = ["user", "user_groups", "result"]

    assert [*log.alike(Wanted([], lambda: START), by)] == [
        (("anna", [], None), 3, START),
        (("straße", [], None), 2, START),
        ((None, [], None), 1, START),
    ]
    found = [*log.alike(Wanted(["user eq anna,STRASSE"], lambda: START), by, START, START)]
    assert found == [(("anna", [], None), 3, START), *[(("straße", (), None), 1, START)] * 2]
    assert [*log.alike(Wanted([], lambda: START), by, START + 1)] == []
