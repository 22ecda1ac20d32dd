"""What is told of governance when the configuration, its lists and its rules are put together."""

from pathlib import Path

import pytest

from casbd.daemon.engine import Engine
from casbd.errors import Mistakes

RULE = "name: failed\nfilters: {activity_type: {eq: Failed log on}}\n"
CONFIGURATION = """\
rules: [rules]
organization: {domains: [contoso.com], user_groups: groups.yaml}
inputs: [{name: m365, path: in/*}]
connectors:
  - {name: all, type: command, command: [/bin/true]}
  - {name: own, type: command, command: [/bin/true], actions: [page_the_boss]}
"""


class Place:
    """A configuration of these files."""

    def __init__(self, directory: Path) -> None:
        self.configuration = directory / "casbd.yaml"
        self.groups = directory / "groups.yaml"
        self.rule = directory / "rules" / "failed.yaml"
        self.rule.parent.mkdir()
        self.rule.write_text(RULE)
        self.groups.write_text("groups: {Finance: [A@contoso.com], Empty: []}\n")
        self.configure("")

    def configure(self, care: str) -> None:
        self.configuration.write_text(CONFIGURATION + (f"governance: {{{care}}}\n" if care else ""))

    def engine(self) -> Engine:
        return Engine(self.configuration)

    def mistakes(self) -> list[str]:
        with pytest.raises(Mistakes) as caught:
            self.engine()
        return [str(mistake).rpartition(str(self.configuration.parent))[2] for mistake in caught.value.found]


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


def test_an_action_that_nobody_knows_is_a_mistake_and_one_that_its_connector_lists_is_not(place):
    place.rule.write_text(
        RULE + "governance:\n"
        "  - {action: suspnd, connector: all}\n"
        "  - {action: page_the_boss, connector: own}\n"
        "  - {action: page_the_boss, connector: all}\n"
        "  - {action: suspend_user, connector: own}\n"
    )
    assert place.mistakes() == [
        "/rules/failed.yaml:4:14: the connector `all` does not have the action `suspnd` (did you mean `suspend_user`?)",
        "/rules/failed.yaml:6:14: the connector `all` does not have the action `page_the_boss` (allowed: confirm_user_compromised,"
        " expire_password, notify_additional_users, notify_user, require_sign_in_again, revoke_admin_privileges, suspend_user,"
        " unsuspend_user; one of your own stands in the connector's `actions`)",
        "/rules/failed.yaml:7:14: the connector `own` does not have the action `suspend_user` (allowed: page_the_boss)",
    ]
