"""The commands on a prepared store: what they print for people and for programs, and their exit codes."""

import json
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from builders import Core, chunk, record, settings

from casbd import cli
from casbd.model.activity import FIELDS
from casbd.plugins import registry
from casbd.store.database import FILE

HOSTILE = "evil\x1b[31m\x07\x9b2J\u202e\u2028\r\n@contoso.com"


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def found(text):
    return [one["activity_id"] for one in lines(text)]


class TestSearch:
    def test_newest_first(self, run):
        assert found(run("activities", "search", "--json")) == ["hostile", "on", "fail-3", "fail-2", "fail-1", "fail-0", "early"]

    @pytest.mark.parametrize(
        ("filters", "wanted"),
        [
            (["user eq B@contoso.com"], ["fail-3"]),
            (["activity_type eq Failed log on", "user neq a@contoso.com"], ["fail-3"]),
            (["action_type eq UserLoggedIn,New-InboxRule"], ["hostile", "on"]),
            (["ip_address cidr 198.51.100.0/24"], ["on"]),
            (["ip_address isset false"], ["early"]),
            (["matched_policies isset false"], ["hostile", "on"]),
            (['user eq "nobody, really"'], []),
            (["raw.Operation startswith new-"], ["hostile"]),
        ],
    )
    def test_filters(self, run, filters, wanted):
        arguments = [part for text in filters for part in ("--filter", text)]
        assert found(run("activities", "search", "--json", *arguments)) == wanted

    @pytest.mark.parametrize(
        ("span", "wanted"),
        [
            (["--from", "2026-01-01T12:01:00Z", "--to", "2026-01-01T12:02:00Z"], ["fail-2", "fail-1"]),
            (["--from", "2026-01-01T14:00:00"], ["hostile"]),
            (["--from", "2026-01-01T15:00:00+01:00"], ["hostile"]),
            (["--to", "2026-01-01T11:30"], ["early"]),
            (["--from", "2026-01-02"], []),
        ],
    )
    def test_times(self, run, span, wanted):
        assert found(run("activities", "search", "--json", *span)) == wanted

    def test_sort_both_ways_with_unknown_values_last(self, run):
        up = found(run("activities", "search", "--json", "--sort", "ip_address"))
        down = found(run("activities", "search", "--json", "--sort=-ip_address"))
        assert up[0] == "on"
        assert up[-1] == down[-1] == "early"
        assert down[-2] == "on"
        assert found(run("activities", "search", "--json", "--sort", "timestamp"))[0] == "early"

    def test_limit(self, run):
        assert len(found(run("activities", "search", "--json", "--limit", "2"))) == 2
        assert len(found(run("activities", "search", "--json", "--limit", "0"))) == 7
        assert found(run("activities", "search", "--json", "--limit", "1", "--sort", "timestamp")) == ["early"]

    def test_fields_and_types(self, run):
        one = lines(run("activities", "search", "--json", "--filter", "activity_id eq fail-0"))[0]
        assert list(one) == list(FIELDS)
        assert one["timestamp"] == "2026-01-01T12:00:00.000Z"
        assert one["user_groups"] == one["objects"] == []
        assert one["city"] is None
        assert one["is_admin_operation"] is False
        assert one["input_offset"] == 0
        assert json.loads(one["raw"])["Id"] == "fail-0"
        assert one["matched_policies"] == ["burst", "failed"]

    def test_a_table_for_people(self, run):
        text = run("activities", "search")
        assert "2026-01-01 12:00:00" in text
        assert "Failed log on" in text

    @pytest.mark.parametrize(
        "arguments",
        [
            ["--filter", "usr eq x"],
            ["--filter", "user is x"],
            ["--filter", "user"],
            ["--filter", "ip_address cidr nonsense"],
            ["--sort", "nonsense"],
            ["--limit", "-1"],
            ["--from", "some day"],
            ["--nonsense"],
        ],
    )
    def test_wrong_use(self, run, arguments):
        assert "Error" in run("activities", "search", *arguments, code=2)


