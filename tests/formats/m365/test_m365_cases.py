"""Golden cases: `cases/<name>/input.json` is a record, `expected.json` the activities it becomes (what is null is left out).

`CASBD_ACCEPT=1 pytest tests/formats` writes what came out as what is expected; then read the difference.
The records are written by hand after Microsoft's schema; those under `plaso/` are Plaso's (Apache-2.0),
those under `otrf/` Open Threat Research Forge's (MIT); see LICENSE there.
"""

import json
import os
from pathlib import Path

import pytest

from casbd.formats.m365 import M365
from casbd.plugins import Options
from casbd.wire import json_lines

HERE = Path(__file__).parent
CASES = sorted(path.parent for path in (HERE / "cases").glob("*/input.json"))


@pytest.fixture(scope="module")
def m365():
    return M365(Options())


def shown(m365, record):
    """The activities as JSON has them, without what is unknown."""
    activities = [json.loads(json_lines.activity(activity)) for activity in m365.parse(record)]
    return [{name: value for name, value in one.items() if value not in (None, [], "")} for one in activities]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(m365, case):
    found = shown(m365, (case / "input.json").read_bytes())
    expected = case / "expected.json"
    if os.environ.get("CASBD_ACCEPT"):
        expected.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
    assert found == json.loads(expected.read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_format_knows_its_own(case):
    assert M365.claims([(case / "input.json").read_bytes()]) == 1


@pytest.mark.parametrize("name", ["plaso/microsoft_audit_log.jsonl", "otrf/OfficeActivityEvents.json"])
def test_real_records(m365, name):
    """The second is a row of Log Analytics."""
    lines = (HERE / name).read_bytes().splitlines()
    found = [shown(m365, line)[0] for line in lines]
    expected = (HERE / name).parent / "expected.json"
    if os.environ.get("CASBD_ACCEPT"):
        expected.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
    assert found == json.loads(expected.read_text())
    assert M365.claims(lines) == 1


def test_a_trust_type_that_is_a_list_is_none(m365):
    record = {"CreationTime": "2026-01-05T09:17:00", "Operation": "UserLoggedIn"}
    record["DeviceProperties"] = [{"Name": "TrustType", "Value": ["ServerAd"]}, {"Name": "IsCompliant", "Value": "True"}]
    assert [activity.device_tags for activity in m365.parse(json.dumps(record).encode())] == [("Intune compliant",)]
