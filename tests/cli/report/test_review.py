"""`casbd review`."""

import json


def test_each_with_what_to_do(run):
    text = run("review")
    assert "Alerts are open for more than 30 days." in text
    assert "-> casbd alerts list --status open --to " in text


def test_a_line_each(run):
    lines = [json.loads(line) for line in run("review", "--json").splitlines()]
    assert {"kind", "subject", "what", "why", "do"} == {*lines[0]}
    assert "open_alerts" in {one["kind"] for one in lines}
