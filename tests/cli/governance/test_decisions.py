"""`casbd governance list`, `show`, `approve`, `reject`, `retry`, `revert`, `run` and `breaker`, while the daemon has the store."""

import json

import pytest
from msgspec.structs import replace

from casbd import clock
from casbd.store.state import governance_breaker, governance_log, governance_moments
from casbd.store.state.governance_breaker import Breaker
from casbd.store.state.operator import person
from tests.cli.governance.conftest import trail

QUEUE = "connector:entra"


@pytest.fixture
def decided_now(governed):
    """A core whose commands were decided by the clock of the commands."""

    def decided_now(mode="approve", **care):
        core = governed(mode, **care)
        with core.store.transaction() as connection:
            for command in core.commands():
                governance_log.save(connection, replace(command, created=clock.now()))
                governance_moments.note(connection, command.command_id, "decided", governance_moments.Moment(clock.now(), clock.uptime()))
        return core

    return decided_now


def of(core, user):
    return next(command for command in core.commands() if command.target == f"{user}@contoso.com")


def save(core, **fields):
    with core.store.transaction() as connection:
        governance_log.save(connection, replace(core.commands()[0], **fields))


class TestApproving:
    def test_one_is_approved_and_one_rejected(self, decided_now, run):
        core = decided_now()
        a, b = of(core, "a"), of(core, "b")

        assert "is approved, and leaves within seconds" in run("approve", a.command_id[:12])
        assert "is rejected" in run("reject", b.command_id, "--comment", "a test")

        assert (of(core, "a").status, of(core, "a").who) == ("queued", person())
        assert (of(core, "b").status, of(core, "b").reason) == ("rejected", f"rejected by {person()}: a test")
        assert [row.command().command_id for row in core.waiting(QUEUE)] == [a.command_id]
        assert trail(core) == [(person(), "governance approve", a.command_id), (person(), "governance reject", b.command_id)]

    def test_several_at_once_and_what_is_none(self, decided_now, run):
        core = decided_now()
        told = run("approve", *(command.command_id for command in core.commands()), "zzz", code=1)
        assert "there is no command zzz" in told
        assert {command.status for command in core.commands()} == {"queued"}
        assert "it does not wait for approval: it is queued" in run("approve", core.commands()[0].command_id, code=1)

    def test_too_late(self, governed, run):
        core = governed("approve")  # its commands are of another year
        assert "nobody approved it within 1d" in run("approve", core.commands()[0].command_id, code=1)
        assert core.waiting(QUEUE) == []

    def test_with_a_mistake_in_the_section_nothing_is(self, decided_now, run, tmp_path):
        core = decided_now()
        (tmp_path / "casbd.yaml").write_text("state_dir: core/state\ngovernance: {approval_timeout: never}\n")
        run("approve", core.commands()[0].command_id, code=1)
        assert {command.status for command in core.commands()} == {"pending_approval"}


class TestRun:
    ANNA = ("run", "suspend_user", "anna@contoso.com", "--connector", "entra")

    def test_it_is_queued(self, governed, run):
        core = governed()
        assert "leaves within seconds" in run(*self.ANNA, "--reason", "INC-17", "--yes")
        command = of(core, "anna")
        assert (command.status, command.who, command.reason, command.policy_id) == ("queued", person(), "INC-17", None)
        assert trail(core) == [(person(), "governance run", command.command_id)]
        assert "the same was asked for within 1d" in run(*self.ANNA, "--yes", code=1)

    def test_a_dry_run_says_what_would_be_sent_and_asks_nobody(self, governed, run):
        core = governed("dry_run")
        assert "suspend_user of anna@contoso.com at entra" in run(*self.ANNA)
        assert (of(core, "anna").status, core.waiting(QUEUE)) == ("dry_run", [])

    def test_it_waits_for_approval_like_any_other(self, governed, run):
        core = governed("approve")
        assert "waits for `casbd governance approve`" in run(*self.ANNA, "--yes")
        run("approve", of(core, "anna").command_id)
        assert of(core, "anna").who == f"{person()}, approved by {person()}"

    def test_protected_users_are(self, governed, run):
        core = governed(protected_users=["anna@contoso.com"])
        assert "is blocked: anna@contoso.com is one of governance.protected_users" in run(*self.ANNA, "--yes", code=1)
        assert of(core, "anna").status == "blocked"

    def test_a_name_that_is_somebody_in_many_places(self, governed, run):
        governed()
        assert "does not say whose accounts it takes" in run("run", "suspend_user", "anna", "--connector", "entra", "--yes", code=1)

    @pytest.mark.parametrize(
        ("words", "told"),
        [
            (ANNA, "nobody can be asked here: --yes says that it is meant"),
            (("run", "suspnd_user", "a@contoso.com", "--connector", "entra"), "did you mean `suspend_user`?"),
            (("run", "suspend_user", "a@contoso.com", "--connector", "okta"), "there is no connector `okta`"),
        ],
    )
    def test_wrong_use(self, governed, run, words, told):
        core = governed()
        assert told in run(*words, code=2)
        assert len(core.commands()) == 2


