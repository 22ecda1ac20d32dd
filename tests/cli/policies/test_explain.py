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


def test_explain_with_what_an_anomaly_is_compared(tmp_path, place, run):
    core = Core(tmp_path / "core", rules={"new": {"match": {"new": "ip_address", "history": "7d", "sensitivity": "high"}}})
    core.now += 30 * 86_400_000
    feed = [record(at=day * 86_400_000, Id=f"on-{day}", ClientIP="203.0.113.7") for day in range(20)]
    core.feed_records(*feed, record(at=20 * 86_400_000, Id="odd", ClientIP="198.51.100.1"))
    core.close()
    (tmp_path / "casbd.yaml").write_text(f"state_dir: {core.directory / 'state'}\nrules: [{core.directory / 'rules'}]\ninputs: []\n")
    told = run("policies", "explain", "new", "odd", config=tmp_path / "casbd.yaml")
    assert "compared with what a@contoso.com did until 2026-01-21T12:00:00.000Z" in told
    assert "unusual: 1 from 2026-01-21T12:00:00.000Z" in told
    assert "since: 2026-01-01T12:00:00.000Z" in told
    (told,) = lines(run("policies", "explain", "new", "on-3", "--json", config=tmp_path / "casbd.yaml"))
    assert (told["history"][0]["known"], told["history"][0]["unusual"]) == (True, [])
    rule = core.directory / "rules" / "new.yaml"
    rule.write_text(rule.read_text().replace("ip_address", "app"))
    assert "compared with nothing yet" in run("policies", "explain", "new", "odd", config=tmp_path / "casbd.yaml")
