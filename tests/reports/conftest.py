"""A store with alerts of three months, some activities, commands, rejects; and what a report is made from."""

import pytest
from alerts_of_a_month import DAY, FEBRUARY, HOSTILE, alert, closed
from builders import NOON, Core, chunk, record, reject, settings

from casbd.model.governance import GovernanceCommand
from casbd.pseudonyms import NONE
from casbd.reports.sources import Sources
from casbd.store.state import governance_log, raised_alerts

RULES = {"failed": {"severity": "high"}, "idle": {"filters": {"app": {"eq": "Box"}}}, "off": {"enabled": False}}


@pytest.fixture
def core(tmp_path):
    core = Core(tmp_path / "core", rules=RULES, settings=settings())
    yield core
    core.close()


@pytest.fixture
def save(core):
    """Puts alerts into the store."""

    def save(*alerts):
        with core.store.transaction() as connection:
            for one in alerts:
                raised_alerts.save(connection, one)

    return save


@pytest.fixture
def sources(core):
    return Sources(store=core.store, settings=core.settings, policies=core.policies, shown=NONE, now=FEBRUARY + DAY)


@pytest.fixture
def lived(core, save):
    """January, with something of everything."""
    core.feed_records(*(record(at=n * DAY, Operation="UserLoggedIn") for n in range(3)), record(at=-DAY, Operation="UserLoggedIn"))
    core.feed_records(record(at=DAY, Id="failed-1", UserId="b@contoso.com"))
    core.feed(chunk([], rejects=[reject(), reject(offset=9)], start=90_000))
    save(
        *(closed("false_positive", user="backup@contoso.com", app="Box", country="NO", at=n * DAY) for n in range(4)),
        closed("true_positive", hours=100, user="a@contoso.com", app="Box", country="DE", severity="high", at=2 * DAY),
        alert(user="a@contoso.com", at=3 * DAY, incident_id="i1", severity="high", policy_id="other", title=HOSTILE, policy_name=HOSTILE),
        alert(user="a@contoso.com", at=3 * DAY, incident_id="i1", policy_id="other", category="dlp"),
        alert(at=-DAY, user="a@contoso.com"),
        alert(at=4 * DAY, merged_into="x", user="a@contoso.com"),
        alert(at=5 * DAY, policy_id="casbd.destination_down", category="system", policy_name="Destination siem takes no messages"),
    )
    with core.store.transaction() as connection:
        for number, status in enumerate(["succeeded", "failed", "failed"]):
            command = GovernanceCommand(
                command_id=str(number), action="suspend_user", connector="entra", target="a", status=status, created=NOON
            )
            governance_log.save(connection, command)
    return core
