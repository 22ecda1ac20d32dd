"""Modules beside the tests can be imported by their names; `messages` are what casbd sends of all samples and of the quick start."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from conf_files import ROOT
from search_head import search

FORMATS = ROOT / "tests" / "formats"
NO_RECORDS = {".py", ".pyc", ".md", ".yaml"}
CONFIGURATION = """\
state_dir: state
rules: [rules, own]
inputs:
{inputs}
organization: {{domains: [contoso.com]}}
outputs:
  - {{name: json, type: file, path: sent.json, format: json, send: [alerts, activities, governance]}}
  - {{name: cef, type: file, path: sent.cef, send: [alerts, activities, governance]}}
connectors:
  - {{name: works, type: command, command: [/bin/true], actions: ["*"], domains: [contoso.com, "*.contoso.com"]}}
  - {{name: fails, type: command, command: [/bin/false], actions: ["*"], domains: [contoso.com, "*.contoso.com"]}}
governance: {{mode: enforce, max_activity_age: 10000d, max_per_hour: 1000}}
"""
GOVERNANCE = """\
name: Acts
severity: high
filters: {activity_type: {eq: [Failed log on, Create inbox rule]}}
alert: {suppress: 1h}
governance:
  - {action: suspend_user, connector: works}
  - {action: revoke_admin_privileges, connector: fails}
  - {action: notify_user, connector: works, message: Was this you?}
"""


def casbd(place, *arguments):
    command = [sys.executable, "-P", "-m", "casbd", "-c", "casbd.yaml", *arguments]
    return subprocess.run(command, cwd=place, capture_output=True, text=True, timeout=120)


def lay_out(place):
    """The samples of each format and the quick start's exports, each in an input of its own."""
    inputs = []
    for path in sorted([*FORMATS.rglob("*"), *(ROOT / "conf" / "quickstart").glob("*.*json*")]):
        if path.is_file() and path.suffix not in NO_RECORDS and "expected" not in path.name and "LICENSE" not in path.name:
            name = path.relative_to(FORMATS).parts[0] if path.is_relative_to(FORMATS) else "quickstart"
            target = place / "in" / name / f"{len(inputs)}-{path.name}"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
            inputs.append(name)
    lines = [f"  - {{name: {name}, path: in/{name}/*, instance: contoso}}" for name in sorted(set(inputs))]
    (place / "casbd.yaml").write_text(CONFIGURATION.format(inputs="\n".join(lines)))
    shutil.copytree(ROOT / "rules", place / "rules")
    (place / "own").mkdir()
    (place / "own" / "acts.yaml").write_text(GOVERNANCE)


@pytest.fixture(scope="session")
def messages(tmp_path_factory):
    """The same messages twice: lines of JSON, and of CEF. One alert was closed."""
    place = tmp_path_factory.mktemp("splunk")
    lay_out(place)
    done = casbd(place, "run", "--once")
    assert done.returncode in (0, 1), done.stderr  # 1: some samples are records that cannot be read
    sent = map(json.loads, (place / "sent.json").read_text().splitlines())
    closed = next(message["alert_id"] for message in sent if message["type"] == "alert")
    assert casbd(place, "alerts", "close", closed, "--as", "false_positive").returncode == 0
    casbd(place, "run", "--once")
    return [(place / f"sent.{form}").read_text().splitlines() for form in ("json", "cef")]


@pytest.fixture(scope="session")
def events(messages):
    """What Splunk makes of them: by the HTTP Event Collector, and by SC4S."""
    as_json, as_cef = messages
    kinds = {"system": "alert"}
    types = [json.loads(line)["type"] for line in as_json]
    collected = [search(line, sourcetype=f"casbd:{kinds.get(kind, kind)}") for line, kind in zip(as_json, types, strict=True)]
    return {"json": collected, "cef": [search(line, sourcetype="cef", source="casbd:cef") for line in as_cef]}
