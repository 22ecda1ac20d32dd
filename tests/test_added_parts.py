"""A new part is new files alone: in a copy of the repository one of each kind is added, and everything that lists parts knows it.

`added_parts/` mirrors the repository and has one file for each, with its samples; a field is a row in the model's table.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ADDED = Path(__file__).parent / "added_parts"
FIELD = '    trial_floor: Annotated[Text, _about("where the user works")] = None\n'
CHECKS = (
    "tests/formats/test_claims.py",
    "tests/formats/trial",
    "tests/formats/services",
    "tests/enrichers/test_enricher_plugins.py",
    "tests/habits/test_trial_hour.py",
    "tests/test_plugin_options.py",
    "tests/test_docs.py::TestWhatThereIsIsDocumented",
    "tests/test_docs.py::TestWhatIsDocumentedWorks::test_every_example_of_the_configuration",
    "tests/fuzz/test_fuzz.py::test_every_target_has_seeds_of_every_kind",
)
"""Tests that once had to be edited for a new part."""


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The repository with the parts, and the documentation as it was."""
    place = tmp_path_factory.mktemp("repository")
    without = shutil.ignore_patterns("__pycache__", ".*", "*.egg-info", "added_parts", "found")
    for name in ("casbd", "conf", "docs", "rules", "tests"):
        shutil.copytree(ROOT / name, place / name, ignore=without)
    for name in ("README.md", "setup.cfg"):
        shutil.copy(ROOT / name, place / name)
    for path in sorted(path for path in ADDED.rglob("*.*") if path.is_file() and "__pycache__" not in path.parts):
        target = place / path.relative_to(ADDED)
        assert not target.exists()
        target.parent.mkdir(exist_ok=True)
        shutil.copy(path, target)
    table = place / "casbd" / "model" / "activity.py"
    before, end, after = table.read_text().partition("\n\n\nclass Field(")
    table.write_text(f"{before}\n{FIELD.rstrip()}{end}{after}")
    return place


def run(place, *command, code=0):
    """What a program of the copy writes to standard output."""
    environment = os.environ | {"PYTHONPATH": str(place)}
    done = subprocess.run([sys.executable, *command], cwd=place, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def renewed(copy):
    """The copy after the one command that renews what is made."""
    stale = run(copy, "docs/renew.py", "--check", code=1)
    added = [line for line in stale.splitlines() if line.startswith("+")]
    for text in (
        "casbd trial",
        "`trial` | The log of a door.",
        "`trial_service` | The log of a door that is a service.",
        "trial_building: ",
        "trial_floors: ",
        "trial_word: ",
        "trial_lock: ",
        "| `trial_floor` |",
        "| `trial` | `trial` | So many doors. |",
        "| `trial_hour` | `trial_hour` | No alert in the first days of a subject. |",
    ):
        assert any(text in line for line in added), text
    run(copy, "docs/renew.py")
    assert run(copy, "docs/renew.py", "--check") == ""
    return copy


def test_what_lists_parts_has_each_of_them(renewed):
    assert "\n  trial " in run(renewed, "-m", "casbd", "--help")
    assert run(renewed, "-m", "casbd", "trial", "--doors", "2") == "2 tried\n"
    formats = run(renewed, "-m", "casbd", "inputs", "formats")
    assert "\ntrial " in formats
    assert "\ntrial_service " in formats
    schema = json.loads(run(renewed, "-m", "casbd", "policies", "schema"))["$defs"]
    assert "trial_floor" in schema["filters"]["properties"]
    assert {"trial", "trial_hour"} <= {*schema["MatchPart"]["properties"]}


def test_the_tests_that_look_at_all_parts_pass(renewed):
    run(renewed, "-m", "pytest", "-q", "-p", "no:cacheprovider", *CHECKS)


def test_they_work(renewed, tmp_path):
    (tmp_path / "casbd.yaml").write_text(
        "state_dir: state\nrules: [rules]\n"
        f"inputs: [{{name: doors, path: {renewed / 'tests/formats/trial/sample.ndjson'}}}]\n"
        "enrichment: {trial_floors: {anna@contoso.com: third}}\n"
        "outputs: [{name: number, type: trial, trial_word: came}]\n"
        "connectors: [{name: lock, type: trial, trial_lock: north}]\n"
    )
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "two-doors.yaml").write_text(
        "name: At two doors\nfilters: {app: {eq: Door}}\nmatch: {trial: 2, within: 5m, by: app}\n"
        "tests:\n  - {name: two, alerts: 1, activities: [{format: trial, raw: {door: a, at: 1, who: x}}, {format: trial, "
        "raw: {door: b, at: 2, who: x}}]}\n"
    )
    (tmp_path / "rules" / "odd-hour.yaml").write_text(
        "name: At an odd hour\nfilters: {app: {eq: Door}}\nmatch: {trial_hour: 7d}\ntests:\n"
        "  - {name: at night, alerts: 1, usual: {days: 10, activities: [{app: Door, user: x, at: 9h}]}, "
        "activities: [{app: Door, user: x, timestamp: '2026-03-02T02:00:00Z', repeat: 3}]}\n"
        "  - {name: as always, alerts: 0, usual: {days: 10, activities: [{app: Door, user: x, at: 9h}]}, "
        "activities: [{app: Door, user: x, timestamp: '2026-03-02T09:30:00Z'}]}\n"
    )
    (tmp_path / "rules" / "third-floor.yaml").write_text(
        "name: Somebody of the third floor\nfilters: {trial_floor: {eq: Third}}\ngovernance: [{action: suspend_user, connector: lock}]\n"
    )
    casbd = ("-m", "casbd", "-c", str(tmp_path / "casbd.yaml"))
    shown = run(renewed, *casbd, "run", "--once", "--show")
    assert "Somebody of the third floor" in shown
    alerts = [json.loads(line) for line in run(renewed, *casbd, "alerts", "list", "--json").splitlines()]
    known = sorted((alert["policy_id"], alert["policy_type"], alert["user"], alert["activity_count"]) for alert in alerts)
    assert known == [("third-floor", "activity", "anna@contoso.com", 1)] * 2 + [("two-doors", "anomaly", None, 3)]
    assert {alert["policy_id"] for alert in alerts if "At least 2 doors" in alert["evidence"]} == {"two-doors"}
    assert "same app at 2 doors within 5m" in run(renewed, *casbd, "policies", "explain", "two-doors")
    run(renewed, *casbd, "policies", "test")
    newest = json.loads(run(renewed, *casbd, "activities", "search", "--limit", "1", "--json"))
    assert newest["source"] == "trial"
    oldest = json.loads(run(renewed, *casbd, "activities", "search", "--filter", "trial_floor eq third", "--limit", "1", "--json"))
    assert "trial_floor" in run(renewed, *casbd, "activities", "show", oldest["activity_id"])
