"""`casbd inputs`."""

import json
from pathlib import Path

import pytest
from builders import record

from casbd.plugins import registry


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def found(text):
    return [one["activity_id"] for one in lines(text)]


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
        readme = (Path(__file__).parents[3] / "README.md").read_text()
        assert [name for name in known if f"`{name}`" not in readme.partition("## Formats")[2]] == []
        assert "What it cannot know" in run("inputs", "formats", "okta")
        assert "did you mean `okta`" in run("inputs", "formats", "otka", code=2)
