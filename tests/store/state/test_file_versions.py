"""Versions of files."""

import pytest

from casbd.store.state import file_versions
from casbd.store.state.file_versions import Version


def version(at=1, name="one", what="changed", kind="policy", text="a", digest=b"1"):
    return Version(at, kind, name, what, False, "eva", 7, digest, text)


@pytest.fixture
def add(store):
    def add(*versions):
        for one in versions:
            file_versions.add(store.connection, one)

    return add


def test_the_latest_of_each(store, add):
    assert file_versions.is_empty(store.connection)
    add(version(1, what="first"), version(2, digest=b"2"), version(3, "two"), version(4, "two", "removed", digest=None, text=None))
    assert not file_versions.is_empty(store.connection)
    assert file_versions.digests(store.connection) == {("policy", "one"): b"2"}
    assert [(one.name, one.at) for one in file_versions.latest(store.connection, "policy")] == [("one", 2), ("two", 4)]
    assert file_versions.latest(store.connection, "list") == []


def test_changes_have_the_text_before(store, add):
    add(version(1, what="first", text="old"), version(1, "two", "added"), version(5, text="new"), version(5, kind="list", text=None))
    changed = [*file_versions.changes(store.connection, 2, 5)]
    assert [(one.version.kind, one.text_before, one.at_before, one.version.text) for one in changed] == [
        ("list", None, None, None),
        ("policy", "old", 1, "new"),
    ]
    assert [one.version.name for one in file_versions.changes(store.connection, 0, 1)] == ["two"]  # what was there first is no change


def test_only_some_are_kept_of_each(store, add):
    add(*(version(n) for n in range(file_versions.MOST + 5)), version(1, "two"))
    kept = [one.version.at for one in file_versions.changes(store.connection, 0, 1000) if one.version.name == "one"]
    assert kept == [*range(5, file_versions.MOST + 5)][::-1]
    assert len(file_versions.latest(store.connection, "policy")) == 2


def test_old_ones_go_and_the_latest_stays(store, add):
    add(version(1), version(2), version(1, "gone"), version(2, "gone", "removed", digest=None, text=None), version(9, "two"))
    assert file_versions.prune(store.connection, 5, 1) == 1
    file_versions.prune(store.connection, 5)
    assert [(one.name, one.at) for one in file_versions.latest(store.connection, "policy")] == [("one", 2), ("two", 9)]
