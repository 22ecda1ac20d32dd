"""Alerts in a file: whole or not at all, and nothing in it that a spreadsheet runs."""

import csv
import json

import pytest

from casbd.alerting.export import export_alerts
from casbd.model.alert import Alert
from casbd.wire.json_lines import ALERT_KEYS

BASE = {"policy_id": "p", "policy_name": "P", "policy_type": "activity", "severity": "low"}
ALERTS = [
    Alert(alert_id="1", user='=cmd|"/c calc"!A1', comment="two\nlines\x1b", activity_ids=("@a", "b"), first_activity=1000, **BASE),
    Alert(alert_id="2", user="\udcff", evidence="-1+1", read=True, risk_score=7, **BASE),
]


def test_csv(tmp_path):
    path = tmp_path / "alerts.CSV"
    assert export_alerts(ALERTS, path) == 2
    with path.open(newline="") as file:
        rows = [*csv.DictReader(file)]
    assert tuple(rows[0]) == ALERT_KEYS
    assert (rows[0]["user"], rows[0]["comment"], rows[0]["activity_ids"]) == ('\'=cmd|"/c calc"!A1', "two lines", "'@a; b")
    assert (rows[0]["first_activity"], rows[0]["read"], rows[0]["risk_score"]) == ("1970-01-01T00:00:01.000Z", "false", "")
    assert (rows[1]["evidence"], rows[1]["read"], rows[1]["risk_score"]) == ("'-1+1", "true", "7")
    assert path.read_bytes().count(b"\r\n") == 3
    assert path.stat().st_mode & 0o007 == 0


def test_ndjson(tmp_path):
    assert export_alerts(iter(ALERTS), tmp_path / "a.ndjson") == 2
    found = [json.loads(line) for line in (tmp_path / "a.ndjson").read_text().splitlines()]
    assert [one["user"] for one in found] == ['=cmd|"/c calc"!A1', "\ufffd"]


def test_a_file_that_is_there_and_another_ending(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("kept")
    with pytest.raises(FileExistsError):
        export_alerts(ALERTS, path)
    assert path.read_text() == "kept"
    export_alerts(ALERTS, path, force=True)
    assert path.read_text() != "kept"
    with pytest.raises(ValueError, match=r"a.xlsx does not end with .csv or .ndjson"):
        export_alerts(ALERTS, tmp_path / "a.xlsx")


def test_nothing_is_left_of_one_that_fails(tmp_path):
    def broken():
        yield ALERTS[0]
        raise OSError("full")

    with pytest.raises(OSError, match="full"):
        export_alerts(broken(), tmp_path / "a.csv")
    assert [*tmp_path.iterdir()] == []
