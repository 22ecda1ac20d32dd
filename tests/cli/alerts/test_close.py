"""`casbd alerts close` and `reopen`, while the daemon goes on committing."""

import json
import subprocess
import sys

import pytest
from builders import HOUR, MINUTE, NOON, Core, record
from click.testing import CliRunner
from msgspec.structs import replace

from casbd.cli import casbd
from casbd.store.database import Store
from casbd.store.state import audit, raised_alerts
from casbd.store.state.operator import person

BURST = {"match": {"repeated": 3, "within": "5m"}}
CASBD = [sys.executable, "-c", "from casbd.cli import main; main()"]


def failures(*minutes, **fields):
    return [record(at=minute * MINUTE, **fields) for minute in minutes]


@pytest.fixture
def core(tmp_path):
    """The daemon's part: it holds the lock all the time. Two runs of a@, one of b@, one single activity's alert."""
    (tmp_path / "casbd.yaml").write_text("state_dir: core/state\n")
    single = {"filters": {"activity_type": {"eq": "Log on"}}}
    core = Core(tmp_path / "core", rules={"burst": BURST, "single": single})
    core.feed_records(*failures(0, 1, 2), *failures(20, 21, 22), *failures(0, 1, 2, UserId="b@contoso.com"))
    core.feed_records(record(at=HOUR, Operation="UserLoggedIn", Id="on"))
    yield core
    core.close()


@pytest.fixture
def run(tmp_path, core, monkeypatch):
    """Runs a command; its output, standard error behind standard output."""
    monkeypatch.setenv("SUDO_USER", "ciso")  # whoever says so of himself is not believed

    def run(*arguments, code=0):
        result = CliRunner().invoke(casbd, ["-c", str(tmp_path / "casbd.yaml"), *arguments])
        assert result.exit_code == code, (result.output, result.exception)
        return result.stdout if "--json" in arguments else result.stderr

    return run


def verdict(core, alert_id):
    found = raised_alerts.get(core.store.connection, alert_id)
    return found.status, found.resolution, found.comment


def trail(core):
    return [(e.who, e.action, e.target, e.detail) for e in audit.listed(core.store.connection)]


def test_closed_with_who_did_it_and_what_it_was(core, run):
    first, second, *_ = (alert.alert_id for alert in core.alerts())
    run("alerts", "close", first, "--as", "benign", "--comment", " travelling\x1b[31m\n")
    assert verdict(core, first) == ("closed", "benign", "travelling [31m")
    assert verdict(core, second) == ("open", None, None)
    assert trail(core) == [
        (
            person(),
            "alerts close",
            first,
            {
                "status": "closed",
                "resolution": "benign",
                "comment": "travelling [31m",
                "before": {"status": "open", "resolution": None, "comment": None},
            },
        )
    ]
    assert [alert.alert_id for alert in raised_alerts.find(core.store.connection, status="closed")] == [first]


def test_closed_again_and_reopened(core, run):
    one = core.alerts()[0].alert_id
    run("alerts", "close", one, "--as", "benign", "--comment", "x")
    run("alerts", "close", one[:6], "--as", "true_positive")
    assert verdict(core, one) == ("closed", "true_positive", "x")
    run("alerts", "close", one, "--as", "true_positive", "--comment", "")
    assert verdict(core, one) == ("closed", "true_positive", None)
    run("alerts", "close", one, "--as", "true_positive", "--comment", "y")
    run("alerts", "reopen", one)
    assert verdict(core, one) == ("open", None, "y")
    assert [action for _, action, _, _ in trail(core)] == ["alerts close"] * 4 + ["alerts reopen"]


def test_what_changes_nothing_is_not_noted(core, run):
    one = core.alerts()[0].alert_id
    run("alerts", "reopen", one)
    run("alerts", "close", one, one[:8], "--as", "benign")
    run("alerts", "close", one, "--as", "benign")
    assert len(trail(core)) == 1


