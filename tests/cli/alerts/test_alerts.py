"""`casbd alerts list` and `show`."""

import json

import pytest


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


class TestAlerts:
    def test_list(self, run):
        alerts = lines(run("alerts", "list", "--json"))
        assert len(alerts) == 6
        names = (
            "alert_id policy_id policy_name policy_type severity category title description user app ip_address country first_activity"
            " last_activity activity_count activity_ids status resolution comment risk_score created"
        )
        assert set(alerts[0]) >= set(names.split())
        burst = next(alert for alert in alerts if alert["policy_id"] == "burst")
        assert (burst["activity_count"], burst["activity_ids"]) == (3, ["fail-0", "fail-1", "fail-2"])
        assert (burst["first_activity"], burst["policy_type"]) == ("2026-01-01T12:00:00.000Z", "repeated_activity")

    @pytest.mark.parametrize(
        ("arguments", "number"),
        [
            (["--severity", "high"], 5),
            (["--severity", "low"], 1),
            (["--policy", "burst"], 1),
            (["--category", "threat_detection"], 5),
            (["--user", "B@CONTOSO.com"], 1),
            (["--app", "microsoft entra id"], 6),
            (["--status", "closed"], 0),
            (["--from", "2026-01-01T12:03"], 1),
            (["--to", "2026-01-01T11:30"], 1),
            (["--status", "all"], 6),
            (["--status", "read"], 0),
            (["--user", "b@"], 1),
            (["--user", "CONTOSO"], 6),
            (["--ip", "::ffff:203.0.113.7"], 5),
            (["--ip", "203.0.113.70"], 0),
            (["--assigned", "-"], 6),
            (["--assigned", "eva"], 0),
            (["--incident", "abc"], 0),
            (["--limit", "2"], 2),
        ],
    )
    def test_filters(self, run, arguments, number):
        assert len(lines(run("alerts", "list", "--json", *arguments))) == number

    def test_newest_first_or_in_another_order(self, run):
        times = [alert["first_activity"] for alert in lines(run("alerts", "list", "--json"))]
        assert times == sorted(times, reverse=True)
        severities = [alert["severity"] for alert in lines(run("alerts", "list", "--json", "--sort", "severity"))]
        assert severities == ["low"] + ["high"] * 5

    def test_of_more_than_are_shown_it_says_how_many_there_are(self, run):
        assert "casbd: these are 2 of 6; --limit 0 shows all" in run("alerts", "list", "--limit", "2", errors=True)
        assert "these are" not in run("alerts", "list", "--limit", "6", errors=True)
        assert "these are" not in run("alerts", "list", "--limit", "0", errors=True)

    def test_export(self, run, tmp_path):
        assert "6 alerts in" in run("alerts", "export", str(tmp_path / "a.ndjson"), errors=True)
        assert lines((tmp_path / "a.ndjson").read_text()) == lines(run("alerts", "list", "--json"))
        run("alerts", "export", str(tmp_path / "a.csv"), "--severity", "low")
        assert len((tmp_path / "a.csv").read_text().splitlines()) == 2
        assert "--force writes over it" in run("alerts", "export", str(tmp_path / "a.csv"), code=2)
        assert "does not end with .csv or .ndjson" in run("alerts", "export", str(tmp_path / "a.txt"), code=2)

    def test_show(self, run):
        alert = lines(run("alerts", "list", "--json", "--policy", "burst"))[0]
        (story,) = lines(run("alerts", "show", alert["alert_id"], "--json"))
        assert {name: story[name] for name in alert} == alert
        assert [step["activity_id"] for step in story["timeline"]] == alert["activity_ids"]
        assert "Failed log on" in run("alerts", "show", alert["alert_id"])
        assert "there is no alert x" in run("alerts", "show", "x", code=1)

    def test_wrong_use(self, run):
        run("alerts", "list", "--severity", "critical", code=2)
        run("alerts", "list", "--category", "threat-detection", code=2)
        assert "no such field: title; fields: first_activity" in run("alerts", "list", "--sort", "title", code=2)
        assert "no IP address" in run("alerts", "list", "--ip", "203.0.113", code=2)

    @pytest.mark.parametrize("as_json", [[], ["--json"]])
    def test_a_policy_that_there_is_not(self, run, as_json):
        told = run("alerts", "list", "--policy", "brust", *as_json, code=2)
        assert "--policy: there is no policy brust in the rules, nor an alert of one; did you mean `burst`?\n" in told
        assert "\x1b" not in run("alerts", "list", "--policy", "\x1b", *as_json, code=2)

    def test_a_policy_without_alerts(self, run, place, tmp_path):
        (tmp_path / "casbd.yaml").write_text(f"state_dir: {place}/core/state\nrules: [rules]\n")
        (tmp_path / "rules").mkdir()
        (tmp_path / "rules" / "quiet.yaml").write_text("name: quiet\nfilters: {user: {eq: nobody}}\n")
        for policy in ("quiet", "Quiet", "casbd.silence"):
            assert run("alerts", "list", "--json", "--policy", policy, config=tmp_path / "casbd.yaml") == ""

    def test_alerts_of_a_policy_that_is_no_longer_there(self, run, place, tmp_path):
        (tmp_path / "casbd.yaml").write_text(f"state_dir: {place}/core/state\nrules: [gone]\n")
        assert len(lines(run("alerts", "list", "--json", "--policy", "BURST", config=tmp_path / "casbd.yaml"))) == 1
        run("alerts", "list", "--json", "--policy", "other", config=tmp_path / "casbd.yaml", code=2)


class TestBeginningOfAnAlertId:
    def test_is_enough(self, run):
        (first, *_) = lines(run("alerts", "list", "--json"))
        assert [one["alert_id"] for one in lines(run("alerts", "show", first["alert_id"][:12], "--json"))] == [first["alert_id"]]
        assert first["alert_id"][:12] in run("alerts", "list")

    def test_of_several_or_none(self, run):
        ids = [one["alert_id"] for one in lines(run("alerts", "list", "--json"))]
        shared = next(letter for letter in "0123456789abcdef" if sum(name.startswith(letter) for name in ids) != 1)
        run("alerts", "show", shared, code=1)
        run("alerts", "show", "", code=1)