class TestShow:
    def test_everything(self, run):
        text = run("activities", "show", "fail-0")
        assert "a@contoso.com" in text
        assert '"Operation": "UserLoginFailed"' in text

    def test_json(self, run):
        assert found(run("activities", "show", "fail-0", "--json")) == ["fail-0"]

    def test_not_found(self, run):
        assert "there is no activity nonsense" in run("activities", "show", "nonsense", code=1)


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
        ],
    )
    def test_filters(self, run, arguments, number):
        assert len(lines(run("alerts", "list", "--json", *arguments))) == number

    def test_show(self, run):
        alert = lines(run("alerts", "list", "--json", "--policy", "burst"))[0]
        assert lines(run("alerts", "show", alert["alert_id"], "--json")) == [alert]
        assert "fail-1" in run("alerts", "show", alert["alert_id"])
        assert "there is no alert x" in run("alerts", "show", "x", code=1)

    def test_wrong_use(self, run):
        run("alerts", "list", "--severity", "critical", code=2)
        run("alerts", "list", "--category", "threat-detection", code=2)

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


def test_governance(run):
    commands = lines(run("governance", "list", "--json"))
    names = "command_id action connector target status reason alert_id created finished error"
    assert set(commands[0]) >= set(names.split())
    assert [command["status"] for command in commands].count("dry_run") == 2
    assert "suspend_user" in run("governance", "list")


def test_rejects(run):
    rejects = lines(run("rejects", "list", "--json"))
    assert [set(one) >= {"reject_id", "input", "input_file", "input_offset", "reason", "raw"} for one in rejects] == [True, True]
    assert rejects[0]["input_offset"] == 9
    assert rejects[1]["raw"].endswith('2J"')
    assert "not JSON" in run("rejects", "list")


def test_status(run):
    (status,) = lines(run("status", "--json"))
    m365, silent = status["inputs"]
    assert {name: m365[name] for name in ("name", "received", "records", "activities", "duplicates", "rejects")} == {
        "name": "m365",
        "received": 10,
        "records": 7,
        "activities": 7,
        "duplicates": 1,
        "rejects": 2,
    }
    assert set(m365["files"][0]) >= {"path", "position", "size"}
    assert (silent["received"], silent["problem"], silent["files"]) == (0, "no such file", [])
    siem, idle = status["outputs"]
    assert (siem["name"], siem["pending"], siem["delivered"], siem["last_error"]) == ("siem", 6, 0, None)
    assert idle["pending"] == 0
    assert {"policy_id": "burst", "matches": 5, "alerts": 1} in status["policies"]
    assert "m365" in run("status")


class TestHostileText:
    @pytest.mark.parametrize(
        "arguments",
        [
            ["activities", "search"],
            ["activities", "search", "--json"],
            ["activities", "show", "hostile"],
            ["activities", "show", "hostile", "--json"],
            ["alerts", "list"],
            ["rejects", "list"],
            ["rejects", "list", "--json"],
            ["status", "--json"],
        ],
    )
    def test_does_not_command_the_terminal(self, run, arguments):
        text = run(*arguments)
        assert not {*text} & {*"\x1b\x07\x9b\u202e\u2028\r\x7f"}

    def test_in_an_argument(self, run):
        assert "\x1b" not in run("activities", "show", "\x1b[31m", code=1)


