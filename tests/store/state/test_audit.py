"""The audit trail: what was noted stays, in order, in the transaction of what it tells."""

import pytest
from builders import HOUR, NOON

from casbd.config.settings import Retention
from casbd.daemon.retention import remove_some
from casbd.store.database import Store
from casbd.store.state import audit
from casbd.store.state.operator import person


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path) as store:
        yield store


def noted(store, *, since=None, until=None, **wanted):
    return [(entry.at - NOON, entry.action) for entry in audit.listed(store.connection, since, until, **wanted)]


@pytest.fixture
def filled(store):
    with store.transaction() as connection:
        for at, action, who in ((2, "alerts close", "eva"), (0, "reload", "casbd"), (1, "reload refused", "casbd"), (3, "alertsx", "eve")):
            audit.add(connection, NOON + at, action, "t", {}, who)
    return store


def test_an_entry_comes_back_as_it_was(store):
    detail = {"comment": "ü\u2028'\x1b", "before": None, "tags": ["a", 1]}
    with store.transaction() as connection:
        audit.add(connection, NOON, "alerts close", "ab12", detail, "eva")

    assert list(audit.listed(store.connection)) == [audit.Entry(NOON, "eva", "alerts close", "ab12", detail)]


def test_what_is_rolled_back_is_not_noted(store):
    def interrupted():
        with store.transaction() as connection:
            audit.add(connection, NOON, "reload", "", {})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        interrupted()
    assert noted(store) == []


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, [2, 0, 1, 3]),  # in the order of noting: a clock that was set back changes nothing
        ({"since": NOON + 1}, [2, 1, 3]),
        ({"until": NOON + 1}, [0, 1]),
        ({"action": "reload"}, [0, 1]),
        ({"action": "reload refused"}, [1]),
        ({"action": "alerts"}, [2]),
        ({"action": "rel"}, []),
        ({"action": ""}, []),
        ({"who": "CASBD"}, [0, 1]),
        ({"who": "casbd", "since": NOON + 1}, [1]),
        ({"who": "ev%"}, []),
    ],
)
def test_listed(filled, wanted, found):
    assert [at for at, _ in noted(filled, **wanted)] == found


def test_retention_leaves_it_alone(filled):
    while remove_some(filled, Retention(), NOON + 1_000_000 * HOUR, [], {}):
        pass
    assert len(noted(filled)) == 4


def test_who_became_another_user_is_found_by_both_names(store):
    with store.transaction() as connection:
        for who in ("eva as root", "Eva", "root in a user namespace", "evan"):
            audit.add(connection, NOON, "alerts close", "", {}, who)
    assert [entry.who for entry in audit.listed(store.connection, who="eva")] == ["eva as root", "Eva"]
    assert [entry.who for entry in audit.listed(store.connection, who="root")] == ["eva as root", "root in a user namespace"]


def test_who_runs_the_process_did_what_is_not_told(store, monkeypatch):
    for name in ("SUDO_USER", "USER", "LOGNAME", "SUDO_UID"):
        monkeypatch.setenv(name, "ciso")
    with store.transaction() as connection:
        audit.add(connection, NOON, "alerts close", "", {})
    assert [entry.who for entry in audit.listed(store.connection)] == [person()]
    assert "ciso" not in person()
