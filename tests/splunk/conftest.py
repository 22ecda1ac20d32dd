"""Modules beside the tests can be imported by their names; `messages` are what casbd sends of all samples and of the quick start."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from conf_files import ROOT
from search_head import search

from tests.outputs.hec import TOKEN, Splunk

FORMATS = ROOT / "tests" / "formats"
NO_RECORDS = {".py", ".pyc", ".md", ".yaml"}
CONFIGURATION = """\
state_dir: state
rules: [rules, own]
inputs:
{inputs}
organization: {{domains: [contoso.com]}}
outputs:
  - {{name: hec, type: splunk_hec, url: {url}, token: {{env: TOKEN}}, hostname: casbd.example.com, send: [alerts, activities, governance]}}
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
    """A command, with the collector's token in its environment."""
    command = [sys.executable, "-P", "-m", "casbd", "-c", "casbd.yaml", *arguments]
    return subprocess.run(command, cwd=place, capture_output=True, text=True, timeout=120, env=os.environ | {"TOKEN": TOKEN})


def lay_out(place, url):
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
    (place / "casbd.yaml").write_text(CONFIGURATION.format(inputs="\n".join(lines), url=url))
    shutil.copytree(ROOT / "rules", place / "rules")
    (place / "own").mkdir()
    (place / "own" / "acts.yaml").write_text(GOVERNANCE)


@pytest.fixture(scope="session")
def messages(tmp_path_factory):
    """The same messages twice: as the HTTP Event Collector got them, and as lines of CEF. One alert was closed."""
    place = tmp_path_factory.mktemp("splunk")
    splunk = Splunk()
    lay_out(place, splunk.url)
    done = casbd(place, "run", "--once")
    assert done.returncode in (0, 1), done.stderr  # 1: some samples are records that cannot be read
    closed = next(sent["event"]["alert_id"] for sent in splunk.indexed if sent["event"]["type"] == "alert")
    assert casbd(place, "alerts", "close", closed, "--as", "false_positive").returncode == 0
    casbd(place, "run", "--once")
    splunk.stop()
    return splunk.indexed, (place / "sent.cef").read_text().splitlines()


@pytest.fixture(scope="session")
def events(messages):
    """What Splunk makes of them: by the HTTP Event Collector, and by SC4S."""
    collected, lines = messages
    return {"json": [searched(sent) for sent in collected], "cef": [search(line, sourcetype="cef", source="casbd:cef") for line in lines]}


def searched(sent):
    """An event as the collector got it, which Splunk keeps as the text that it was."""
    raw = json.dumps(sent["event"], ensure_ascii=False, separators=(",", ":"))
    return search(raw, sourcetype=sent["sourcetype"], source=sent["source"], host=sent["host"])
