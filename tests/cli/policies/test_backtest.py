"""`casbd policies backtest`."""

import json


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def test_backtest_is_what_the_stream_raised(run, place):
    for policy in ("burst", "failed"):
        told = lines(run("policies", "backtest", policy, "--json", config=place / "casbd.yaml"))
        raised = lines(run("alerts", "list", "--policy", policy, "--json", config=place / "casbd.yaml"))
        assert {one["alert_id"]: one["activity_ids"] for one in told} == {one["alert_id"]: one["activity_ids"] for one in raised}
        assert told


def test_backtest_for_people(run, place):
    told = run("policies", "backtest", "failed", config=place / "casbd.yaml", errors=True)
    assert "5 alerts of failed in 7 activities; it took " in told
    assert "2026-01-01" in told
    assert "a@contoso.com" in told
    assert "█" * 40 in told


def test_backtest_a_span(run, place):
    span = ["--from", "2026-01-01T12:01:00Z", "--to", "2026-01-01T12:02:00Z"]
    assert len(lines(run("policies", "backtest", "failed", *span, "--json", config=place / "casbd.yaml"))) == 2


def test_backtest_a_rule_that_is_not_installed(run, place, rules):
    told = lines(run("policies", "backtest", str(rules.parent / "rules" / "failed.yaml"), "--json", config=place / "casbd.yaml"))
    assert [one["activity_count"] for one in told] == [1] * 5
    run("policies", "backtest", str(rules.parent / "none.yaml"), config=place / "casbd.yaml", code=78)