class TestCheck:
    def test_nothing_wrong(self, run, place):
        assert run("check") == ""

    def test_mistakes_of_all_files(self, run, tmp_path):
        (tmp_path / "rules").mkdir()
        (tmp_path / "rules" / "a.yaml").write_text("name: a\nfilter: {}\n")
        (tmp_path / "rules" / "b.yaml").write_text("name: b\nfilters: {usr: {eq: x}}\n")
        (tmp_path / "casbd.yaml").write_text(f"state_dir: {tmp_path}/none\nrules: [rules]\n")

        text = run("check", config=tmp_path / "casbd.yaml", code=1)
        assert "a.yaml:2:1: unknown key `filter`" in text
        assert "b.yaml:2:" in text
        told = lines(run("check", "--json", config=tmp_path / "casbd.yaml", code=1))
        assert all(set(one) == {"file", "line", "column", "message", "hint"} for one in told)
        assert len(told) >= 3

    @pytest.fixture
    def doubtful(self, tmp_path):
        """Rules that are right, and will hardly do what is meant."""
        (tmp_path / "rules").mkdir()
        for name, filters in {
            "logon": "{activity_type: {eq: Logon}}",
            **{f"office-{n}": "{ip_category: {eq: Corporate}, ip_tags: {eq: x}}" for n in range(7)},
            "off": "{isp: {eq: x}}\nenabled: false",
            "board": "{user_groups: {eq: Board}}\nalert: {email: [a@b.c]}",
        }.items():
            (tmp_path / "rules" / f"{name}.yaml").write_text(f"name: x\nfilters: {filters}\n")
        (tmp_path / "casbd.yaml").write_text("state_dir: state\nrules: [rules]\n\norganization:\nenrichment:\n")
        return tmp_path

    def test_warnings_are_few_and_have_their_place(self, run, doubtful):
        told = run("check", config=doubtful / "casbd.yaml", errors=True).replace(f"{doubtful}/", "").splitlines()
        assert told == [
            "casbd.yaml:5:1: warning: without IP ranges (enrichment.ip_ranges) little is known of ip_category and ip_tags:"
            " 7 policies look there (office-0, office-1, office-2, office-3, office-4 and 2 more)",
            "casbd.yaml:4:1: warning: without user groups (organization.user_groups) little is known of user_groups:"
            " 1 policy looks there (board)",
            "casbd.yaml:1:1: warning: this version sends no e-mail or SMS, alerts go to the outputs: 1 policy asks for it (board)",
            "rules/logon.yaml:2:31: warning: `activity_type` can be no `Logon`, so `eq` never holds for it (did you mean `Log on`?)",
            "casbd.yaml: no mistakes (policies: 9, inputs: 0, outputs: 0, connectors: 0)",
        ]

    def test_what_was_read_may_have_had_any_app(self, run, tmp_path):
        """An export of Defender for Cloud Apps names whatever app it likes."""
        (tmp_path / "rules").mkdir()
        (tmp_path / "rules" / "box.yaml").write_text("name: x\nfilters: {app: {eq: Trello}}\n")
        (tmp_path / "casbd.yaml").write_text("state_dir: core/state\nrules: [rules]\ninputs: [{name: m365, path: /x}]\n")
        assert len(lines(run("check", "--json", config=tmp_path / "casbd.yaml"))) == 1
        core = Core(tmp_path / "core", settings=settings({}))
        one = chunk([record()])
        core.feed(msgspec.structs.replace(one, position=msgspec.structs.replace(one.position, format="mdca")))
        core.close()
        assert run("check", "--json", config=tmp_path / "casbd.yaml") == ""

    def test_warnings_for_programs(self, run, doubtful):
        told = lines(run("check", "--json", config=doubtful / "casbd.yaml"))
        assert {one["severity"] for one in told} == {"warning"}
        assert all(set(one) == {"file", "line", "column", "message", "hint", "severity"} for one in told)
        assert len(told) == 4

    def test_what_is_configured_or_mapped_is_not_lacking(self, run, doubtful):
        (doubtful / "ranges.yaml").write_text("ranges: [{name: o, subnets: [203.0.113.0/24], category: Corporate}]\n")
        (doubtful / "casbd.yaml").write_text(
            "state_dir: state\nrules: [rules]\nenrichment: {ip_ranges: ranges.yaml}\n"
            "inputs: [{name: own, path: /x, format: json, mapping: {timestamp: t, user_groups: g, activity_type: a}}]\n"
        )
        assert [one["message"][:12] for one in lines(run("check", "--json", config=doubtful / "casbd.yaml"))] == ["this version"]

    def test_a_broken_configuration(self, run, tmp_path):
        (tmp_path / "casbd.yaml").write_text("rulez: []\n")
        assert "casbd.yaml:1:1: unknown key `rulez`" in run("check", config=tmp_path / "casbd.yaml", code=1)
        assert "unknown key" in run("run", "--once", config=tmp_path / "casbd.yaml", code=78)