class TestAllMatching:
    def test_are_closed_and_no_others(self, core, run):
        assert "is closed as benign" in run("alerts", "close", "--all-matching", "--user", "a@", "--yes", "--as", "benign")
        assert {(alert.user, alert.status) for alert in core.alerts()} == {("a@contoso.com", "closed"), ("b@contoso.com", "open")}
        assert len(trail(core)) == 3
        run("alerts", "reopen", "--all-matching", "--policy", "burst", "--yes")
        assert [alert.policy_id for alert in core.alerts() if alert.status == "closed"] == ["single"]

    def test_are_asked_about(self, core, tmp_path):
        command = ["-c", str(tmp_path / "casbd.yaml"), "alerts", "close", "--all-matching", "--as", "benign"]
        for answer, code, status in (("n", 1, "open"), ("", 1, "open"), ("y", 0, "closed")):
            result = CliRunner().invoke(casbd, command, input=answer)
            assert "Close as benign 4 alerts? [y/N]" in result.stderr
            assert (result.exit_code, {alert.status for alert in core.alerts()}) == (code, {status})

    def test_nothing_that_comes_while_the_question_waits_is_closed(self, core, tmp_path, monkeypatch):
        monkeypatch.setattr("click.confirm", lambda *_, **__: core.feed_records(*failures(0, 1, 2, UserId="c@contoso.com")))
        CliRunner().invoke(casbd, ["-c", str(tmp_path / "casbd.yaml"), "alerts", "close", "--all-matching", "--as", "benign"])
        assert {alert.user for alert in core.alerts() if alert.status == "open"} == {"c@contoso.com"}

    def test_none_does(self, core, run):
        assert "no alert matches" in run("alerts", "close", "--all-matching", "--severity", "high", "--yes", "--as", "benign")
        assert trail(core) == []

    def test_wrong_use(self, core, run):
        one = core.alerts()[0].alert_id
        run("alerts", "close", one, "--all-matching", "--yes", "--as", "benign", code=2)
        run("alerts", "close", one, "--user", "b", "--as", "benign", code=2)
        run("alerts", "reopen", code=2)
        assert trail(core) == []


def test_read_and_assigned(core, run):
    one, two, *_ = (alert.alert_id for alert in core.alerts())
    run("alerts", "read", one)
    run("alerts", "assign", one, two, "eva@contoso.com")
    assert [(alert.read, alert.assigned_to) for alert in core.alerts()[:3]] == [
        (True, "eva@contoso.com"),
        (False, "eva@contoso.com"),
        (False, None),
    ]
    run("alerts", "assign", "--all-matching", "--assigned", "EVA@contoso.com", "--yes", "-")
    assert {alert.assigned_to for alert in core.alerts()} == {None}
    run("alerts", "assign", one, "", code=2)
    run("alerts", "assign", one, "x" * 321, code=2)
    run("alerts", "assign", one, code=2)


def test_the_outputs_of_the_configuration_are_told(core, run, tmp_path):
    outputs = "[{name: siem, type: file, path: a.cef}, {name: log, type: file, path: b, send: [activities]}]"
    (tmp_path / "casbd.yaml").write_text(f"state_dir: core/state\noutputs: {outputs}\n")
    one = core.alerts()[0].alert_id
    run("alerts", "close", one, "--as", "benign")
    assert [(row.alert().alert_id, row.alert().event) for row in core.waiting("siem")][-1] == (one, "closed")
    assert core.waiting("log") == []


def test_mistakes_in_the_configuration_keep_nobody_from_closing(core, run, tmp_path):
    (tmp_path / "casbd.yaml").write_text("state_dir: core/state\noutputs: [{name: siem, type: file, path: a.cef}, {name: x, type: y}]\n")
    one = core.alerts()[0].alert_id
    assert "perhaps not all outputs hear of this" in run("alerts", "close", one, "--as", "benign")
    assert verdict(core, one)[0] == "closed"
    assert core.waiting("siem")[-1].alert().event == "closed"


def test_json_prints_the_changed_ones(core, run):
    ids = [alert.alert_id for alert in core.alerts()][:2]
    found = [json.loads(line) for line in run("alerts", "close", *ids, "--as", "false_positive", "--json").splitlines()]
    assert [(one["alert_id"], one["status"], one["resolution"]) for one in found] == [(i, "closed", "false_positive") for i in ids]
    assert found == [
        one
        for one in map(json.loads, run("alerts", "list", "--status", "closed", "--sort", "first_activity", "--json").splitlines())
        if one["alert_id"] in ids
    ]


@pytest.mark.parametrize("wrong", ["zzzz", "", "%", "\udcff", "g"])
def test_an_unknown_id_and_nothing_is_changed(core, run, wrong):
    one = core.alerts()[0].alert_id
    assert "is no alert" in run("alerts", "close", one, wrong, "--as", "benign", code=1)
    assert "is no alert" in run("alerts", "reopen", wrong, code=1)
    assert "is no alert" in run("alerts", "show", wrong, code=1)
    assert verdict(core, one)[0] == "open"
    assert trail(core) == []


def test_a_beginning_of_several(core, run):
    for number in "01":
        with core.store.transaction() as connection:
            raised_alerts.save(connection, replace(core.alerts()[0], alert_id=f"abcd{number}" + "0" * 27))
    assert "there are 2 alerts that begin with abcd" in run("alerts", "close", "abcd", "--as", "benign", code=1)
    run("alerts", "close", "abcd0", "--as", "benign")
    assert verdict(core, "abcd1" + "0" * 27)[0] == "open"


def test_wrong_use(core, run):
    run("alerts", "close", core.alerts()[0].alert_id, code=2)
    run("alerts", "close", core.alerts()[0].alert_id, "--as", "nonsense", code=2)
    run("alerts", "close", "--as", "benign", code=2)


