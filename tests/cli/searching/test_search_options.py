"""Searching from the command line: what the shared options ask for, and how each command shows it."""

import csv
import io
import json
import re

import pytest

from casbd.model.activity import FIELDS
from tests.cli.searching.conftest import HOSTILE, lines

ALL = ["just now", "on", "rule", "fail-3", "fail-2", "fail-1", "fail-0", "before"]


class TestWhatIsAskedFor:
    @pytest.mark.parametrize(
        ("arguments", "wanted"),
        [
            ([], ALL),
            (["--text", "b@CONTOSO"], ["fail-3"]),
            (["--text", "höhle inbox"], ["rule"]),
            (["--text", "contoso", "--filter", "activity_id startswith fail", "--limit", "2"], ["fail-3", "fail-2"]),
            (["--from", "-7d"], ["just now"]),
            (["--from", "today", "--to", "now"], ["just now"]),
            (["--from=-1h", "--to", "today"], ["just now"]),
            (["--to", "2025-12-30"], ["before"]),
            (["--to", "2025-12-29"], []),
            (["--from", "2026-01-01", "--to", "2026-01-01T13:03 Europe/Oslo"], ["fail-3", "fail-2", "fail-1", "fail-0"]),
            (["--query", "FAILED log ons", "--from", "2026-01-01T12:02"], ["fail-3", "fail-2"]),
            (["--query", "Successful log ons", "--filter", "user eq c@contoso.com"], ["just now"]),
            (["--sort", "-activity_id", "--limit", "1"], ["rule"]),
        ],
    )
    def test_finds(self, search, arguments, wanted):
        assert search(*arguments) == wanted

    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            (["--from", "7d"], "--from: '7d' is no time; write 2026-01-31, "),
            (["--to", "-7y"], "--to: '-7y' is no time"),
            (["--from", "today", "--to", "yesterday"], "it lies after --to"),
            (["--query", "no\x1bne"], "there is no query no ne"),
            (["--columns", "user,usr"], "did you mean"),
            (["--after", "x"], "it is none that a search has printed"),
            (["--limit", "9" * 30], "is not in the range"),
            (["--after", "kwCheKA", "--sort", "user"], "--sort -timestamp alone"),
            (["--csv", "--json"], "one of them"),
        ],
    )
    def test_wrong_use(self, run, arguments, told):
        assert told in run("activities", "search", *arguments, code=2)[1]


class TestPages:
    @pytest.mark.parametrize("limit", [1, 2, 3, 8])
    def test_one_after_the_other(self, run, limit):
        found, more = [], ()
        for _ in range(20):
            out, err = run("activities", "search", "--json", "--limit", str(limit), *more)
            found += [one["activity_id"] for one in lines(out)]
            if not err:
                break
            more = re.search(r"^casbd: more (with) (--after) (\S+) \(--limit 0 is all\)$", err.strip()).groups()[1:]
        assert found == ALL

    def test_in_another_order_there_are_none(self, run):
        assert "--after" not in run("activities", "search", "--sort", "user", "--limit", "2")[1]
        assert "the first 2; there are more" in run("activities", "search", "--sort", "user", "--limit", "2")[1]


class TestColumns:
    def test_of_json(self, run):
        out, _ = run(
            "activities", "search", "--json", "--filter", "activity_id eq rule", "--columns", "timestamp, raw.Workload,raw.nothing,city"
        )
        assert lines(out) == [{"timestamp": "2026-01-01T13:00:00.000Z", "raw.Workload": "Exchange", "raw.nothing": None, "city": None}]

    def test_of_a_table(self, run):
        out, _ = run("activities", "search", "--limit", "4", "--columns", "activity_id,raw.Operation")
        head, _, *rows = (line.split() for line in out.splitlines())
        assert head == ["!", "activity_id", "raw.Operation"]
        assert rows == [
            ["just", "now", "UserLoggedIn"],
            ["on", "UserLoggedIn"],
            ["rule", "New-InboxRule"],
            ["!", "fail-3", "UserLoginFailed"],
        ]

    def test_of_csv(self, run):
        columns = ["timestamp", "user", "is_admin_operation", "input_offset", "objects", "matched_policies", "city"]
        out, _ = run("activities", "search", "--csv", "--columns", ",".join(columns), "--filter", "activity_id eq rule,fail-0")
        head, rule, fail = csv.reader(io.StringIO(out, newline=""), strict=True)
        assert out.count("\r\n") == 3
        assert head == columns
        assert rule[:2] == ["2026-01-01T13:00:00.000Z", "'" + HOSTILE.replace("\x1b", " ")]
        assert rule[3].isdigit()
        assert json.loads(rule[4])[0]["name"] == "Höhle"
        assert (fail[2], fail[5:]) == ("false", ["failed", ""])

    def test_of_csv_are_all_fields_unless_told(self, run):
        out, _ = run("activities", "search", "--csv", "--limit", "0")
        rows = [*csv.DictReader(io.StringIO(out, newline=""), strict=True)]
        assert [*rows[0]] == [*FIELDS]
        assert [row["activity_id"] for row in rows] == ALL
        assert "\x1b" not in out


def test_colours_only_on_a_terminal(run, monkeypatch):
    assert "\x1b" not in run("activities", "search")[0]
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    failed = next(line for line in run("activities", "search")[0].splitlines() if "12:00:00" in line)
    assert "\x1b[1;31m" in failed, "red as it failed, bold as it meets a policy"
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[1;31m" not in run("activities", "search")[0]


class TestHistogram:
    def test_json(self, run):
        out, _ = run("activities", "histogram", "--json", "--to", "2026-01-31")
        assert lines(out) == [
            {"value": "2025-12-30", "activities": 1},
            {"value": "2025-12-31", "activities": 0},
            {"value": "2026-01-01", "activities": 6},
        ]

    def test_by_a_field(self, run):
        out, err = run("activities", "histogram", "--by", "action_type", "--limit", "2", "--filter", "user neq c@contoso.com")
        assert [line.split() for line in out.splitlines()] == [
            ["action_type", "activities"],
            ["UserLoginFailed", "4", "█" * 60],
            ["UserLoggedIn", "2", "█" * 30],
        ]
        assert "2 of 3 (--limit 0 is all)" in err

    def test_the_latest_hours(self, run):
        out, _ = run("activities", "histogram", "--json", "--by", "hour", "--limit", "2", "--to", "2026-01-31")
        assert lines(out) == [{"value": "2026-01-01 12", "activities": 4}, {"value": "2026-01-01 13", "activities": 2}]

    def test_wrong_use(self, run):
        for by in ("objects", "raw", "timestamp", "week"):
            assert "no such unit or field" in run("activities", "histogram", "--by", by, code=2)[1]