class TestExitCodes:
    @pytest.mark.parametrize(
        "arguments", [["status"], ["activities", "search"], ["alerts", "list"], ["rejects", "list"], ["governance", "list"]]
    )
    def test_no_store_yet(self, run, tmp_path, arguments):
        (tmp_path / "casbd.yaml").write_text("state_dir: state\n")
        assert "no activity log yet" in run(*arguments, config=tmp_path / "casbd.yaml", code=1)

    def test_a_damaged_store(self, run, tmp_path):
        (tmp_path / "casbd.yaml").write_text("state_dir: .\n")
        (tmp_path / FILE).write_bytes(b"nonsense " * 1000)
        assert "not a database" in run("alerts", "list", config=tmp_path / "casbd.yaml", code=1)

    def test_no_such_command(self, run):
        run("nonsense", code=2)
        run("activities", "nonsense", code=2)

    def test_another_daemon(self, run, tmp_path):
        (tmp_path / "casbd.yaml").write_text("state_dir: core/state\n")
        core = Core(tmp_path / "core")
        assert "another casbd runs on" in run("run", "--once", config=tmp_path / "casbd.yaml", code=75)
        core.close()


def commands(group, path=()):
    from click import Context, Group

    with Context(group) as context:
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            yield (*path, name), command
            if isinstance(command, Group):
                yield from commands(command, (*path, name))


class TestTables:
    @pytest.mark.parametrize("width", [60, 80, 100, 160])
    @pytest.mark.parametrize("arguments", [("alerts", "list"), ("activities", "search"), ("status",), ("governance", "list")], ids=" ".join)
    def test_fit_the_terminal_and_keep_times_and_ids_whole(self, run, monkeypatch, arguments, width):
        monkeypatch.setenv("COLUMNS", str(width))
        text = run(*arguments)
        assert max(map(len, text.splitlines())) <= width
        if arguments != ("status",) and width >= 80:
            assert "2026-01-01 12:0" in text

    def test_a_narrow_terminal_does_without_what_matters_least(self, run, monkeypatch):
        monkeypatch.setenv("COLUMNS", "80")
        head = run("alerts", "list").splitlines()[0].split()
        assert "severity" in head
        assert "country" not in head

    def test_what_is_left_out_is_told_with_a_way_to_see_it(self, run, monkeypatch):
        monkeypatch.setenv("COLUMNS", "80")
        told = "casbd: a wider terminal or --json shows app, country, activities, status too\n"
        assert run("alerts", "list", errors=True).startswith(told)
        assert run("activities", "search", errors=True).startswith("casbd: --columns, --json or a wider terminal shows ")
        monkeypatch.setenv("COLUMNS", "200")
        assert "wider" not in run("alerts", "list", errors=True)

    def test_an_address_of_22_letters_stays_whole(self, run, monkeypatch, tmp_path):
        address = "a" * 10 + "@contoso.com"
        (tmp_path / "casbd.yaml").write_text("state_dir: core/state\n")
        core = Core(tmp_path / "core", settings=settings({}))
        core.feed_records(record(UserId=address, Operation="New-InboxRule", Workload="Exchange", ObjectId="contoso.com/Users/" + "x" * 90))
        core.close()
        monkeypatch.setenv("COLUMNS", "160")
        assert address in run("activities", "search", config=tmp_path / "casbd.yaml")

    def test_of_nothing_says_so_but_not_to_programs(self, run):
        assert "(none)" in run("alerts", "list", "--user", "nobody", errors=True)
        assert "(none)" not in run("alerts", "list", "--user", "nobody")
        assert run("alerts", "list", "--user", "nobody", "--json", errors=True) == ""


