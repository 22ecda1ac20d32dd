"""What became of governance commands reaches the outputs that want it, and a person where one must know."""

import json
from contextlib import ExitStack

import pytest
from builders import HOUR, NOON
from msgspec.structs import replace

from casbd.clock import uptime
from casbd.daemon import governance_news
from casbd.daemon.jobs import end_approvals, end_orphans, tell_governance
from casbd.daemon.service import run, start
from casbd.governance import approving, withdrawing
from casbd.store.database import Store
from casbd.store.state import governance_breaker, governance_log, raised_alerts
from casbd.store.state.governance_breaker import Breaker
from casbd.store.state.governance_moments import Moment

RULE = "name: evil\nfilters: {user: {isset: true}}\ngovernance: [{action: suspend_user, connector: own}]\n"
CONFIGURATION = """\
state_dir: state
rules: [rules]
inputs: [{name: a, path: in/*, format: json, mapping: {timestamp: time, activity_id: id, user: user}}]
outputs:
  - {name: log, type: file, path: log.json, format: json, send: [governance]}
  - {name: siem, type: file, path: siem.cef, send: [alerts, governance]}
"""


@pytest.fixture
def place(tmp_path):
    """Writes a configuration with a connector that is this program, and so many users' records; the configuration's path."""

    def place(program="/bin/true", number=1, **care):
        for name in ("in", "rules"):
            (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / "rules" / "evil.yaml").write_text(RULE)
        options = "".join(f", {name}: {value}" for name, value in ({"mode": "enforce"} | care).items())
        connector = f"connectors: [{{name: own, type: command, command: [{program}]}}]\n"
        (tmp_path / "casbd.yaml").write_text(CONFIGURATION + connector + f"governance: {{{options[2:]}}}\n")
        lines = [json.dumps({"time": "2026-01-01T12:00:00Z", "id": str(one), "user": f"u{one}@contoso.com"}) for one in range(number)]
        (tmp_path / "in" / "a.json").write_text("\n".join(lines) + "\n")
        return tmp_path / "casbd.yaml"

    return place


def told(configuration):
    path = configuration.parent / "log.json"
    return [(one["target"], one["status"]) for one in map(json.loads, path.read_text().splitlines())] if path.exists() else []


def alerts(configuration):
    with Store(configuration.parent / "state", readonly=True) as store:
        return [alert for alert in raised_alerts.find(store.connection) if alert.policy_type == "system"]


def once(configuration):
    return run(configuration, once=True, clock=lambda: NOON)


def test_what_a_run_does_is_told_by_the_end_of_it_and_once(place):
    configuration = place()
    assert once(configuration).delivered_all
    assert told(configuration) == [("u0@contoso.com", "succeeded")]
    messages = (configuration.parent / "siem.cef").read_text().splitlines()
    assert [message.split("|")[4] for message in messages] == ["ALERT_CABINET_EVENT_MATCH_AUDIT", "GOVERNANCE_SUSPEND_USER"]
    once(configuration)
    assert len(told(configuration)) == 1
    assert alerts(configuration) == []


def test_a_failure_is_an_alert_too(place):
    configuration = place("/bin/false")
    once(configuration)
    assert told(configuration) == [("u0@contoso.com", "failed")]
    (alert,) = alerts(configuration)
    assert (alert.policy_id, alert.user, alert.severity) == ("casbd.governance_failed", "u0@contoso.com", "medium")
    assert "failed: the program ended with exit status 1" in alert.description


def test_what_was_decided_alone_is_told_and_what_is_blocked(place):
    configuration = place(number=3, mode="enforce", max_per_hour=1)
    once(configuration)
    assert sorted(status for _, status in told(configuration)) == ["blocked", "blocked", "succeeded"]
    (alert,) = alerts(configuration)
    assert (alert.policy_id, alert.severity) == ("casbd.governance_breaker", "high")
    assert "governance.max_per_hour (1) is reached" in alert.description


@pytest.fixture
def clock():
    return [NOON]


@pytest.fixture
def begin(place, clock):
    """Starts casbd with such care and has it read what there is; its parts."""
    with ExitStack() as undo:

        def begin(**care):
            running = start(place(**care), undo, once=True, clock=lambda: clock[0])
            while running.loop.work():
                pass
            running.parts.inputs.finish()
            while running.loop.work():
                pass
            return running

        yield begin


def commands(running):
    return [*governance_log.every(running.parts.store.connection)]


def system(running):
    return [alert for alert in raised_alerts.find(running.parts.store.connection) if alert.policy_type == "system"]


def test_what_nobody_approved_in_time_is_rejected_and_told(begin, clock):
    running = begin(mode="approve", number=2)
    end_approvals.run(running)
    assert {command.status for command in commands(running)} == {"pending_approval"}

    clock[0] += 24 * HOUR
    for _ in range(2):
        end_approvals.run(running)

    assert {command.status for command in commands(running)} == {"rejected"}
    (alert,) = system(running)
    assert alert.description.startswith("2 commands were rejected, as nobody approved within 1d (governance.approval_timeout).")


def test_what_is_approved_of_a_connector_that_is_gone_is_blocked(begin):
    running = begin(mode="approve")
    (command,) = commands(running)
    with running.parts.store.transaction() as connection:
        gone = replace(command, connector="gone")
        approving.approve(connection, gone, "anna", running.parts.settings.governance, Moment(NOON, uptime()))
    end_orphans.run(running)
    assert [(one.status, one.reason) for one in commands(running)] == [("blocked", "there is no connector gone any more")]


def test_each_time_the_breaker_opens_is_told_once(begin, clock):
    running = begin(mode="dry_run")
    for at in (NOON, NOON + HOUR):
        clock[0] = at
        with running.parts.store.transaction() as connection:
            governance_breaker.close(connection)
            governance_breaker.open_it(connection, Breaker(at, "full"))
        for _ in range(2):
            tell_governance.run(running)
    assert [alert.created for alert in system(running)] == [NOON, NOON + HOUR]


def test_what_another_process_did_is_told_as_it_is_by_then(begin):
    running = begin(mode="approve")
    with running.parts.store.another() as other, other.transaction() as connection:
        withdrawing.cancel(connection, commands(running)[0], "anna", NOON)
    assert governance_news.tell(running.parts)
    assert not governance_news.tell(running.parts)
    running.parts.dispatcher.drain(10, 5)
    assert told(running.parts.configuration) == [("u0@contoso.com", "rejected")]


def test_what_is_noted_stays_until_it_is_in_the_queues(begin, monkeypatch):
    running = begin(mode="dry_run")
    with monkeypatch.context() as patch:
        patch.setattr(governance_news.outbox, "add_outcome", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            governance_news.tell(running.parts)
    assert governance_news.tell(running.parts)
