"""A core whose policy asks for an action, and what became of its commands."""

import pytest
from builders import settings

from casbd.store.state.outbox import connector_destination

SUSPEND = {"action": "suspend_user", "connector": "entra"}
RULES = {"failed": {"name": "Failed log on", "governance": [SUSPEND]}}


@pytest.fixture
def make(make_core):
    def make(name="state", rules=RULES, **care):
        return make_core(name, rules=rules, settings=settings(**care))

    return make


def statuses(core):
    return [command.status for command in core.commands()]


def queued(core, connector="entra"):
    return [row.command() for row in core.waiting(connector_destination(connector))]