class TestBeginningOfAnAlertId:
    def test_is_enough(self, run):
        (first, *_) = lines(run("alerts", "list", "--json"))
        assert lines(run("alerts", "show", first["alert_id"][:12], "--json")) == [first]
        assert first["alert_id"][:12] in run("alerts", "list")

    def test_of_several_or_none(self, run):
        ids = [one["alert_id"] for one in lines(run("alerts", "list", "--json"))]
        shared = next(letter for letter in "0123456789abcdef" if sum(name.startswith(letter) for name in ids) != 1)
        run("alerts", "show", shared, code=1)
        run("alerts", "show", "", code=1)


def test_search_says_when_it_stops_at_the_limit(run):
    assert "(--limit 0 is all)" in run("activities", "search", "--limit", "2", errors=True)
    assert "(--limit 0 is all)" not in run("activities", "search", "--limit", "0", errors=True)


class TestHelp:
    def test_lists_every_command(self, run):
        text = run("--help")
        for (name, *_), _ in commands(cli.casbd):
            assert f"\n  {name} " in text

    @pytest.mark.parametrize("path", [path for path, _ in commands(cli.casbd)], ids=" ".join)
    def test_every_command_says_what_it_does(self, run, path):
        command = dict(commands(cli.casbd))[path]
        assert command.help
        text = " ".join(run(*path, "--help").split())
        assert " ".join(command.help.split("\n\n")[0].split())[:60] in text

    def test_version(self, run):
        from casbd import __version__

        assert __version__ in run("--version")


