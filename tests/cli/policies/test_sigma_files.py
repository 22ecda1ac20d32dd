"""Commands over rule directories with Sigma files: one that cannot be used is told, and the others are there."""

import json
import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

from casbd import cli

GOOD = """title: {title}
logsource: {{product: aws, service: cloudtrail}}
detection: {{s: {{eventName: {title}}}, condition: s}}
tests:
  - name: it is seen
    activities: [{{source: json, raw: {{eventName: {title}}}}}]
    alerts: 1
"""
BAD = GOOD.format(title="bad") + "level: severe\n"


@pytest.fixture
def run(tmp_path):
    """Runs a command as a shell would; its exit code, standard output and standard error."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "own.yaml").write_text("name: own\nfilters: {user: {eq: a}}\n")
    (tmp_path / "rules" / "two.yml").write_text(f"{GOOD.format(title='first')}---\n{GOOD.format(title='second')}")
    (tmp_path / "rules" / "bad.yml").write_text(BAD)
    (tmp_path / "casbd.yaml").write_text("state_dir: state\nrules: [rules]\ninputs: []\noutputs: []\n")

    def command(*arguments):
        with CliRunner().isolation() as streams:
            sys.argv = ["casbd", "-c", str(tmp_path / "casbd.yaml"), *arguments]
            code = 0
            try:
                cli.main()
            except SystemExit as end:
                code = end.code or 0
            sys.stdout.flush()
            return code, streams[0].getvalue().decode(), streams[1].getvalue().decode()

    return command


def test_check_tells_it_as_a_mistake_and_that_the_others_work(run):
    code, out, err = run("check")
    assert code == 1
    [line] = out.splitlines()
    assert line.endswith("rules/bad.yml:8:8: `level` is never `severe` (allowed: informational, low, medium, high, critical)")
    assert "casbd runs without 1 rule file; all other policies work" in err
    code, out, _ = run("check", "--json")
    assert (code, json.loads(out)["line"]) == (1, 8)


def test_the_other_policies_are_listed_tested_and_shown(run, tmp_path):
    code, out, err = run("policies", "list", "--json")
    assert (code, [json.loads(line)["policy_id"] for line in out.splitlines()]) == (0, ["own", "two", "two-2"])
    assert "a rule file cannot be used and is left out" in err
    code, out, err = run("policies", "test")
    assert (code, "2 of 2 tests passed" in err, "left out" in err) == (0, True, True)
    for policy, name in (("two", "first"), ("two-2", "second"), ("own", "own")):
        code, out, _ = run("policies", "show", policy, "--json")
        assert (code, json.loads(out)["name"]) == (0, name)


def test_a_command_about_the_one_itself_says_what_is_wrong(run):
    code, _, err = run("policies", "explain", "bad")
    assert (code, "bad.yml:8:8" in err) == (78, True)
    assert run("policies", "explain", "own")[0] == 0


def test_one_of_several_rules_of_a_file_is_switched_off(run, tmp_path):
    assert run("policies", "disable", "two-2")[0] == 0
    _, out, _ = run("policies", "list", "--json")
    assert {found["policy_id"]: found["enabled"] for found in map(json.loads, out.splitlines())} == {
        "own": True,
        "two": True,
        "two-2": False,
    }
    assert run("policies", "enable", "two-2")[0] == 0
    assert (tmp_path / "rules" / "two.yml").read_text().count("enabled: true") == 1
    assert run("policies", "show", "two-3")[0] == 1


def test_import_copies_those_that_can_be_used(run, tmp_path):
    (tmp_path / "rules" / "filter.yml").write_text(
        "title: F\nlogsource: {product: aws}\nfilter: {rules: any, s: {eventName: y}, condition: not s}\n"
    )
    (tmp_path / "to").mkdir()
    code, out, err = run("policies", "import", str(tmp_path / "rules"), "--to", str(tmp_path / "to"))
    assert (code, "bad.yml:8:8" in out) == (1, True)
    assert "2 of 3 Sigma rules can be used (67 %)" in err
    assert sorted(path.name for path in (tmp_path / "to").iterdir()) == ["filter.yml", "two.yml"]


@pytest.fixture
def once(tmp_path):
    """Runs `casbd run --once` in a process of its own; what it logged."""

    def run():
        arguments = [sys.executable, "-c", "from casbd.cli import main; main()", "-c", str(tmp_path / "casbd.yaml")]
        done = subprocess.run([*arguments, "run", "--once"], capture_output=True, text=True, timeout=60, check=True)
        return [json.loads(line) for line in done.stderr.splitlines()]

    return run


def test_a_run_goes_on_without_it_and_says_so(run, once):
    [line] = once()
    assert (line["level"], "bad.yml:8:8" in line["message"]) == ("ERROR", True)
    _, out, _ = run("status", "--json")
    [warning] = json.loads(out)["warnings"]
    assert "this file is left out, all other policies work" in warning


def test_a_policy_that_broke_while_casbd_was_down_is_told_once_for_each_version_of_its_file(run, once, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.json").write_text('{"t": "2026-01-31T12:00:00Z", "eventName": "first"}\n')
    inputs = "inputs: [{name: own, path: in/*, format: json, mapping: {timestamp: t}}]"
    path = tmp_path / "casbd.yaml"
    path.write_text(path.read_text().replace("inputs: []", inputs))

    once()
    code, out, err = run("policies", "backtest", str(tmp_path / "rules" / "two.yml"), "--json")
    assert (code, [json.loads(line)["policy_id"] for line in out.splitlines()]) == (0, ["two"])
    assert "1 alerts of two, two-2 in 1 activities" in err

    def told():
        once()
        return [
            alert["title"] for alert in map(json.loads, run("alerts", "list", "--json")[1].splitlines()) if alert["category"] == "system"
        ]

    assert told() == []
    rules = tmp_path / "rules" / "two.yml"
    good = rules.read_text()
    rules.write_text(good + "level: severe\n")
    os.utime(rules, (1_000_000_000, 1_000_000_000))
    assert told() == told() == ["Policy two does not work any more"]
    os.utime(rules, (1_100_000_000, 1_100_000_000))
    assert told() == ["Policy two does not work any more"] * 2
    rules.write_text(good)
    assert len(told()) == 2
