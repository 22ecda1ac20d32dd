"""`casbd policies coverage`."""

import json

import pytest

TAGGED = "name: {0}\nfilters: {{source: {{eq: {1}}}, activity_type: {{eq: Failed log on}}}}\ntags: [{2}]\n"
AS_OF = ["--as-of", "2026-01-02T00:00:00Z"]


@pytest.fixture
def tagged(rules):
    directory = rules.parent / "rules"
    (directory / "here.yaml").write_text(TAGGED.format("Here", "m365", "attack.t1110.001"))
    (directory / "elsewhere.yaml").write_text(TAGGED.format("Elsewhere", "okta", "attack.t1528, attack.t1234567, attack.t1999"))
    return rules


def states(text):
    return {one["technique_id"]: one["state"] for one in map(json.loads, text.splitlines())}


def test_only_of_records_that_are_there(run, tagged):
    found = states(run("policies", "coverage", "--json", *AS_OF, config=tagged))
    assert (found["T1110.001"], found["T1110"], found["T1528"]) == ("covered", "partly", "no records")
    shown = run("policies", "coverage", *AS_OF, config=tagged)
    assert "elsewhere (no records)" in shown
    assert "credential-access: 2 of " in shown


def test_what_is_missing(run, tagged):
    found = states(run("policies", "coverage", "--missing", "--platform", "SaaS", "--json", *AS_OF, config=tagged))
    assert "T1528" in found
    assert not found.keys() & {"T1110.001", "T1110.002", "T1578"}


def test_tags_that_name_nothing_are_told(run, tagged):
    told = run("policies", "coverage", *AS_OF, config=tagged, errors=True)
    assert "has no T1999, which elsewhere names" in told
    assert "no activity of the last 30 days" in run("policies", "coverage", config=tagged, errors=True)


def test_a_layer_for_the_navigator(run, tagged, tmp_path):
    path = tmp_path / "layer.json"
    run("policies", "coverage", "--navigator", str(path), *AS_OF, config=tagged)
    marks = {one["techniqueID"]: one for one in json.loads(path.read_text())["techniques"]}
    assert marks["T1110.001"]["score"] == 1
    assert marks["T1110.001"]["comment"] == "covered\nhere: Here (covered)"
    assert "score" not in marks["T1528"]
    assert "--force" in run("policies", "coverage", "--navigator", str(path), *AS_OF, config=tagged, code=2)
    run("policies", "coverage", "--navigator", str(path), "--force", *AS_OF, config=tagged)


def test_where_casbd_never_ran(run, rules, place):
    rules.write_text((place / "casbd.yaml").read_text())
    assert "no activity of the last 30 days" in run("policies", "coverage", config=rules, errors=True)
