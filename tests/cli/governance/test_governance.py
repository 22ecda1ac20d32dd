"""`casbd governance cancel`, `stop` and `start`, while the daemon has the store."""

import json

import pytest
from msgspec.structs import replace

from casbd.store.state import governance_log, governance_moments, governance_stop
from casbd.store.state.operator import person
from tests.cli.governance.conftest import trail


@pytest.fixture
def core(governed):
    return governed()


def sending(core, command_id):
    with core.store.transaction() as connection:
        governance_moments.note(connection, command_id, "sending", core.rails().moment(core.now))


def test_the_list_says_which_bob(core, run):
    with core.store.transaction() as connection:
        one = core.commands()[0]
        governance_log.save(connection, replace(one, command_id="b", target="bob", app="AWS", app_instance="1111"))
    listed = run("list")
    assert "bob (AWS, 1111)" in listed
    assert "a@contoso.com (" not in listed


class TestCancel:
    def test_one_by_the_beginning_of_its_id(self, core, run):
        one, other = core.commands()

        assert f"{one.command_id}: suspend_user of {one.target} is cancelled" in run("cancel", one.command_id[:10].upper())

        assert {c.command_id: (c.status, c.reason) for c in core.commands()} == {
            one.command_id: ("rejected", f"cancelled by {person()}"),
            other.command_id: ("queued", "failed"),
        }
        assert [row.command().command_id for row in core.waiting("connector:entra")] == [other.command_id]
        assert trail(core) == [(person(), "governance cancel", one.command_id)]

    def test_all(self, core, run):
        told = run("cancel", "--all", "--json")
        assert {json.loads(line)["status"] for line in told.splitlines()} == {"rejected"}
        assert core.waiting("connector:entra") == []
        assert "no command waits" in run("cancel", "--all")

    def test_what_is_over_and_what_is_none(self, core, run):
        one = core.commands()[0]
        run("cancel", one.command_id)
        assert "it waits for nothing: it is rejected" in run("cancel", one.command_id, code=1)
        assert "there is no command zzz" in run("cancel", "zzz", code=1)

    def test_what_is_being_carried_out(self, core, run):
        one, other = core.commands()
        sending(core, one.command_id)
        told = run("cancel", "--all", code=1)
        assert f"{one.command_id}: it is being carried out just now" in told
        assert {c.command_id: c.status for c in core.commands()} == {one.command_id: "queued", other.command_id: "rejected"}

    @pytest.mark.parametrize("words", [(), ("x", "--all")])
    def test_wrong_use(self, run, words):
        run("cancel", *words, code=2)


class TestStop:
    def test_it_is_said_everywhere(self, core, run):
        assert "nothing leaves until" in run("stop", "--reason", "exercise")
        by = governance_stop.stopped(core.store.connection)
        assert (by.who, by.reason) == (person(), "exercise")
        assert "GOVERNANCE IS STOPPED" in run("list")
        assert "STOPPED" not in run("list", "--json").splitlines()[0]
        assert "GOVERNANCE IS STOPPED" in run(group="status")
        status = json.loads(run("--json", group="status"))["governance"]
        assert (status["stopped"]["by"], status["stopped"]["reason"], status["queued"]) == (person(), "exercise", 2)

    def test_until_it_is_started(self, core, run):
        run("stop")
        core.reopen()
        assert "already" in run("stop")
        assert "is started" in run("start")
        assert governance_stop.stopped(core.store.connection) is None
        assert "was not stopped" in run("start")
        assert [action for _, action, _ in trail(core)] == ["governance stop", "governance start"]
        assert json.loads(run("--json", group="status"))["governance"]["stopped"] is None

    def test_it_waits_for_what_is_under_way(self, core, run):
        one = core.commands()[0]
        sending(core, one.command_id)
        told = run("stop", "--wait", "0", code=75)
        assert f"being carried out just now: {one.command_id}" in told
        assert governance_stop.stopped(core.store.connection)

    def test_what_was_under_way_when_casbd_was_killed(self, core, run):
        one = core.commands()[0]
        sending(core, one.command_id)
        core.close()
        assert f"casbd ended while {one.command_id} was being carried out" in run("stop")
