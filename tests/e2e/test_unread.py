"""What was not read is said: by `run --once` with its exit code, by the daemon's log and by `casbd status`."""

import gzip
import json
import os
import pty
import re
import subprocess
import zipfile
from pathlib import Path

import m365_records
import pytest
from running import CASBD, PATIENCE, ids, wait_until

LINES = m365_records.lines(40)


@pytest.fixture
def auto(make_site):
    """A site whose input may hold anything."""
    site = make_site()
    site.configure(inputs=[{"name": "all", "path": f"{site.inputs}/*", "format": "auto"}])
    return site


@pytest.mark.parametrize(
    ("name", "content", "code", "why"),
    [
        ("unknown.json", b'{"hello":1}\n' * 40, 1, "`casbd inputs try FILE`"),
        ("cr.csv", b'"CreationDate","AuditData"\r"2026-11-20","x"\r', 1, "no format claims"),
        ("text.log", b"Hello world.", 75, "no record can be cut from it"),
        ("torn.json", b"\n".join(LINES[:3])[:-20], 75, "its last record is not whole"),
        ("half.gz", gzip.compress(b"\n".join(LINES))[:-100], 75, "not yet whole"),
        ("rar.rar", b"Rar!\x1a\x07\1\0", 1, "a RAR archive"),
        ("whole.json", b"\n".join(LINES), 0, ""),
        ("empty.json", b"", 0, ""),
    ],
)
def test_run_once_says_what_it_did_not_read(auto, name, content, code, why):
    (auto.inputs / name).write_bytes(content)
    told = auto.once(code=code).err
    assert (f"not read: {auto.inputs / name}" in told) == bool(code)
    assert why in told
    unread = auto.status()["unread"]
    assert [one["path"] for one in unread] == ([str(auto.inputs / name)] if code else [])
    assert ("Not read: " in auto.run("status").out) == bool(code)


def test_somebody_must_look_weighs_more_than_try_again(auto):
    (auto.inputs / "rar.rar").write_bytes(b"Rar!\x1a\x07\1\0")
    (auto.inputs / "torn.json").write_bytes(b"\n".join(LINES[:3])[:-20])
    told = auto.once(code=1).err
    assert "rar.rar" in told
    assert "torn.json" in told
    assert auto.counts()["records"] == 2


def test_a_file_of_which_everything_is_rejected(make_site):
    site = make_site()
    site.write("wrong.json", [b'{"CreationTime": "nonsense", "Operation": "x"}'] * 5)
    site.write("right.json", [*LINES, b"{"])
    told = site.once(code=1).err
    assert "wrong.json" in told
    assert "none of its records could be read" in told
    assert "6 records of input m365 could not be read (see `casbd rejects list`)" in told
    assert "right.json" not in told


def test_a_name_cannot_command_the_terminal(auto):
    (auto.inputs / "\x1b[31mred\nnot read: x").write_bytes(b"hello\n")
    told = auto.once(code=1).err
    assert "\x1b" not in told
    assert len(told.splitlines()) == 1


def test_a_rest_that_was_moved_away_while_casbd_was_down(site):
    log = site.write("audit.log", LINES[:10])
    site.once()
    site.write("audit.log", LINES[10:20])
    (site.directory / "archive").mkdir()
    log.rename(site.directory / "archive/audit.log.1")
    site.write("audit.log", LINES[20:30])
    told = site.once(code=1).err
    assert "archive/audit.log.1 before it was read to its end" in told
    assert f"{sum(len(line) + 1 for line in LINES[10:20]):,} bytes" in told
    assert site.counts()["records"] == 20
    (site.directory / "archive/audit.log.1").rename(site.inputs / "audit.log.1")
    assert site.once().err == ""
    assert site.counts()["records"] == 30


def test_what_is_gone_for_good_is_told_once(site):
    log = site.write("audit.log", LINES[:10])
    log.write_bytes(log.read_bytes() + LINES[10][:50])
    site.once(code=75)
    log.unlink()
    assert "it was gone before it was read to its end" in site.once(code=1).err
    assert site.once().err == ""


def test_an_input_that_has_never_had_a_file(make_site):
    site = make_site()
    assert f"{site.inputs}/*: no file matches" in site.once(code=75).err
    site.configure(inputs=[{"name": "m365", "path": f"{site.inputs}/nowhere/*", "format": "m365"}])
    assert "there is no such directory" in site.once(code=1).err


