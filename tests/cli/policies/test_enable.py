"""`casbd policies enable` and `disable`."""

import json


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def test_disable_and_enable(run, rules):
    assert run("policies", "disable", "failed", config=rules, errors=True).endswith("failed.yaml: failed is off\n")
    assert [one["enabled"] for one in lines(run("policies", "list", "--json", config=rules))] == [True, False]
    assert "disabled" in run("policies", "list", config=rules)
    run("policies", "enable", "failed", config=rules)
    assert [one["enabled"] for one in lines(run("policies", "list", "--json", config=rules))] == [True, True]
    run("policies", "enable", "nobody", config=rules, code=1)


def test_a_broken_rule_file_does_not_stand_in_the_way_of_another(run, rules):
    (rules.parent / "rules" / "bad\x1b[31m.yaml").write_text("name: x\n")
    run("policies", "disable", "failed", config=rules)
    assert run("policies", "explain", "burst", config=rules).startswith("Counts")
    assert "\x1b" not in run("policies", "list", config=rules, code=78)
