"""Searching from the command line: what the shared options ask for, and how each command shows it."""

import csv
import io
import json
import os
import re
import select
import signal
import subprocess
import sys

import pytest
from builders import HOUR, MINUTE, NOON, Core, chunk, record, settings
from click.testing import CliRunner

from casbd import cli
from casbd.cli.activities._drawer import SECTIONS
from casbd.clock import now
from casbd.model.activity import FIELDS
from casbd.store.log import segments

DAY = 24 * HOUR
RULES = {"failed": {"severity": "high"}}
HOSTILE = "=cmd|'/c calc'!A1\x1b[31m"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A configuration, and a store with activities in a segment and in blocks, the last of them of this very moment."""
    directory = tmp_path_factory.mktemp("place")
    (directory / "casbd.yaml").write_text("state_dir: core/state\n")
    core = Core(directory / "core", rules=RULES, settings=settings({}))
    core.feed_records(
        record(at=-2 * DAY, Id="before", Operation="UserLoggedIn", ClientIP="198.51.100.1"),
        *(record(at=n * MINUTE, Id=f"fail-{n}", UserId="B@contoso.com" if n == 3 else "a@contoso.com") for n in range(4)),
    )
    segments.compact(core.store, at_least=1)
    core.feed_records(
        record(at=HOUR, Id="on", Operation="UserLoggedIn", ResultStatus=None, ClientIP=None),
        record(at=HOUR, Id="rule", Operation="New-InboxRule", Workload="Exchange", ObjectId="Höhle", UserId=HOSTILE, ClientIP=None),
        record(at=now() - NOON, Id="just now", Operation="UserLoggedIn", UserId="c@contoso.com"),
    )
    core.close()
    return directory


@pytest.fixture
def run(place):
    """Runs a command as a shell would, and gives standard output and standard error."""

    def run(*arguments, code=0, config=place / "casbd.yaml"):
        runner = CliRunner()
        with runner.isolation() as streams:
            sys.argv = ["casbd", "-c", str(config), *arguments]
            ended = 0
            try:
                cli.main()
            except SystemExit as error:
                ended = error.code or 0
            sys.stdout.flush()
            out, err = (stream.getvalue().decode() for stream in streams[:2])
        assert ended == code, (ended, out, err)
        return out, err

    return run


@pytest.fixture
def search(run):
    """The ids that a search finds."""

    def search(*arguments, command=("activities", "search")):
        return [one["activity_id"] for one in lines(run(*command, "--json", *arguments)[0])]

    return search


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


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


class TestShow:
    def test_sections(self, run):
        out, _ = run("activities", "show", "on")
        assert [line.split()[0] for line in out.splitlines() if line[:1].isalpha()] == ["what", "who", "record"]
        out, _ = run("activities", "show", "fail-0")
        for text in ("what", "where      ip_address         203.0.113.7", "policies   matched_policies   failed", "alerts     high"):
            assert re.search(text.replace(" ", r"\s*"), out), text
        assert re.search(r"unusual +new for this user +ip_address 203.0.113.7, action_type UserLoginFailed", out)
        assert '"Operation": "UserLoginFailed"' in out

    def test_no_field_is_in_two_sections(self):
        named = [name for names in SECTIONS.values() for name in names]
        assert len(named) == len({*named} & FIELDS.keys())

    def test_a_field_of_no_section_is_in_the_last_one(self, run, monkeypatch):
        monkeypatch.setitem(SECTIONS, "where", ())
        out, _ = run("activities", "show", "fail-0")
        assert re.search(r"^record .*\n(?: .*\n)* +ip_address +203\.0\.113\.7", out, re.MULTILINE)

    def test_json(self, run):
        (one,) = lines(run("activities", "show", "fail-0", "--json")[0])
        assert [*one] == [*FIELDS, "alerts", "unusual"]
        assert [(alert["policy_id"], alert["activity_ids"]) for alert in one["alerts"]] == [("failed", ["fail-0"])]
        assert one["unusual"]["ip_address"] == "203.0.113.7"
        (first,) = lines(run("activities", "show", "before", "--json")[0])
        assert (first["alerts"], first["unusual"]) == ([], None)

    @pytest.mark.parametrize(
        ("activity", "same", "wanted"),
        [
            ("on", "type", ["just now", "on", "before"]),
            ("on", "user", ["on", "fail-2", "fail-1", "fail-0", "before"]),
            ("on", "48h", ["on", "fail-2", "fail-1", "fail-0"]),
            ("before", "ip", ["before"]),
            ("fail-3", "user", ["fail-3"]),
        ],
    )
    def test_others_like_it(self, search, activity, same, wanted):
        assert search(command=("activities", "show", activity, "--same", same)) == wanted

    def test_others_page_by_page(self, run):
        out, err = run("activities", "show", "on", "--same", "user", "--limit", "2", "--csv", "--columns", "activity_id")
        assert out.split() == ["activity_id", "on", "fail-2"]
        after = err.split()[4]
        out, _ = run("activities", "show", "on", "--same", "user", "--after", after, "--csv", "--columns", "activity_id")
        assert out.split() == ["activity_id", "fail-1", "fail-0", "before"]

    def test_wrong_use(self, run):
        assert "the ip_address of this activity is not known" in run("activities", "show", "on", "--same", "ip", code=2)[1]
        assert "go with --same" in run("activities", "show", "on", "--limit", "2", code=2)[1]
        assert "go with --same" in run("activities", "show", "on", "--csv", code=2)[1]
        run("activities", "show", "nonsense", "--same", "user", code=1)


class TestQueries:
    def test_save_use_show_delete(self, run, search):
        options = ["--filter", "user eq a@contoso.com", "--text", "failed it's", "--from", "-52w", "--limit", "3"]
        assert "saved My search" in run("queries", "save", "My search", *options)[1]
        assert run("queries", "show", "my SEARCH")[0].splitlines() == [
            "--filter 'user eq a@contoso.com'",
            """--text 'failed it'"'"'s'""",
            "--from -52w",
            "--limit 3",
        ]
        assert "replaced my search" in run("queries", "save", "my search", "--query", "failed LOG ons", "--to", "2026-01-01T12:01")[1]
        assert search("--query", "My search") == ["fail-1", "fail-0"]
        assert search("--query", "My search", "--to", "now", "--limit", "1") == ["fail-3"]
        mine, *others = lines(run("queries", "list", "--json")[0])
        assert mine == {
            "name": "my search",
            "kind": "saved",
            "filters": ["activity_type eq Failed log on"],
            "text": None,
            "from": None,
            "to": "2026-01-01T12:01",
            "sort": None,
            "limit": None,
        }
        assert {other["kind"] for other in others} == {"suggested"}
        assert run("queries", "delete", "MY search") == ("", "")
        assert "there is no query my search" in run("queries", "show", "my search", code=1)[1]
        assert "there is no query my search" in run("queries", "delete", "my search", code=1)[1]

    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            (["save", "failed log ons", "--text", "x"], "a suggested query has this name"),
            (["save", "a/b", "--text", "x"], "1 to 60 letters"),
            (["save", "x"], "nothing to save"),
            (["save", "x", "--filter", "usr eq x"], "unknown field"),
            (["save", "x", "--from", "sometime"], "is no time"),
            (["delete", "Failed log ons"], "a suggested query stays"),
        ],
    )
    def test_wrong_use(self, run, arguments, told):
        assert told in run("queries", *arguments, code=2)[1]

    def test_without_a_store_there_are_the_suggested_ones(self, run, tmp_path):
        (tmp_path / "casbd.yaml").write_text("state_dir: state\n")
        out, err = run("queries", "list", "--json", config=tmp_path / "casbd.yaml")
        assert "Admin activities" in out
        assert "no activity log yet" in err
        assert "no activity log yet" in run("queries", "save", "x", "--text", "x", config=tmp_path / "casbd.yaml", code=1)[1]
        assert not (tmp_path / "state").exists()


class TestWhomItIsAbout:
    """`user_role` beside filters on a user, in every command that takes filters."""

    @pytest.fixture
    def made(self, tmp_path, run):
        """What ann did to bo, bo to himself, and bo to nobody."""
        (tmp_path / "casbd.yaml").write_text("state_dir: core/state\nrules: [rules]\n")
        (tmp_path / "rules").mkdir()
        core = Core(tmp_path / "core", settings=settings({}))
        core.feed_records(
            record(Id="did", Operation="Delete user.", UserId="ann@x.com", Target=[{"ID": "bo@x.com", "Type": 5}]),
            record(at=1, Id="both", Operation="Update user.", UserId="bo@x.com", Target=[{"ID": "bo@x.com", "Type": 5}]),
        )
        segments.compact(core.store, at_least=1)
        core.feed_records(record(at=2, Id="actor", UserId="bo@x.com", ObjectId=None))
        core.close()
        return lambda *arguments, **more: run(*arguments, config=tmp_path / "casbd.yaml", **more)

    @pytest.mark.parametrize(("role", "ids"), [("actor", "actor both"), ("object", "both did"), ("any", "actor both did")])
    def test_search_count_export_save_and_make_a_policy(self, made, tmp_path, role, ids):
        filters = ["--filter", "user eq bo@x.com", "--filter", f"user_role eq {role}"]
        found = made("activities", "search", "--json", *filters)[0].splitlines()
        assert [json.loads(one)["activity_id"] for one in found] == ids.split()
        assert sum(json.loads(one)["activities"] for one in made("activities", "histogram", "--json", *filters)[0].splitlines()) == len(
            found
        )
        made("activities", "export", str(tmp_path / "x.ndjson"), *filters)
        assert len((tmp_path / "x.ndjson").read_text().splitlines()) == len(found)
        made("queries", "save", "his", *filters)
        assert len(made("activities", "search", "--json", "--query", "his")[0].splitlines()) == len(found)
        made("policies", "new", "his", "--from-search", *filters)
        assert len(made("policies", "backtest", "his", "--json")[0].splitlines()) == len(found)

    def test_wrong_use(self, made):
        for command in (
            ["activities", "search"],
            ["activities", "histogram"],
            ["users", "list"],
            ["policies", "new", "x", "--from-search"],
        ):
            assert "beside no filter on a user" in made(*command, "--filter", "user_role eq object", code=2)[1]


@pytest.mark.parametrize("as_json", [True, False])
def test_tail_follows_until_it_is_interrupted(tmp_path, as_json):
    """A process of its own, beside the one that stores."""
    (tmp_path / "casbd.yaml").write_text("state_dir: core/state\n")
    core = Core(tmp_path / "core", settings=settings({}))
    command = [
        sys.executable,
        "-m",
        "casbd",
        "-c",
        str(tmp_path / "casbd.yaml"),
        "activities",
        "tail",
        "--text",
        "WANTED@",
        *["--json"][:as_json],
    ]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # which is ignored where the tests run in the background
    )
    try:
        number = 0
        while not select.select([process.stdout], [], [], 0.2)[0]:
            number += 1
            assert number < 200, process.stderr.read()
            core.feed(chunk([record(Id=f"{number}", UserId="wanted@contoso.com"), record(Id=f"no-{number}")], path=f"/in/{number}"))
        line = process.stdout.readline().decode()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
        core.close()
    assert (process.returncode, err) == (0, b"")
    assert "no-" not in line
    if as_json:
        assert json.loads(line)["user"] == "wanted@contoso.com"
    else:
        assert line.split("  ")[:4] == ["", "2026-01-01 12:00:00", "wanted@contoso.com", "Failed log on"]
