"""Modules beside the tests can be imported by their names; `messages` are what casbd sends of all samples and of the quick start."""

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from own_events import casbd, lay_out
from search_head import search

from tests.outputs.hec import TOKEN, Splunk

SEND = "send: [alerts, activities, governance]"


@pytest.fixture(scope="session")
def messages(tmp_path_factory):
    """The same messages twice: as the HTTP Event Collector got them, and as lines of CEF. One alert was closed."""
    place = tmp_path_factory.mktemp("splunk")
    splunk = Splunk()
    collector = f"{{name: hec, type: splunk_hec, url: {splunk.url}, token: {{env: TOKEN}}, hostname: casbd.example.com, {SEND}}}"
    lay_out(place, collector, f"{{name: cef, type: file, path: sent.cef, {SEND}}}")
    done = casbd(place, "run", "--once", TOKEN=TOKEN)
    assert done.returncode in (0, 1), done.stderr  # 1: some samples are records that cannot be read
    closed = next(sent["event"]["alert_id"] for sent in splunk.indexed if sent["event"]["type"] == "alert")
    assert casbd(place, "alerts", "close", closed, "--as", "false_positive", TOKEN=TOKEN).returncode == 0
    casbd(place, "run", "--once", TOKEN=TOKEN)
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
