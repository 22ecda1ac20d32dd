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


def test_since_when_it_matches_and_what_it_needs(run, place, rules):
    (rules.parent / "rules" / "elsewhere.yaml").write_text("name: Elsewhere\nfilters: {source: {eq: okta}, isp: {isset: true}}\n")
    (rules.parent / "rules" / "travel.yaml").write_text(
        "name: Travel\nmatch: {travel: impossible}\nfilters: {activity_type: {eq: Log on}}\n"
    )
    known = {one["policy_id"]: one for one in lines(run("policies", "list", "--json", config=rules))}
    assert (known["failed"]["first_match"], known["failed"]["last_match"]) == ("2026-01-01", "2026-01-01")
    assert (known["elsewhere"]["first_match"], known["elsewhere"]["last_match"]) == (None, None)
    assert known["elsewhere"]["needs"] == ["records of okta", "an ASN file (enrichment.asn)"]
    assert "records of okta" in run("policies", "list", config=rules)
    assert json.loads(run("policies", "show", "elsewhere", "--json", config=rules))["needs"][0] == "records of okta"
