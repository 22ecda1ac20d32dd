"""`casbd policies import`."""

import json


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def test_import_tells_what_can_be_used_of_sigma_rules(run, tmp_path):
    rule = "title: T\nlogsource: {product: aws, service: cloudtrail}\ndetection: {s: {FIELD: x}, condition: s}\n"
    (tmp_path / "good.yml").write_text(rule.replace("FIELD", "eventName"))
    (tmp_path / "README.yml").write_text("name: No Sigma rule\n")
    told = run("policies", "import", str(tmp_path), errors=True)
    assert "1 of 1 Sigma rules can be used (100 %); 1 other files were left aside" in told
    (tmp_path / "bad.yml").write_text(rule.replace("FIELD", "eventname2"))
    told = run("policies", "import", str(tmp_path), code=1, errors=True)
    assert f"{tmp_path}/bad.yml:3:17: the field `eventname2` is not known of this log source (did you mean `eventName`?)" in told
    assert "1 of 2 Sigma rules can be used (50 %)" in told
    (tmp_path / "used").mkdir()
    run("policies", "import", str(tmp_path), "--to", str(tmp_path / "used"), code=1)
    assert [path.name for path in (tmp_path / "used").iterdir()] == ["good.yml"]
    assert "is there already" in run("policies", "import", str(tmp_path), "--to", str(tmp_path / "used"), code=1)
    (tmp_path / "used" / "good.yml").unlink()
    _, good, bad = run("policies", "import", str(tmp_path), "--json", code=1).splitlines()
    good, bad = json.loads(good), json.loads(bad)
    assert (good["usable"], good["policy_id"], bad["usable"], bad["line"]) == (True, "good", False, 3)


def test_a_sigma_rule_is_a_policy_like_any_other(run, rules):
    text = "title: T\nlogsource: {product: m365, service: audit}\ndetection: {s: {Operation: UserLoginFailed}, condition: s}\n"
    path = rules.parent / "rules" / "sigma.yml"
    path.write_text(text)
    try:
        assert "m365" in run("policies", "explain", "sigma", config=rules)
        assert len(lines(run("policies", "backtest", "sigma", "--json", config=rules))) == 5
        run("policies", "disable", "sigma", config=rules)
        assert path.read_text() == f"enabled: false\n{text}"
    finally:
        path.unlink()
