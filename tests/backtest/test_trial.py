"""What inline tests come to; and that a trial raises what the stream raises."""

import random
from pathlib import Path

import pytest
from builders import MINUTE, load_rules, record
from ruamel.yaml import YAML

from casbd.backtest import trial
from casbd.plugins import Options, registry


@pytest.fixture
def outcome(tmp_path: Path):
    """What a rule file's only test comes to."""

    def outcome(example: str, **rule):
        given = YAML(typ="safe").load(example)
        (policy,) = load_rules(tmp_path / "rules", {"one": {"tests": [{"name": "it"} | given]} | rule})
        return trial.run(policy, policy.tests[0], lambda form, raw: registry.load("formats", form)(Options()).parse(raw.encode()))

    return outcome


BURST = {"match": {"repeated": 3, "within": "1m"}}
IN_MARCH = "{activity_type: Failed log on, user: a, at: '2026-03-02T10:00:00Z'}"
DAILY = "activities: [{activity_type: Failed log on, user: a, at: 9h, repeat: 2, every: 1h, object_id: 'file {n}'}]"


GUESSED = {
    "filters": {"ip_category": {"neq": "Corporate"}},
    "match": {"sequence": [{"activity_type": {"eq": "Failed log on"}, "repeated": 3}, {"activity_type": {"eq": "Log on"}}], "within": "1h"},
}
FAILED = "{activity_type: Failed log on, user: a, repeat: 3, every: 10s}"


@pytest.mark.parametrize(
    ("example", "rule", "got"),
    [
        (
            f"{{activities: [{FAILED}, {{activity_type: Log on, user: a}}], alerts: [{{policy_type: sequence, activity_count: 4}}]}}",
            GUESSED,
            1,
        ),
        (f"{{activities: [{FAILED}, {{activity_type: Log on, user: b}}], alerts: 0}}", GUESSED, 0),
        (f"{{activities: [{FAILED}, {{activity_type: Log on, user: a, ip_category: Corporate}}], alerts: 0}}", GUESSED, 0),
        (f"{{activities: [{{activity_type: Log on, user: a}}, {FAILED}], alerts: 0}}", GUESSED, 0),
        ("{activities: [{activity_type: Failed log on, user: a}], alerts: 1}", {}, 1),
        ("{activities: [{activity_type: Failed log on, user: a, repeat: 4}], alerts: 4}", {}, 4),
        ("{activities: [{activity_type: Log on, user: a}], alerts: 0}", {}, 0),
        (f"{{usual: {{{DAILY}}}, activities: [], alerts: 60}}", {}, 60),
        (f"{{usual: {{days: 7, {DAILY}}}, activities: [], alerts: 14}}", {}, 14),
        (f"{{usual: {{days: 7, {DAILY}}}, activities: [], alerts: 6}}", {"filters": {"timestamp": {"gte": "2025-12-29"}}}, 6),
        (f"{{usual: {{days: 3, {DAILY}}}, activities: [], alerts: 3}}", {"filters": {"object_id": {"eq": "file 2"}}}, 3),
        (
            f"{{usual: {{days: 6, working_days: true, {DAILY}}}, activities: [], alerts: 2}}",
            {"filters": {"timestamp": {"lt": "2025-12-25"}}},
            2,
        ),
        (
            f"{{usual: {{days: 1, {DAILY}}}, activities: [{IN_MARCH}], alerts: 3}}",
            {"filters": {"timestamp": {"range": ["2026-03-01T09:00:00Z", "2026-03-02T10:00:00Z"]}}},
            3,
        ),
        ("{activities: [{activity_type: Failed log on, user: a, repeat: 3, every: 30s}], alerts: 1}", BURST, 1),
        ("{activities: [{activity_type: Failed log on, user: a, repeat: 3, every: 31s}], alerts: 0}", BURST, 0),
        ("{activities: [{activity_type: Failed log on, user: 'u{n}', repeat: 9, every: 1s}], alerts: 0}", BURST, 0),
        ("{activities: [{activity_type: Failed log on, repeat: 9, every: 1s}], alerts: 0}", BURST, 0),
        ("{activities: [{activity_type: Failed log on, user: a}], alerts: 1}", {"enabled": False}, 1),
        ("{activities: [{activity_type: Failed log on, user: a}], alerts: 1}", {"mode": "simulate"}, 1),
        (
            "{activities: [{activity_type: Failed log on, timestamp: 2026-01-01}], alerts: 1}",
            {"filters": {"timestamp": {"within_days": 1}}},
            1,
        ),
    ],
)
def test_how_many_alerts(outcome, example, rule, got):
    found = outcome(example, **rule)
    assert (found.got if isinstance(found.got, int) else len(found.got), found.passed) == (got, True)