def test_what_has_no_way_back(governed, run):
    core = governed()
    assert "only what was done can be taken back: it is queued" in run("revert", core.commands()[0].command_id, code=1)
    save(core, status="succeeded")
    assert "suspend_user has no way back at the connector entra" in run("revert", core.commands()[0].command_id, code=1)


def test_what_failed_is_tried_again(governed, run):
    core = governed()
    one = core.commands()[0]
    save(core, status="failed", error="403")
    assert "is tried again within seconds" in run("retry", one.command_id)
    assert (core.commands()[0].status, core.commands()[0].error, trail(core)[-1][1]) == ("queued", None, "governance retry")
    assert "only what failed can be tried again: it is queued" in run("retry", one.command_id, code=1)


def test_the_breaker_is_said_everywhere_until_it_is_closed(governed, run):
    core = governed()
    assert "The breaker is closed." in run("breaker")
    with core.store.transaction() as connection:
        governance_breaker.open_it(connection, Breaker(core.now, "governance.max_per_hour (20) is reached"))
    assert "open since 2026-01-01T12:00:00.000Z: governance.max_per_hour (20) is reached" in run("breaker")
    assert json.loads(run("breaker", "--json"))["open"] is True
    assert "THE BREAKER OF GOVERNANCE IS OPEN" in run("list")
    assert "THE BREAKER OF GOVERNANCE IS OPEN" in run(group="status")
    assert json.loads(run("--json", group="status"))["governance"]["breaker"]["reason"] == "governance.max_per_hour (20) is reached"

    assert "The breaker is closed." in run("breaker", "--close")
    assert governance_breaker.opened(core.store.connection) is None
    assert trail(core) == [(person(), "governance breaker", "close")]
    assert "was not open" in run("breaker", "--close")


@pytest.mark.parametrize(
    ("words", "targets"),
    [
        ((), "abc"),
        (("--status", "queued"), "ab"),
        (("--user", "B@contoso.com"), "b"),
        (("--action", "notify_user"), "c"),
        (("--connector", "mail"), "c"),
        (("--from", "2026-01-01T12:30"), "c"),
        (("--to", "2026-01-01T12:30"), "ab"),
        (("--limit", "1"), "c"),
    ],
)
def test_the_list_is_of_what_was_asked_for(governed, run, words, targets):
    core = governed()
    fields = {"action": "notify_user", "connector": "mail", "status": "failed", "created": core.now + 3_600_000}
    save(core, command_id="c", target="c@contoso.com", **fields)
    listed = [json.loads(line)["target"] for line in run("list", "--json", *words).splitlines()]
    assert sorted(listed) == [f"{letter}@contoso.com" for letter in targets]


def test_one_is_shown_whole(governed, run):
    core = governed()
    fields = {"who": "anna", "request": "PATCH https://app/users/7", "answer": "204\x1b[2J", "duration": 12, "restore": {"was": "active"}}
    save(core, **fields, status="succeeded")
    command_id = core.commands()[0].command_id
    told = run("show", command_id[:8])
    assert "request        PATCH https://app/users/7" in told
    assert "duration       12 ms" in told
    assert "\x1b" not in told
    assert json.loads(run("show", command_id, "--json"))["restore"] == {"was": "active"}
    assert "there is no command zzz" in run("show", "zzz", code=1)
