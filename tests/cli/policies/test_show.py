"""`casbd policies show`."""

import json


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def test_show(run, rules):
    assert "name: Burst\nmode: simulate" in run("policies", "show", "burst", config=rules)
    assert "did you mean `burst`" in run("policies", "show", "brust", config=rules, code=1)


def test_show_for_programs(run, rules):
    (told,) = lines(run("policies", "show", "burst", "--json", config=rules))
    (listed,) = (one for one in lines(run("policies", "list", "--json", config=rules)) if one["policy_id"] == "burst")
    assert listed.items() <= told.items()
    assert told["text"] == (rules.parent / "rules/burst.yaml").read_text()
    assert "3 activities of the same user within 90s" in told["meaning"]
