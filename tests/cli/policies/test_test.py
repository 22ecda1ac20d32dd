"""`casbd policies test`."""

import json

from builders import record


def test_test(run, rules):
    told = run("policies", "test", config=rules, code=1)
    assert "1 of 4 tests passed; 1 of 2 policies have no test" in told
    assert "FAILED failed: two\n    alerts: expected 1, got 2\n" in told
    assert "FAILED failed: who\n    alert 1, user: expected x@b.c, got a@b.c\n" in told
    assert "FAILED failed: raw\n    a raw record cannot be read: CreationTime '?'" in told
    assert run("policies", "test", "burst", config=rules, errors=True) == "0 of 0 tests passed; 1 of 1 policies have no test\n"


def test_a_record_within_another_is_what_raw_means(run, rules):
    """As in the stream: LookupEvents gives the record as text."""
    inside = json.dumps({"eventTime": "2026-01-01T00:00:00Z", "eventName": "CreateUser", "awsRegion": "eu-west-1"})
    rule = {
        "name": "Inside",
        "filters": {"raw.awsRegion": {"eq": "eu-west-1"}},
        "tests": [
            {
                "name": "one",
                "activities": [{"format": "aws_cloudtrail", "raw": {"EventId": "e", "CloudTrailEvent": inside}}],
                "alerts": 1,
            }
        ],
    }
    (rules.parent / "rules" / "inside.yaml").write_text(json.dumps(rule))
    assert "1 of 1 tests passed" in run("policies", "test", "inside", config=rules, errors=True)


def test_a_blank_text_of_a_raw_record_is_unknown_as_in_the_stream(run, rules):
    rule = {
        "name": "Agent",
        "filters": {"user_agent": {"isset": True}},
        "tests": [
            {
                "name": "blank",
                "activities": [{"format": "m365", "raw": json.loads(record(UserAgent=" \t\u00a0"))}],
                "alerts": 0,
            },
            {"name": "told", "activities": [{"format": "m365", "raw": json.loads(record(UserAgent="curl"))}], "alerts": 1},
        ],
    }
    (rules.parent / "rules" / "agent.yaml").write_text(json.dumps(rule))
    assert "2 of 2 tests passed" in run("policies", "test", "agent", config=rules, errors=True)


def test_a_list_of_addresses_that_is_none_is_told(run, rules):
    """Its enricher would say something else than the daemon's: nothing is tested then."""
    (rules.parent / "ranges.yaml").write_text("- {name: x, range: nonsense}\n")
    rules.write_text(rules.read_text() + "enrichment: {ip_ranges: ranges.yaml}\n")
    (rules.parent / "rules" / "failed.yaml").write_text(
        "name: F\nseverity: low\nfilters: {user: {isset: true}}\ntests:\n"
        f"  - {{name: raw, activities: [{{format: m365, raw: {record().decode()}}}], alerts: 1}}\n"
    )
    assert "ranges.yaml:1:" in run("policies", "test", "failed", config=rules, code=78)


def test_test_for_programs(run, rules):
    told = [json.loads(line) for line in run("policies", "test", "--json", config=rules, code=1).splitlines()]
    assert told[0] == {"policy_id": "failed", "test": "one", "passed": True, "expected": 1, "got": 1}
    assert [one["passed"] for one in told] == [True, False, False, False]
    assert (told[1]["expected"], told[1]["got"]) == ([{"user": "x@b.c"}], [{"user": "a@b.c"}])


def test_mistakes_in_rules_are_told(run, rules):
    (rules.parent / "rules" / "bad.yaml").write_text("name: x\nfilters: {usr: {eq: a}}\n")
    assert "bad.yaml:2:" in run("policies", "test", config=rules, code=78)
