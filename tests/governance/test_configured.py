"""The rails of a whole configuration."""

import pytest

from casbd.daemon.engine import Engine
from casbd.errors import Mistakes
from casbd.governance.configured import rails_of
from casbd.model.governance import GovernanceCommand

COMMAND = GovernanceCommand(command_id="c", action="suspend_user", connector="own", target="a@contoso.com", status="dry_run")


@pytest.fixture
def engine(tmp_path):
    (tmp_path / "groups.yaml").write_text("groups: {Admins: [a@contoso.com, B@contoso.com], Staff: [c@contoso.com]}\n")

    def engine(governance):
        (tmp_path / "casbd.yaml").write_text(
            "organization: {user_groups: groups.yaml}\n"
            "connectors: [{name: own, type: command, command: [/bin/true], actions: [suspend_user, page_the_boss]}]\n"
            f"governance: {governance}\n"
        )
        return Engine(tmp_path / "casbd.yaml")

    return engine


def test_the_administrators_are_the_members_of_their_groups(engine):
    assert engine("{administrators_groups: ['adm*']}").rails.administrators == ["a@contoso.com", "B@contoso.com"]


@pytest.mark.parametrize(
    ("governance", "told"),
    [
        ("{administrators_groups: [Amdins]}", "3:38: there is no group `Amdins` (did you mean `Admins`?)"),
        (
            "{max_per_hour_by_action: {suspend_usr: 1}}",
            "3:39: no connector has the action `suspend_usr` (did you mean `suspend_user`?)",
        ),
    ],
)
def test_what_would_hold_nothing_back_is_a_mistake(engine, governance, told):
    with pytest.raises(Mistakes) as caught:
        engine(governance)
    assert [str(mistake).partition("casbd.yaml:")[2] for mistake in caught.value.mistakes] == [told]


def test_a_ceiling_of_an_operators_own_action(engine):
    assert engine("{max_per_hour_by_action: {page_the_boss: 1}}").rails.care.max_per_hour_by_action == {"page_the_boss": 1}


class Speaking:
    def execute(self, command):
        raise AssertionError

    def preview(self, command):
        return f"PATCH /users/{command.target}\n" + "x" * 10_000


class Broken(Speaking):
    def preview(self, command):
        raise KeyError("a bug")


@pytest.mark.parametrize(("connector", "begins"), [(Speaking(), "PATCH /users/a@contoso.com x"), (Broken(), "")])
def test_a_connector_says_what_it_would_send_in_one_bounded_line(engine, connector, begins):
    told = rails_of(engine("{}").settings, [], None, {"own": connector}).preview(COMMAND)
    assert told.startswith(begins)
    assert len(told) <= 2000
    assert bool(told) is bool(begins)