def test_a_closed_alert_that_grows_stays_closed(core, run):
    first, other = (next(a.alert_id for a in core.alerts() if a.user == f"{who}@contoso.com") for who in "ab")
    run("alerts", "close", first, "--as", "benign", "--comment", "known")
    core.feed_records(*failures(3, 4))
    grown = raised_alerts.get(core.store.connection, first)
    assert grown.activity_count == 5
    assert verdict(core, first) == ("closed", "benign", "known")
    core.reopen()
    core.feed_records(*failures(5))
    assert raised_alerts.get(core.store.connection, first).activity_count == 6
    assert verdict(core, first) == ("closed", "benign", "known")
    assert verdict(core, other) == ("open", None, None)


def test_two_closed_runs_that_become_one_stay_closed(core, run):
    one, two = (alert.alert_id for alert in core.alerts() if alert.user == "a@contoso.com" and alert.policy_id == "burst")
    run("alerts", "close", one, "--as", "benign", "--comment", "first")
    run("alerts", "close", two, "--as", "true_positive", "--comment", "second")
    core.feed_records(*failures(*range(4, 20, 2)))
    assert raised_alerts.get(core.store.connection, two).merged_into == one
    assert raised_alerts.get(core.store.connection, one).activity_count == 14
    assert verdict(core, one) == ("closed", "benign", "first")
    assert verdict(core, two) == ("closed", "true_positive", "second")


def test_a_repeat_of_a_single_activity_does_not_open_its_alert(core, run):
    single = next(alert.alert_id for alert in core.alerts() if alert.policy_id == "single")
    run("alerts", "close", single, "--as", "benign")
    core.store.connection.execute("UPDATE blocks SET keys = x''")  # as if it were too long ago to be known as a repeat
    core.reopen()
    core.feed_records(record(at=HOUR, Operation="UserLoggedIn", Id="on"))
    assert verdict(core, single)[0] == "closed"


def test_waits_for_the_daemons_transaction(core, tmp_path):
    one = core.alerts()[0].alert_id
    with core.store.transaction() as connection:
        connection.execute("UPDATE inputs SET last_record = ?", (NOON,))
        command = [*CASBD, "-c", tmp_path / "casbd.yaml", "alerts", "close", one, "--as", "benign"]
        process = subprocess.Popen(command, stderr=subprocess.PIPE)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(2)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 0, errors
    assert verdict(core, one)[0] == "closed"


def test_where_casbd_never_ran_nothing_is_made(tmp_path):
    (tmp_path / "casbd.yaml").write_text("state_dir: state\n")
    finished = subprocess.run(
        [*CASBD, "-c", tmp_path / "casbd.yaml", "alerts", "close", "ab", "--as", "benign"], check=False, capture_output=True
    )
    assert finished.returncode == 1
    assert b"casbd run" in finished.stderr
    assert not (tmp_path / "state").exists()


def test_an_older_store_is_left_to_the_daemon(core, tmp_path):
    core.store.connection.execute("PRAGMA user_version = 4")
    core.close()
    finished = subprocess.run(
        [*CASBD, "-c", tmp_path / "casbd.yaml", "alerts", "close", "ab", "--as", "benign"], check=False, capture_output=True
    )
    assert finished.returncode == 1
    assert b"an older casbd wrote it" in finished.stderr
    with pytest.raises(Exception, match="older casbd"):
        Store(tmp_path / "core" / "state", readonly=True)


DIES = """
import os, signal, sys
from casbd.alerting import telling
from casbd.cli import main
from casbd.store.state import audit, outbox, raised_alerts

module, name = {"raised_alerts": raised_alerts, "outbox": outbox, "audit": audit}[sys.argv[1]], sys.argv[2]
done, calls = getattr(module, name), []

def dies(*arguments, **options):
    calls.append(name)
    done(*arguments, **options)
    if len(calls) == 2:
        os.kill(os.getpid(), signal.SIGKILL)

setattr(module, name, dies)
del sys.argv[1:3]
main()
"""


@pytest.mark.parametrize("step", ["raised_alerts save", "raised_alerts note_told", "outbox add", "audit add"])
def test_killed_between_two_steps_nothing_is_closed_and_nothing_told(core, run, tmp_path, step):
    outputs = "[{name: siem, type: file, path: a.cef}]"
    (tmp_path / "casbd.yaml").write_text(f"state_dir: core/state\noutputs: {outputs}\n")
    command = ["-c", tmp_path / "casbd.yaml", "alerts", "close", "--all-matching", "--yes", "--as", "benign"]
    ended = subprocess.run([sys.executable, "-c", DIES, *step.split(), *command], check=False, capture_output=True)
    assert ended.returncode == -9, ended.stderr
    assert {alert.status for alert in core.alerts()} == {"open"}
    assert [row for row in core.waiting() if row.alert().event == "closed"] == []
    assert trail(core) == []
    run("alerts", "close", "--all-matching", "--yes", "--as", "benign")
    assert len([row for row in core.waiting() if row.alert().event == "closed"]) == len(core.alerts()) == len(trail(core))
