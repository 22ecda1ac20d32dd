"""`casbd policies new`."""

import json


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def test_new_from_a_search(run, rules):
    made = ["policies", "new", "seen", "--from-search", "--filter", "user eq a@contoso.com", "--filter", "country isset false"]
    told = run(*made, config=rules, errors=True)
    path = rules.parent / "rules" / "seen.yaml"
    assert str(path) in told
    assert 'user: {eq: "a@contoso.com"}' in path.read_text()
    assert len(lines(run("policies", "backtest", "seen", "--json", config=rules))) > 0
    before = path.read_text()
    assert "there is a policy seen already" in run(*made, config=rules, code=1)
    assert path.read_text() == before


def test_new_from_a_template(run, rules):
    made = ["policies", "new", "ours", "--template", "password-spray"]
    path = rules.parent / "rules" / "ours.yaml"
    try:
        assert str(path) in run(*made, config=rules, errors=True)
        assert "template: password-spray\n" in path.read_text()
        assert "there is a policy ours already" in run(*made, config=rules, code=1)
        listed = lines(run("policies", "list", "--template", "password-spray", "--json", config=rules))
        assert [(one["policy_id"], one["template"]) for one in listed] == [("ours", "password-spray")]
        assert run("policies", "list", "--template", "users-deleted-in-bulk", "--json", config=rules) == ""
        assert "did you mean `password-spray`" in run("policies", "list", "--template", "pasword-spray", config=rules, code=2)
    finally:
        path.unlink()
    told = run("policies", "new", "ours", "--template", "pasword-spray", config=rules, code=2)
    assert "did you mean `password-spray`?" in told
    for wrong in ([], ["--from-search"], ["--template", "x", "--filter", "user eq a"], ["--from-search", "--template", "x"]):
        assert "either --from-search" in run("policies", "new", "ours", *wrong, config=rules, code=2)


def test_new_refuses_what_is_wrong(run, rules):
    assert "unknown field" in run("policies", "new", "x", "--from-search", "--filter", "usr eq a", config=rules, code=2)
    run("policies", "new", "../x", "--from-search", "--filter", "user eq a", config=rules, code=2)
    run("policies", "new", "a b", "--from-search", "--filter", "user eq a", config=rules, code=78)
    run("policies", "new", "x", "--filter", "user eq a", config=rules, code=2)
    for name in (".hidden", "..", "x.yaml"):
        assert "an id is the file's name" in run("policies", "new", name, "--from-search", "--filter", "user eq a", config=rules, code=2)
    assert {path.name for path in (rules.parent / "rules").iterdir()} == {"failed.yaml", "burst.yaml"}
