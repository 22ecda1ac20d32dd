"""`casbd report policies`."""

import json


def test_the_table(run):
    text = run("report", "policies")
    assert "failed" in text
    assert "enforce" in text


def test_a_line_each(run):
    lines = [json.loads(line) for line in run("report", "policies", "--json").splitlines()]
    assert [one["policy_id"] for one in lines] == ["burst", "failed"]
    assert lines[1]["matches"] == 5
    assert lines[1]["last_match"] == "2026-01-01"
