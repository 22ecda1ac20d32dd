"""The commands on a prepared store: what they print for people and for programs, and their exit codes."""

import json
import os
import subprocess
import sys

import msgspec
import pytest
from builders import Core, chunk, record, settings

from casbd import cli
from casbd.store.database import FILE

HOSTILE = "evil\x1b[31m\x07\x9b2J\u202e\u2028\r\n@contoso.com"


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


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
            "casbd.yaml:1:1: warning: e-mail goes out only with the section `mail`: 1 policy asks for it (board)",
            "rules/logon.yaml:2:31: warning: `activity_type` can be no `Logon`, so `eq` never holds for it (did you mean `Log on`?)",
            "casbd.yaml: no mistakes (policies: 9, inputs: 0, outputs: 0, connectors: 0)",
        ]

    def test_it_says_what_presets_come_to(self, run, tmp_path):
        outputs = "[{name: siem, type: syslog, host: h, preset: mcas, framing: octet-counting}, {name: file, type: file, path: x}]"
        (tmp_path / "casbd.yaml").write_text(f"state_dir: state\noutputs: {outputs}\n")
        told = run("check", config=tmp_path / "casbd.yaml", errors=True).splitlines()
        assert [line for line in told if line.startswith("output ")] == [
            "output siem: preset mcas: format cef, profile mcas, names substitute, rfc 3164, timestamp rfc3339, framing octet-counting,"
            " max_message_bytes 8000"
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
        assert [one["message"][:12] for one in lines(run("check", "--json", config=doubtful / "casbd.yaml"))] == ["e-mail goes "]

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
        assert "status" not in head

    def test_what_is_left_out_is_told_with_a_way_to_see_it(self, run, monkeypatch):
        monkeypatch.setenv("COLUMNS", "80")
        told = "casbd: a wider terminal or --json shows risk, from, incident, status too\n"
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
    core.feed_records(*(record(at=n) for n in range(1200)))
    core.close()
    (place / "many.yaml").write_text("state_dir: many/state\n")
    process = subprocess.Popen(
        [sys.executable, "-c", "from casbd.cli import main; main()", "-c", str(place / "many.yaml"), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"COLUMNS": "160"},  # in narrow columns a pipe may hold it all, and nobody notices its closed end
    )
    process.stdout.readline()
    process.stdout.close()
    try:
        _, error = process.communicate(timeout=120)
    finally:
        process.kill()
    assert (process.returncode, error) == (0, b"")
