"""`casbd policies list`."""

import json


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def test_list(run, place, rules):
    burst, failed = lines(run("policies", "list", "--json", config=rules))
    assert (failed["policy_id"], failed["matches"], failed["alerts"], failed["tests"]) == ("failed", 5, 5, 4)
    assert (burst["mode"], burst["enabled"]) == ("simulate", True)
    shown = run("policies", "list", config=rules)
    assert "3 in 90s" in shown
    assert "simulate" in shown


def test_list_where_casbd_never_ran(run, place, rules):
    rules.write_text((place / "casbd.yaml").read_text())
    assert lines(run("policies", "list", "--json", config=rules))[0]["matches"] == 0
