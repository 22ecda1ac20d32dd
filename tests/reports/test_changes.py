"""What changed, how, and by whom."""

import pytest
from alerts_of_a_month import DAY, HOSTILE, MONTH
from builders import NOON

from casbd.pseudonyms import NONE, Pseudonyms
from casbd.reports.changes import MOST, changes, difference, last_changes, last_configuration_change
from casbd.store.state import audit, file_versions
from casbd.store.state.file_versions import Version


@pytest.fixture
def store(core):
    """The policy `failed` as it was at first, and then twice; a command that changed it first."""

    def version(at, what, text, kind="policy", name="failed", stopped=False):
        file_versions.add(core.store.connection, Version(NOON + at, kind, name, what, stopped, "root", NOON - DAY, text.encode(), text))

    version(0, "first", "name: a\nseverity: low\n")
    version(0, "first", "name: idle\n", name="idle")
    audit.add(core.store.connection, NOON + DAY, "policies disable", "failed", {}, "eva")
    audit.add(core.store.connection, NOON + DAY, "reload", "failed", {}, audit.DAEMON)
    version(DAY, "changed", "name: a\nseverity: low\nenabled: false\n")
    version(2 * DAY, "changed", "name: anna@contoso.com\nseverity: high\nenabled: false\n", stopped=True)
    return core.store


def test_by_whom(store):
    later, earlier = changes(store, NONE, MONTH)
    assert (earlier.name, earlier.what, earlier.by, earlier.while_stopped) == ("failed", "changed", "eva (casbd policies disable)", False)
    assert (later.by, later.while_stopped) == ("an editor, in a file of root", True)


def test_differences(store):
    later, earlier = changes(store, NONE, MONTH)
    assert earlier.diff == "@@ -2 +2,2 @@\n severity: low\n+enabled: false"
    assert later.diff.splitlines()[1:] == ["-name: a", "-severity: low", "+name: anna@contoso.com", "+severity: high", " enabled: false"]


def test_a_difference_names_nobody_where_people_have_pseudonyms(store):
    hidden = changes(store, Pseudonyms(["user"], b"k" * 16), MONTH)[0]
    assert "anna" not in hidden.diff
    assert "user-" in hidden.diff


def test_other_months_have_others(store):
    assert changes(store, NONE, MONTH.plus(1)) == []


def test_the_last_change_of_each_policy(store, core):
    last = last_changes(store, core.policies)
    assert (last["failed"].at, last["failed"].what) == ("2026-01-03T12:00:00.000Z", "changed")
    assert (last["idle"].at, last["idle"].what) == ("2025-12-31T12:00:00.000Z", "first")  # as the file says
    assert "off" not in last  # never looked at


def test_the_last_change_of_the_configuration(store):
    assert last_configuration_change(store) is None
    file_versions.add(store.connection, Version(NOON, "configuration", "outputs", "changed", False, "root", NOON, b"", None))
    assert last_configuration_change(store) == "2026-01-01T12:00:00.000Z"


def test_a_long_difference_is_cut():
    lines = difference("", "\n".join(f"line {n} {'x' * 1000}" for n in range(900))).splitlines()
    assert len(lines) == MOST + 1
    assert lines[-1] == f"... and {901 - MOST} more lines"
    assert max(map(len, lines)) < 200


def test_without_texts_there_is_no_difference():
    assert difference(None, None) == ""
    assert difference(None, "a") == "@@ -0,0 +1 @@\n+a"
    assert HOSTILE in difference(HOSTILE, None)
