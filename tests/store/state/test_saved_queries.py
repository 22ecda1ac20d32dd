"""Saved searches in the store, beside the daemon that holds it; and those that casbd suggests."""

import pytest
from builders import NOON, record

from casbd.activity_log import ActivityLog, Wanted, search
from casbd.activity_log.queries import Query, delete, find, save, saved, suggested
from casbd.model.activity import Activity
from casbd.store.database import Store
from casbd.store.log import blocks
from casbd.store.log.packing import Packer
from casbd.store.state import saved_queries


@pytest.fixture
def core(make_core):
    return make_core()


def keep(core, name, query):
    """Saves as a command does while the daemon has the store."""
    with Store(core.store.directory, locked=False) as store, store.transaction() as connection:
        return save(connection, name, query)


WHOLE = Query(("user eq a", "country neq NO,SE"), "mailbox rule", "-7d", "yesterday", "-user", 0)


def test_is_what_it_was_after_a_restart(core):
    assert not keep(core, "Last week", WHOLE)
    assert not keep(core, "b", Query(text="x"))
    core.feed_records(record())
    core.reopen()
    assert saved(core.store.connection) == {"b": Query(text="x"), "Last week": WHOLE}
    assert saved_queries.every(core.store.connection)["b"] == b'{"text":"x"}'


def test_a_name_is_one_in_any_case(core):
    keep(core, "Über", Query(text="x"))
    assert keep(core, "ÜBER", WHOLE)
    assert saved(core.store.connection) == {"ÜBER": WHOLE}
    assert find("über", saved(core.store.connection)) == ("ÜBER", WHOLE)
    with core.store.transaction() as connection:
        assert delete(connection, "über")
        assert not delete(connection, "über")
    assert saved(core.store.connection) == {}


@pytest.mark.parametrize("name", ["", " ", " x", "x ", "x" * 61, "a/b", "a\nb", "x\x1b", "-x", "failed log ons", "FAILED LOG ONS"])
def test_a_name_that_cannot_be(core, name):
    with pytest.raises(ValueError, match="name"):
        keep(core, name, WHOLE)
    assert saved(core.store.connection) == {}


def test_what_is_given_wins_and_filters_add_up():
    assert Query(("city eq Oslo",), "now", until="now", limit=5).along_with(WHOLE) == Query(
        ("user eq a", "country neq NO,SE", "city eq Oslo"), "mailbox rule now", "-7d", "now", "-user", 5
    )
    assert Query().along_with(WHOLE) == WHOLE == WHOLE.along_with(Query())


ON, OFF = "Log on", "Failed log on"
OLD = ("Outdated operating system",)
EXAMPLES = [
    Activity(NOON, "admin", "Add policy", is_admin_operation=True),
    Activity(NOON, "download", "Download file"),
    Activity(NOON, "failed", OFF, result="failure", user_agent_tags=OLD),
    Activity(NOON, "folder", "Delete folder", is_admin_operation=False),
    Activity(NOON, "as another", "Send message using Send As permissions", is_impersonated=True),
    Activity(NOON, "reset", "Reset password", is_admin_operation=True),
    Activity(NOON, "change", "Change password"),
    Activity(NOON, "share", "Share file", result="success"),
    Activity(NOON, "on", ON, result="success", is_impersonated=False),
    Activity(NOON, "on, one knows no more", "Single sign-on log on"),
    Activity(NOON, "on, but not", ON, result="failure"),
    Activity(NOON, "on, old", ON, result="success", user_agent_tags=("Native client", *OLD)),
]
FOUND = {
    "Admin activities": {"admin", "reset"},
    "Download activities": {"download"},
    "Failed log ons": {"failed"},
    "File and folder activities": {"download", "folder", "share"},
    "Impersonation activities": {"as another"},
    "Password changes and reset requests": {"reset", "change"},
    "Sharing activities": {"share"},
    "Successful log ons": {"on", "on, one knows no more", "on, old"},
    "Log ons with outdated browser or operating system": {"on, old"},
}


@pytest.mark.parametrize("name", suggested())
def test_a_suggested_one_finds_what_it_should(core, name):
    packer = Packer()
    packer.begin()
    packer.add(EXAMPLES)
    with core.store.transaction() as connection:
        blocks.add(connection, packer, [packer.part(range(1, len(EXAMPLES) + 1))], 0)

    wanted = Wanted(suggested()[name].conditions(), lambda: NOON)

    assert {activity.activity_id for activity in search(ActivityLog(core.store), wanted)} == FOUND[name]


def test_all_that_mdca_suggests_are_there():
    assert {*suggested()} == {*FOUND}


def test_the_operations_of_suggested_ones_are_those_that_formats_tell():
    """A misspelt activity type would never be found."""
    from casbd.formats import _activity_table

    known = "".join(path.read_text() for path in _activity_table.DATA.glob("*_activities.yaml"))
    told = {
        kind.strip()
        for query in suggested().values()
        for one in query.filters
        if one.startswith("activity_type eq ")
        for kind in one[17:].split(",")
    }
    assert len(told) > 20
    assert [kind for kind in told if f" {kind}: [" not in known and f" {kind}:\n" not in known] == []