def test_late_activities_join_two_runs_into_one(outcome):
    one = "{activity_type: Failed log on, user: a, repeat: 3, every: 10s, at: %s}"
    apart, between = f"{one % '1m'}, {one % '3m'}", "{activity_type: Failed log on, user: a, repeat: 9, every: 10s, at: 90s}"
    assert outcome(f"{{activities: [{apart}], alerts: 2}}", **BURST).got == 2
    assert outcome(f"{{activities: [{apart}, {between}], alerts: 1}}", **BURST).got == 1


def test_the_fields_of_alerts(outcome):
    example = """
    activities: [{activity_type: Failed log on, user: "{n}@example.com", ip_address: 192.0.2.1, repeat: 2, every: 1m}]
    alerts:
      - {user: 1@example.com, severity: high, first_activity: "2026-01-01T00:00:00Z"}
      - {user: 2@example.com, ip_address: 192.0.2.2, activity_count: 1}
    """
    found = outcome(example, severity="high")
    assert not found.passed
    assert found.got == [
        {"user": "1@example.com", "severity": "high", "first_activity": "2026-01-01T00:00:00.000Z"},
        {"user": "2@example.com", "ip_address": "192.0.2.1", "activity_count": 1},
    ]
    assert found.expected[0] == found.got[0]
    assert outcome(example.replace("192.0.2.2", "192.0.2.1"), severity="high").passed


def test_raw_records(outcome):
    given = "{activities: [{format: m365, raw: %s}], alerts: 1}"
    good = given % record(UserId="b@example.com").decode()
    assert outcome(good, filters={"user": {"eq": "b@example.com"}}).passed
    broken = outcome(given % "{Operation: x}")
    assert not broken.passed
    assert broken.error.startswith("a raw record cannot be read: ")


@pytest.mark.parametrize("seed", range(6))
def test_raises_what_the_stream_raises(make_core, seed):
    chance = random.Random(seed)
    rules = {
        "each": {"filters": {"user": {"eq": "a@contoso.com"}}},
        "burst": {"match": {"repeated": 3, "within": "6m"}},
        "spray": {"match": {"repeated": 2, "within": "9m", "by": "ip_address", "unique": "user"}},
    }
    core = make_core(rules=rules)
    records = [
        record(
            at=chance.randrange(240) * MINUTE // 2,
            Id=f"{number}",
            UserId=chance.choice(["a@contoso.com", "b@contoso.com", "c@contoso.com"]),
            ClientIP=chance.choice(["192.0.2.1", "192.0.2.2"]),
        )
        for number in range(120)
    ]
    for one in records:
        core.feed_records(one)
    arrived = sorted(core.activities(), key=lambda activity: int(activity.activity_id))
    for policy in core.policies:
        stream = {summary(a) for a in core.alerts() if a.policy_id == policy.id and a.merged_into is None}
        assert {summary(a) for a in trial.alerts_of(policy, arrived, lambda: core.now)} == stream
        assert stream


def summary(alert):
    """All but the order of activities of the same moment, which goes by their keys in the store."""
    return alert.alert_id, alert.activity_count, alert.first_activity, alert.last_activity, frozenset(alert.activity_ids)
