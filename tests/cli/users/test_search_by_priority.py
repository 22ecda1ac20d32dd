"""Activities carry what the alerts that they are among are worth, and can be searched by it."""

import csv
import json

import pytest
from builders import HOUR, MINUTE, Core, failures, record

from casbd.store.log import segments

RULES = {"burst": {"severity": "high", "match": {"repeated": 3, "within": "5m"}}, "one": {"filters": {"activity_type": {"eq": "Log on"}}}}


@pytest.fixture(scope="module", params=["blocks", "segments"])
def place(tmp_path_factory, request):
    """Three failed log ons of a@ in an alert of 72, a log on of b@ in one of 45, and two activities in none."""
    directory = tmp_path_factory.mktemp("place")
    (directory / "casbd.yaml").write_text("state_dir: core/state\nrules: [rules]\n")
    (directory / "rules").mkdir()
    core = Core(directory / "core", rules=RULES)
    core.feed_records(
        *(record(at=n * MINUTE, Id=f"fail-{n}") for n in range(3)),
        record(UserId="b@contoso.com", at=HOUR, Id="on", Operation="UserLoggedIn"),
        *failures(2 * HOUR, 3 * HOUR, UserId="c@contoso.com"),
    )
    if request.param == "segments":
        segments.compact(core.store, at_least=1)
    core.close()
    return directory


FAILED = {"fail-0", "fail-1", "fail-2"}


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("priority gt 50", FAILED),
        ("priority gte 45", {*FAILED, "on"}),
        ("priority lt 50", {"on"}),
        ("priority eq 45,3", {"on"}),
        ("priority range 40,50", {"on"}),
        ("priority isset true", {*FAILED, "on"}),
        ("priority gt 100", set()),
    ],
)
def test_search(run, condition, found):
    lines = run("activities", "search", "--filter", condition, "--json").splitlines()
    assert {json.loads(line)["activity_id"] for line in lines} == found


@pytest.mark.parametrize(("condition", "number"), [("priority isset false", 2), ("priority neq 45", 5), ("priority neq 7", 6)])
def test_what_has_none_meets_a_negation(run, condition, number):
    assert len(run("activities", "search", "--filter", condition, "--json").splitlines()) == number


def test_with_others_and_in_a_span_of_time(run):
    both = ("--filter", "priority gt 1", "--filter", "user eq a@contoso.com")
    assert len(run("activities", "search", *both, "--to", "2026-01-01T12:01:00Z", "--json").splitlines()) == 2
    assert run("activities", "search", *both, "--from", "2026-01-01T12:30:00Z", "--json") == ""


def test_it_is_shown_where_it_is_asked_for(run):
    columns = ("--columns", "user,priority")
    assert [json.loads(line)["priority"] for line in run("activities", "search", *columns, "--json").splitlines()] == [
        None,
        None,
        45,
        72,
        72,
        72,
    ]
    rows = csv.DictReader(run("activities", "search", *columns, "--csv").splitlines())
    assert [row["priority"] for row in rows] == ["", "", "45", "72", "72", "72"]
    assert ["!", "b@contoso.com", "45"] in [line.split() for line in run("activities", "search", *columns).splitlines()]
    assert json.loads(run("activities", "show", "on", "--json"))["priority"] == 45
    assert "priority" in run("activities", "show", "fail-1")


def test_export_and_other_commands_take_the_filter(run, tmp_path):
    run("activities", "export", str(tmp_path / "all.csv"), "--filter", "priority gt 50")
    assert len((tmp_path / "all.csv").read_text().splitlines()) == 1 + 3
    by_user = json.loads(run("activities", "histogram", "--filter", "priority gt 1", "--by", "user", "--json").splitlines()[0])
    assert by_user == {"value": "a@contoso.com", "activities": 3}


@pytest.mark.parametrize("condition", ["priority gt much", "priority contains 7", "priority near 7", "priority"])
def test_a_mistake_is_told(run, condition):
    assert "--filter" in run("activities", "search", "--filter", condition, code=2)


def test_what_an_alert_was_closed_as_shows_at_once(run):
    alert = json.loads(run("alerts", "list", "--policy", "one", "--json"))["alert_id"]
    run("alerts", "close", alert, "--as", "benign")
    assert run("activities", "search", "--filter", "priority lt 50", "--json") == ""
    run("alerts", "reopen", alert)
