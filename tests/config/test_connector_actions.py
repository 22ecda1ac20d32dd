"""Which actions each kind of connector may be asked for."""

import pytest

from casbd.config import reading
from casbd.config.connector_actions import connector_actions
from casbd.model.governance import ACTIONS

COMMAND = "type: command, command: [/bin/true]"
WEBHOOK = "type: webhook, url: 'https://soar.example.com', secret: {env: X}"


@pytest.mark.parametrize("kind", [COMMAND, WEBHOOK])
@pytest.mark.parametrize(
    ("listed", "takes"),
    [
        ("", {*ACTIONS}),
        (", actions: ['*']", {*ACTIONS}),
        (", actions: [suspend_user, page_the_boss]", {"suspend_user", "page_the_boss"}),
        (", actions: ['*', page_the_boss]", {*ACTIONS, "page_the_boss"}),
    ],
)
def test_what_is_listed_and_all_of_casbds_own_for_a_star(tmp_path, kind, listed, takes):
    path = tmp_path / "casbd.yaml"
    path.write_text(f"connectors: [{{name: one, {kind}{listed}}}]\n")
    assert connector_actions(reading.load(path)) == {"one": takes}
