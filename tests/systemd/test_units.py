"""systemd's own tools judge the unit; no systemd needs to run."""

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


def test_what_the_spools_group_is():
    rows = [line.split() for line in (SYSTEMD / "casbd.tmpfiles.conf").read_text().splitlines() if not line.startswith("#")]
    spool = next(row for row in rows if row[1] == "/var/spool/casbd")
    assert spool[2:5] == ["2770", "root", "casbd"]
