"""`casbd policies explain`."""

import json

from builders import Core, record


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def test_explain_what_it_means(run, place, rules):
    told = run("policies", "explain", "burst", config=rules)
    assert told.startswith("Counts, without an alert, 3 activities of the same user within 90s")
    (told,) = lines(run("policies", "explain", "failed", "--json", config=rules))
    assert told["meaning"].endswith("where the activity type is Failed log on.")


def test_explain_an_activity(run, place):
    told = run("policies", "explain", "burst", "fail-2", config=place / "casbd.yaml")
    assert "yes activity_type eq Failed log on    [Failed log on]" in told
    assert "counted of a@contoso.com in the 5m until then: 3, it takes 3; part of alert " in told
    told = lines(run("policies", "explain", "burst", "fail-3", "--json", config=place / "casbd.yaml"))[0]
    assert (told["held"], told["window"]["counted"], told["window"]["alert_id"]) == (True, 1, None)


def test_explain_why_not(run, place):
    told = run("policies", "explain", "failed", "hostile", config=place / "casbd.yaml", code=1)
    assert "no  activity_type eq Failed log on    [" in told
    assert run("policies", "explain", "failed", "nothing", config=place / "casbd.yaml", code=1).startswith("casbd: there is no activity")


def test_explain_names_as_they_are_and_what_is_not_counted(tmp_path, place, run):
    def told(activity_id):
        return run("policies", "explain", "each", activity_id, config=tmp_path / "casbd.yaml")

    names = ["[prod] svc", '["a", 1', "[1,2]"]
    core = Core(tmp_path / "core", rules={"each": {"match": {"repeated": 1, "within": "1m"}}})
    core.feed_records(*(record(Id=f"odd-{n}", UserId=name) for n, name in enumerate(names)), record(Id="nobody", UserId=None))
    core.close()
    (tmp_path / "casbd.yaml").write_text((place / "casbd.yaml").read_text().replace("rules: [rules]", "rules: [core/rules]"))
    for n, name in enumerate(names):
        assert f"counted of {name} in the 1m until then: 1, it takes 1; part of alert" in told(f"odd-{n}")
    assert "not counted: of user something is unknown" in told("nobody")
    rule = tmp_path / "core" / "rules" / "each.yaml"
    rule.write_text(rule.read_text().replace("1m", "2m"))
    assert "not counted: the policy is newer than the activity, was changed since" in told("odd-0")
