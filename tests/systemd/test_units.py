"""systemd's own tools judge the unit; no systemd needs to run."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SYSTEMD = Path(__file__).parents[2] / "systemd"
UNIT = SYSTEMD / "casbd.service"


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    if not shutil.which(command[0]):
        pytest.skip(f"{command[0]} is not installed (Debian package systemd)")
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def verify(tmp_path):
    """What `systemd-analyze verify` says of the unit with some lines changed, and a program that is there."""

    def judge(changes: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        text = UNIT.read_text()
        for old, new in ({"/usr/bin/casbd run": f"{sys.executable} run"} | (changes or {})).items():
            assert old in text
            text = text.replace(old, new)
        unit = tmp_path / "casbd.service"
        unit.write_text(text)
        return run("systemd-analyze", "verify", "--man=no", unit)

    return judge


def test_the_unit_has_no_unknown_key_and_no_bad_value(verify):
    done = verify()
    assert (done.returncode, done.stderr) == (0, "")


def test_the_check_would_see_a_misspelt_key(verify):
    assert "Unknown key" in verify({"WatchdogSec=60": "WatchDogSecs=60"}).stderr


def test_the_unit_is_hardened():
    done = run("systemd-analyze", "security", "--offline=true", "--threshold=20", UNIT)
    assert done.returncode == 0, done.stdout


def test_the_user_is_made(tmp_path):
    """In a file system of its own."""
    (tmp_path / "etc").mkdir()
    done = run("systemd-sysusers", f"--root={tmp_path}", SYSTEMD / "casbd.sysusers.conf")
    assert done.returncode == 0, done.stderr
    [line] = [line for line in (tmp_path / "etc" / "passwd").read_text().splitlines() if line.startswith("casbd:")]
    assert line.split(":")[5] == "/var/lib/casbd"


def rows(name):
    return [line.split() for line in (SYSTEMD / name).read_text().splitlines() if line and not line.startswith("#")]


def test_exporters_have_a_group_of_their_own_which_reads_nothing_of_casbds():
    modes = {row[1]: row[2:5] for row in rows("casbd.tmpfiles.conf")}
    assert modes["/var/spool/casbd"] == ["0750", "root", "casbd-spool"], "nobody but root puts a link in the place of a directory"
    assert modes["/var/spool/casbd/m365"] == ["2770", "root", "casbd-spool"]
    assert [path for path, (_, _, group) in modes.items() if group == "casbd-spool" and not path.startswith("/var/spool")] == []
    assert ["m", "casbd", "casbd-spool"] in rows("casbd.sysusers.conf")
    assert "\nSupplementaryGroups=casbd-spool\n" in UNIT.read_text()


@pytest.mark.parametrize("limit", ["MemoryMax", "TasksMax", "LimitCORE", "OOMPolicy"])
def test_what_casbd_may_take_of_the_host_is_limited(limit):
    assert f"\n{limit}=" in UNIT.read_text()


def test_what_casbd_keeps_is_not_for_everybody():
    text = UNIT.read_text()
    modes = dict(re.findall(r"^(\w+DirectoryMode|UMask)=(\d+)$", text, re.MULTILINE))
    assert len(modes) == text.count("Directory=") + 1
    assert not any(int(mode, 8) & 0o007 for name, mode in modes.items() if name != "UMask")
    assert int(modes["UMask"], 8) & 0o007 == 0o007
