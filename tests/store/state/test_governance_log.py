"""The governance log: which commands are found, in which order, and which one already asked the same."""

import pytest
from msgspec.structs import replace

from casbd.clock import Uptime
from casbd.model.governance import GovernanceCommand
from casbd.store.state import governance_log
from casbd.store.state.governance_moments import Moment

BASE = GovernanceCommand(
    command_id="a1", action="suspend_user", connector="entra", target="Ann@contoso.com", status="queued", created=100, app="Entra"
)


@pytest.fixture
def stored(connection):
    for command in (
        replace(BASE, command_id="b2", created=50, status="succeeded"),
        BASE,
        replace(BASE, command_id="a9", target="bob", created=70, status="failed"),
    ):
        governance_log.save(connection, command)
    return connection


def found(connection, like, since, statuses):
    """The id of the command that already asked the same since then."""
    moment = Moment(1000, Uptime("boot", 1000))
    command = governance_log.same_within(connection, like, [like.action], 1000 - since, moment, statuses)
    return command and command.command_id


def ids(commands):
    return [command.command_id for command in commands]


def test_one_is_found_by_its_id_or_the_beginning_of_it_and_all_are_in_order(stored):
    assert governance_log.get(stored, "a1") == BASE
    assert governance_log.get(stored, "a") is None
    assert [ids(governance_log.beginning_with(stored, start)) for start in ("A", "a1", "c", "")] == [
        ["a1", "a9"],
        ["a1"],
        [],
        ["a1", "a9", "b2"],
    ]
    assert ids(governance_log.every(stored)) == ["b2", "a9", "a1"]


def test_what_is_saved_again_takes_the_place_of_what_was(stored):
    governance_log.save(stored, replace(BASE, status="failed"))
    assert ids(governance_log.with_status(stored, "failed")) == ["a9", "a1"]
    assert ids(governance_log.with_status(stored, "succeeded", "queued")) == ["b2"]
    assert governance_log.numbers(stored) == {"failed": 2, "succeeded": 1}


@pytest.mark.parametrize(("target", "expected"), [("ann@CONTOSO.com", ["b2", "a1"]), ("bob", ["a9"]), ("ann", [])])
def test_those_about_a_user_however_the_name_is_written(stored, target, expected):
    assert ids(governance_log.of_target(stored, target)) == expected


@pytest.mark.parametrize(
    ("changes", "since", "statuses", "expected"),
    [
        ({}, 0, ("queued", "succeeded"), "b2"),
        ({}, 50, ("succeeded",), "b2"),
        ({}, 51, ("queued", "succeeded"), "a1"),
        ({}, 101, ("queued", "succeeded"), None),
        ({}, 0, ("failed",), None),
        ({"target": "ANN@contoso.com"}, 0, ("queued",), "a1"),
        ({"action": "notify_user"}, 0, ("queued",), None),
        ({"connector": "okta"}, 0, ("queued",), None),
        ({"command_id": "a1"}, 60, ("queued",), None),
        ({"target": "bob"}, 0, ("failed",), "a9"),
        ({"target": "bob", "app": "Okta"}, 0, ("failed",), None),
    ],
)
def test_which_one_already_asked_the_same_of_the_same_user(stored, changes, since, statuses, expected):
    like = replace(BASE, command_id="new", **{key: value for key, value in changes.items() if key != "command_id"})
    like = replace(like, command_id=changes.get("command_id", "new"))
    assert found(stored, like, since, statuses) == expected


@pytest.mark.parametrize(("tenant", "expected"), [("contoso", "c1"), ("fabrikam", "f1"), (None, None)])
def test_bob_is_somebody_else_in_another_tenant(connection, tenant, expected):
    for command_id, instance in (("c1", "contoso"), ("f1", "fabrikam")):
        governance_log.save(connection, replace(BASE, command_id=command_id, target="bob", app_instance=instance))
    like = replace(BASE, command_id="new", target="bob", app_instance=tenant)
    assert found(connection, like, 0, ("queued",)) == expected
