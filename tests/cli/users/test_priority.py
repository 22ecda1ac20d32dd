"""Investigation priority in `users list`, `users show` and `alerts show`, and the commands that change it."""

import json

import pytest
from builders import HOUR, MINUTE, Core, failures, record

from casbd.cli import EXIT_NO

AS_OF = ("--as-of", "2026-01-02")
DAY = 24 * HOUR
RULES = {"burst": {"severity": "high", "match": {"repeated": 3, "within": "5m"}}, "one": {"filters": {"activity_type": {"eq": "Log on"}}}}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Ten users; a@ with 117 points, b@ with 45, bob of two tenants."""
    directory = tmp_path_factory.mktemp("place")
    (directory / "casbd.yaml").write_text("state_dir: core/state\nrules: [rules]\noutputs: [{name: siem, type: file, path: alerts.cef}]\n")
    (directory / "private.yaml").write_text((directory / "casbd.yaml").read_text() + "privacy: {pseudonymize: [user], key: {file: key}}\n")
    (directory / "key").write_text("0123456789abcdef" * 4)
    (directory / "key").chmod(0o600)
    (directory / "rules").mkdir()
    core = Core(directory / "core", rules=RULES)
    logon = {"Operation": "UserLoggedIn"}
    core.feed_records(
        *failures(0, MINUTE, 2 * MINUTE),
        record(**logon),
        record(UserId="b@contoso.com", at=HOUR, **logon),
        *(record(UserId=f"{n}@contoso.com") for n in range(6)),
        *(record(UserId="bob", OrganizationId=tenant, **logon) for tenant in ("one", "two")),
    )
    core.close()
    return directory


def listed(run, *arguments, **how):
    return [json.loads(line) for line in run("users", "list", *AS_OF, "--json", *arguments, **how).splitlines()]


def shown(run, user, *arguments):
    return json.loads(run("users", "show", user, *AS_OF, "--json", *arguments))


def test_users_by_priority(run):
    users = listed(run, "--sort", "priority", "--limit", "3")
    assert [(one["user"], one["priority"], one["priority_percentile"]) for one in users] == [
        ("a@contoso.com", 117, 90.0),
        ("b@contoso.com", 45, 60.0),
        ("bob", 45, 60.0),
    ]
    assert listed(run, "--sort", "priority")[-1]["priority_percentile"] == 0
    text = run("users", "list", *AS_OF, "--sort", "priority")
    assert text.splitlines()[0].split()[:2] == ["user", "priority"]


def test_the_percentile_is_of_all_users_whatever_is_listed(run):
    assert listed(run, "--filter", "user eq b@contoso.com")[0]["priority_percentile"] == 60.0


def test_it_is_of_the_seven_days_before(run):
    assert listed(run, "--as-of", "2026-01-09")[0]["priority"] == 0


def test_what_it_is_made_of(run):
    user = shown(run, "a@contoso.com")
    assert (user["priority"], user["priority_percentile"]) == (117, 90.0)
    parts = user["priority_parts"]
    assert [(one["policy_id"], one["adds"], one["points"], one["activity_count"], len(one["activity_ids"])) for one in parts] == [
        ("burst", 72, 72, 3, 3),
        ("one", 45, 45, 1, 1),
    ]
    assert parts[0]["last_activity"] == "2026-01-01T12:02:00.000Z"
    assert "failed log ons" in parts[0]["evidence"]
    text = run("users", "show", "a@contoso.com", *AS_OF)
    assert "investigation priority 117: more than 90 % of 10 users" in text
    assert "What adds to it" in text
    assert "investigation priority 0\n" in run("users", "show", "1@contoso.com", *AS_OF)


def test_of_those_who_are_called_alike_each_has_an_own_one(run):
    lines = run("users", "show", "bob", *AS_OF, "--json").splitlines()
    assert [json.loads(line)["priority"] for line in lines] == [45, 45]


def test_pseudonyms_stand_in_the_place_of_names(run, place):
    assert {one["user"] for one in listed(run, config=place / "private.yaml")}.isdisjoint({"a@contoso.com"})
    first = listed(run, "--sort", "priority", config=place / "private.yaml")[0]
    text = run("users", "show", first["user"], *AS_OF, "--json", config=place / "private.yaml")
    assert json.loads(text)["priority"] == 117
    assert "a@contoso" not in text


class TestChanges:
    """Each leaves the store as it found it, but for what was reset."""

    def test_a_false_positive_is_shown_where_it_counts(self, run):
        part = shown(run, "b@contoso.com")["priority_parts"][0]
        run("alerts", "close", part["alert_id"], "--as", "false_positive")
        user = shown(run, "b@contoso.com")
        assert (user["priority"], user["priority_lessons"]) == (0, [{"policy_id": "one", "place": "", "alerts": 1}])
        assert "one adds less: 1 false positive like it" in run("users", "show", "b@contoso.com", *AS_OF)
        assert "investigation priority" not in run("alerts", "show", part["alert_id"])
        run("alerts", "reopen", part["alert_id"])
        assert shown(run, "b@contoso.com")["priority"] == 45
        assert "worth 45 of the user's investigation priority\n" in run("alerts", "show", part["alert_id"])

    def test_what_was_taught_can_be_forgotten(self, run):
        part = shown(run, "b@contoso.com")["priority_parts"][0]
        run("alerts", "close", part["alert_id"], "--as", "false_positive")
        assert "forgotten what 1 alert taught" in run("users", "forget-lessons", "b@contoso.com", errors=True)
        assert shown(run, "b@contoso.com")["priority_lessons"] == []
        run("alerts", "reopen", part["alert_id"])

    def test_reset(self, run):
        assert "of 1 alert nothing counts any more" in run("users", "reset-priority", "B@contoso.com", errors=True)
        assert shown(run, "b@contoso.com")["priority"] == 0
        entry = json.loads(run("audit", "list", "--action", "users reset-priority", "--json").splitlines()[-1])
        assert (entry["target"], entry["detail"]) == ("b@contoso.com", {"alerts": 1})
        assert "nothing counts" in run("users", "reset-priority", "b@contoso.com", errors=True)

    @pytest.mark.parametrize("command", ["reset-priority", "forget-lessons"])
    def test_whom(self, run, command):
        run("users", command, "nobody@contoso.com", code=EXIT_NO)
        several = run("users", command, "bob", code=2, errors=True)
        assert "--app and --instance" in several
        run("users", command, "bob", "--instance", "one")
        entry = json.loads(run("audit", "list", "--action", f"users {command}", "--json").splitlines()[-1])
        assert entry["detail"]["app_instance"] == "one"
