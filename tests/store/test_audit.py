"""The audit trail: what was noted stays, in order, in the transaction of what it tells."""

import os
import pwd

import pytest
from builders import HOUR, NOON

from casbd.config.settings import Retention
from casbd.daemon.retention import remove_some
from casbd.store import audit
from casbd.store.database import Store


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


class TestPerson:
    def test_before_sudo(self, monkeypatch):
        monkeypatch.setenv("SUDO_USER", "eva")
        assert audit.person() == "eva"

    @pytest.mark.parametrize("sudo", [None, ""])
    def test_the_login_name(self, monkeypatch, sudo):
        monkeypatch.delenv("SUDO_USER", raising=False)
        if sudo is not None:
            monkeypatch.setenv("SUDO_USER", sudo)
        assert audit.person() == pwd.getpwuid(os.getuid()).pw_name

    def test_a_user_without_a_name(self, monkeypatch):
        monkeypatch.delenv("SUDO_USER", raising=False)
        monkeypatch.setattr(os, "getuid", lambda: 3_999_999_999)
        assert audit.person() == "3999999999"

    def test_is_who_did_what_is_not_told(self, store, monkeypatch):
        monkeypatch.setenv("SUDO_USER", "eva")
        with store.transaction() as connection:
            audit.add(connection, NOON, "alerts close", "", {})
        assert [entry.who for entry in audit.listed(store.connection)] == ["eva"]