@pytest.mark.parametrize(
    "arguments", [["activities", "search", "--json", "--limit", "0"], ["activities", "search", "--limit", "0"], ["--help"]]
)
def test_a_reader_that_goes_away_is_no_error(place, arguments):
    """`casbd ... | head -1`, in a process of its own."""
    core = Core(place / "many")
    core.feed_records(*(record(at=n) for n in range(700)))
    core.close()
    (place / "many.yaml").write_text("state_dir: many/state\n")
    process = subprocess.Popen(
        [sys.executable, "-c", "from casbd.cli import main; main()", "-c", str(place / "many.yaml"), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    process.stdout.readline()
    process.stdout.close()
    error = process.stderr.read()
    process.stderr.close()
    assert process.wait() == 0
    assert error == b""


class TestInputs:
    @pytest.fixture
    def files(self, tmp_path):
        (tmp_path / "m365.json").write_bytes(b"[" + b",".join(record(Id=f"r-{n}", UserAgent="Mozilla/5.0") for n in range(5)) + b"]")
        own = {"ts": 1767268800, "who": {"email": "anna@contoso.com"}, "what": "file.read", "evil\x1b[31m": "x\x1b[31m"}
        (tmp_path / "own.json").write_text(json.dumps(own) + "\n")
        (tmp_path / "rest.log").write_text("Jan  1 12:00:00 host sshd[1]: x\n")
        (tmp_path / "empty").touch()
        return tmp_path

    def test_detect(self, run, files):
        (told,) = lines(run("inputs", "detect", str(files / "m365.json"), "--json"))
        assert (told["format"], told["sure"], told["container"], told["records"]) == ("m365", 1.0, "json", 5)
        assert "100%" in run("inputs", "detect", str(files / "m365.json"))

    @pytest.mark.parametrize(
        ("name", "why"), [("own.json", "no format claims"), ("rest.log", "no "), ("empty", "no whole record"), ("gone", "No such file")]
    )
    def test_detect_what_nobody_knows(self, run, files, name, why):
        assert why in run("inputs", "detect", str(files / "m365.json"), str(files / name), code=1)

    def test_try_tells_what_records_become(self, run, files):
        text = run("inputs", "try", str(files / "m365.json"), "--limit", "2", errors=True)
        assert text.count("Failed log on") == 2
        assert "raw.Workload" in text
        assert "raw.UserAgent" not in text  # which is a field's value
        assert "5 records at the beginning of the file: 5 activities, 0 rejects" in text
        assert found(run("inputs", "try", str(files / "m365.json"), "--json")) == ["r-0", "r-1", "r-2"]

    def test_try_another_format_tells_why_not(self, run, files):
        assert "5 rejects: not a" in run("inputs", "try", str(files / "m365.json"), "--format", "okta", code=1)
        assert "did you mean `okta`" in run("inputs", "try", str(files / "m365.json"), "--format", "otka", code=2)

    def test_what_it_suggests_can_be_configured(self, run, files):
        suggested = run("inputs", "try", str(files / "own.json"), code=1)
        assert "\x1b" not in suggested
        (files / "casbd.yaml").write_text("state_dir: state\n" + suggested[suggested.index("inputs:") :])
        assert run("check", config=files / "casbd.yaml", errors=True)
        (told,) = lines(run("inputs", "try", str(files / "own.json"), "--input", "own", "--json", config=files / "casbd.yaml"))
        assert (told["user"], told["action_type"], told["timestamp"]) == ("anna@contoso.com", "file.read", "2026-01-01T12:00:00.000Z")
        assert "there is no input `x`" in run("inputs", "try", str(files / "own.json"), "--input", "x", config=files / "casbd.yaml", code=2)

    def test_what_it_suggests_for_a_table(self, run, files):
        (files / "own.csv").write_text("Event DateTime;User Name\n2026-01-31T12:00:00Z;anna\n")
        suggested = run("inputs", "try", str(files / "own.csv"), "--format", "csv", code=1)
        assert 'format: csv\n    mapping:\n      timestamp: "Event DateTime"\n      user: "User Name"' in suggested
        (files / "casbd.yaml").write_text("state_dir: state\n" + suggested[suggested.index("inputs:") :])
        (told,) = lines(run("inputs", "try", str(files / "own.csv"), "--input", "own", "--json", config=files / "casbd.yaml"))
        assert (told["user"], told["timestamp"]) == ("anna", "2026-01-31T12:00:00.000Z")

    def test_try_what_the_azure_portal_exports(self, run, files):
        row = '"1/31/2026, 12:00:00.123 PM",SharePoint,FileDownloaded,anna@contoso.com,"192.168.22.33, 81.2.69.160"," ","\t"\n'
        columns = "TimeGenerated [UTC],OfficeWorkload,Operation,UserId,ClientIP,OfficeObjectId,UserKey\n"
        (files / "office.csv").write_text(columns + row)
        (told,) = lines(run("inputs", "try", str(files / "office.csv"), "--json"))
        assert (told["timestamp"], told["ip_address"], told["result"]) == ("2026-01-31T12:00:00.123Z", "81.2.69.160", "success")
        assert (told["objects"], told["object_name"], told["user_id"]) == ([], None, None)

    def test_try_leaves_blanks_out_as_the_daemon_does(self, run, files):
        sign_on = {"uuid": "u", "published": "2026-01-01T00:00:00Z", "eventType": "user.session.start", "actor": {"id": "x"}}
        target = [{"id": " ", "displayName": "\u00a0", "type": "AppInstance"}]
        (files / "okta.json").write_text(json.dumps(sign_on | {"target": target, "client": {"userAgent": {"rawUserAgent": " "}}}) + "\n")
        (told,) = lines(run("inputs", "try", str(files / "okta.json"), "--json"))
        assert (told["objects"], told["object_name"], told["user_agent"]) == ([], None, None)

    def test_try_what_has_no_time(self, run, files):
        assert "nothing was found" in run("inputs", "try", str(files / "rest.log"), code=1)
        assert "No such file" in run("inputs", "try", str(files / "gone"), code=75)

    def test_formats(self, run):
        known = [one["format"] for one in lines(run("inputs", "formats", "--json"))]
        assert known == list(registry.names("formats"))
        readme = (Path(__file__).parents[2] / "README.md").read_text()
        assert [name for name in known if f"`{name}`" not in readme.partition("## Formats")[2]] == []
        assert "What it cannot know" in run("inputs", "formats", "okta")
        assert "did you mean `okta`" in run("inputs", "formats", "otka", code=2)
