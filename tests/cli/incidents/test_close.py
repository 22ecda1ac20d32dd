"""`casbd incidents close` and `reopen`, while the daemon goes on committing."""

import json

import pytest
from builders import HOUR, MINUTE, Core, record
from click.testing import CliRunner

from casbd.cli import casbd
from casbd.store.state import audit
from casbd.store.state.operator import person


@pytest.fixture
def core(tmp_path):
    """The daemon's part. Three alerts of a@ are one incident, one of b@ is another."""
    (tmp_path / "casbd.yaml").write_text("state_dir: core/state\noutputs: [{name: siem, type: file, path: alerts.cef}]\n")
    core = Core(tmp_path / "core", rules={"failed": {}})
    core.feed_records(*(record(at=n * MINUTE) for n in range(3)), record(UserId="b@contoso.com", ClientIP="198.51.100.1"))
    yield core
    core.close()


@pytest.fixture
def run(tmp_path, core):
    def run(*arguments, code=0):
        result = CliRunner().invoke(casbd, ["-c", str(tmp_path / "casbd.yaml"), "incidents", *arguments])
        assert result.exit_code == code, (result.output, result.exception)
        return result.stdout if "--json" in arguments else result.stderr

    return run


def of(core, user):
    return [alert for alert in core.alerts() if alert.user == user]


def test_all_open_alerts_are_closed_and_the_outputs_hear_of_it(core, run):
    incident_id = of(core, "a@contoso.com")[0].incident_id
    before = len(core.waiting())
    told = run("close", incident_id[:10], "--as", "true_positive", "--comment", "phished")
    assert told == f"{incident_id}: failed is closed, 3 alerts changed\n"
    for alert in of(core, "a@contoso.com"):
        assert (alert.status, alert.resolution, alert.comment) == ("closed", "true_positive", "phished")
        assert alert.closed_by == person()
    assert [alert.status for alert in of(core, "b@contoso.com")] == ["open"]
    assert [row.alert().event for row in core.waiting()[before:]] == ["closed"] * 3
    entries = [*audit.listed(core.store.connection)]
    assert [entry.action for entry in entries] == ["alerts close"] * 3 + ["incidents close"]
    assert (entries[-1].target, entries[-1].who, entries[-1].detail["alerts"]) == (incident_id, person(), 3)


def test_what_was_said_of_an_alert_before_stays(core, run):
    first, *_ = of(core, "a@contoso.com")
    result = CliRunner().invoke(
        casbd, ["-c", str(core.directory.parent / "casbd.yaml"), "alerts", "close", first.alert_id, "--as", "benign"]
    )
    assert result.exit_code == 0
    (closed,) = map(json.loads, run("close", first.incident_id, "--as", "true_positive", "--json").splitlines())
    assert (closed["status"], closed["open_alerts"], closed["alerts"]) == ("closed", 0, 3)
    assert [alert.resolution for alert in of(core, "a@contoso.com")] == ["benign", "true_positive", "true_positive"]


def test_a_new_alert_opens_it_again_and_a_person_may(core, run):
    incident_id = of(core, "a@contoso.com")[0].incident_id
    run("close", incident_id, "--as", "benign")
    core.feed_records(record(at=2 * HOUR))
    (shown,) = map(json.loads, run("show", incident_id, "--json").splitlines())
    assert (shown["status"], shown["open_alerts"], shown["alerts"]) == ("open", 1, 4)
    assert run("reopen", incident_id) == f"{incident_id}: failed is open, 3 alerts changed\n"
    assert [(alert.status, alert.resolution) for alert in of(core, "a@contoso.com")] == [("open", None)] * 4


def test_all_or_none(core, run):
    ids = [of(core, user)[0].incident_id for user in ("a@contoso.com", "b@contoso.com")]
    run("close", ids[0], "xyz", "--as", "benign", code=1)
    assert {alert.status for alert in core.alerts()} == {"open"}
    run("close", *ids, "--as", "benign")
    assert {alert.status for alert in core.alerts()} == {"closed"}
    run("close", *ids, code=2)