def test_files_that_casbd_writes_itself_are_no_news(make_site):
    site = make_site()
    site.configure(state_dir=str(site.inputs))
    site.write("log", LINES)
    site.once()
    site.once()
    assert site.status()["unread"] == []


def test_no_link_into_the_state_is_followed_whatever_the_configuration_says(make_site):
    site = make_site()
    site.configure(inputs=[{"name": "m365", "path": f"{site.inputs}/*", "format": "m365", "follow_links": True}])
    site.once(code=75)
    for place in ("state", "elsewhere"):
        (site.directory / place).mkdir(exist_ok=True)
        (site.directory / place / "log").write_bytes(LINES[place == "state"] + b"\n")
        (site.inputs / place).symlink_to(site.directory / place / "log")
    site.once(code=1)
    assert (site.records(), [Path(one["path"]).name for one in site.status()["unread"]]) == (1, ["state"])


def test_the_daemon_warns_once_and_the_status_shows_it(auto):
    daemon = auto.start()
    (auto.inputs / "unknown.json").write_bytes(b'{"hello":1}\n' * 40)
    wait_until(lambda: auto.status()["unread"], tell=auto.log)
    auto.write("good.json", LINES)
    auto.wait_for_records(40)
    (auto.inputs / "parquet").write_bytes(b"PAR1....")
    wait_until(lambda: len(auto.status()["unread"]) == 2, tell=auto.log)
    warned = [one for line in auto.log().splitlines() if (one := json.loads(line))["message"] == "not read" and one["level"] == "WARNING"]
    assert [one["path"].rpartition("/")[2] for one in warned] == ["unknown.json", "parquet"]
    assert all(one["advice"] for one in warned)
    (auto.inputs / "unknown.json").unlink()
    (auto.inputs / "parquet").unlink()
    wait_until(lambda: not auto.status()["unread"], tell=auto.log)
    assert daemon.terminate() == 0
    assert auto.status()["inputs"][0]["last_record"] == auto.listed("activities", "search", "--limit", "1")[0]["timestamp"]


def on_a_terminal(site, **environment):
    """What `run --once` writes to a terminal."""
    ours, theirs = pty.openpty()
    command = [*CASBD, "-c", str(site.configuration), "run", "--once"]
    with subprocess.Popen(command, stderr=theirs, stdout=subprocess.DEVNULL, env=os.environ | {"TERM": "xterm"} | environment) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                data = os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
            if not data:
                break
            shown += data
        os.close(ours)
        assert process.wait(PATIENCE) == 0
    return shown.decode()


@pytest.mark.parametrize("environment", [{}, {"NO_COLOR": "1"}])
def test_progress_on_a_terminal(site, environment):
    site.write("log", LINES * 50)
    shown = on_a_terminal(site, **environment)
    assert "2,000 records" in shown
    assert "/s" in shown
    assert "left" in shown
    assert bool(re.search(r"\x1b\[[\d;]*3\d", shown)) != bool(environment)


def test_no_progress_where_nobody_sees_it(site):
    site.write("log", LINES)
    assert site.once().err == ""


def test_the_log_tells_of_files_and_alerts(make_site):
    site = make_site()
    daemon = site.start()
    site.write("log", [m365_records.download(m365_records.USERS[0], m365_records.START, seed=n) for n in range(3)])
    site.wait_for_records(3)
    wait_until(lambda: "file read to its end" in site.log(), tell=site.log)
    assert daemon.terminate() == 0
    events = [one for line in site.log().splitlines() if (one := json.loads(line))["message"].startswith(("file ", "alerts "))]
    assert sorted(one["message"] for one in events) == ["alerts raised", "file read to its end", "file taken up"]
    assert sum(one.get("alerts", 0) for one in events) == 3


def test_archives_are_read_and_told(auto):
    with zipfile.ZipFile(auto.inputs / "export.zip", "w") as archive:
        archive.writestr("a.json", b"\n".join(LINES[:20]))
        archive.writestr("b/c.json.gz", gzip.compress(b"\n".join(LINES[20:])))
        archive.writestr("readme.txt", b"hello\n")
    told = auto.once(code=1).err
    assert "export.zip/readme.txt" in told
    assert auto.activity_ids() == ids(LINES)
    assert {a["input_file"].rpartition("export.zip")[2] for a in auto.listed("activities", "search", "--limit", "0")} == {
        "/a.json",
        "/b/c.json.gz",
    }
