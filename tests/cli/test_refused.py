"""What the system refuses, and what is damaged: a sentence and an exit code, whatever the command."""

import subprocess
import sys
from pathlib import Path

import pytest
from builders import chunk, record

CASBD = [sys.executable, "-m", "casbd"]


@pytest.fixture
def place(tmp_path):
    (tmp_path / "casbd.yaml").write_text("state_dir: state\nrules: []\n")
    return tmp_path


def run(place, *arguments, out=subprocess.PIPE, err=subprocess.PIPE):
    return subprocess.run([*CASBD, "-c", place / "casbd.yaml", *arguments], stdout=out, stderr=err, text=True, check=False, timeout=120)


@pytest.mark.parametrize("arguments", [("--help",), ("policies", "schema"), ("policies", "list", "--json"), ("policies", "templates")])
def test_a_full_disk(place, arguments):
    with Path("/dev/full").open("w") as full:
        done = run(place, *arguments, out=full)
    if arguments != ("policies", "list", "--json"):  # which has nothing to print
        assert (done.returncode, done.stderr) == (75, "casbd: [Errno 28] No space left on device\n")


def test_nowhere_to_say_it(place):
    with Path("/dev/full").open("w") as full:
        assert run(place, "policies", "schema", out=full, err=full).returncode == 75


def test_nobody_reads_on(place):
    with subprocess.Popen([*CASBD, "policies", "schema"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stdout.close()
        assert (process.stderr.read(), process.wait(60)) == ("", 0)


@pytest.mark.parametrize("arguments", ["--help", "policies schema", "policies templates", "inputs formats --json", "queries list"])
def test_a_closed_standard_output(place, arguments):
    script = f'exec "$0" -m casbd -c "$1" {arguments} >&-'
    done = subprocess.run(
        ["sh", "-c", script, sys.executable, place / "casbd.yaml"], capture_output=True, text=True, check=False, timeout=120
    )
    assert (done.returncode, done.stderr.splitlines()[-1:]) == (75, ["casbd: [Errno 9] Bad file descriptor"])


def test_what_is_closed_is_no_file_of_casbds(place, make_core):
    """Else SQLite's file would be standard error, and warnings be written into it."""
    make_core(".").close()
    script = 'exec "$0" -m casbd -c "$1" alerts list --json <&- 2>&-'
    done = subprocess.run(
        ["sh", "-c", script, sys.executable, place / "casbd.yaml"], capture_output=True, text=True, check=False, timeout=120
    )
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("damage", [b"", b"x", b"\x28\xb5\x2f\xfd\x04\x00\x59\x00\x00"])
@pytest.mark.parametrize("arguments", [("activities", "search"), ("activities", "histogram", "--by", "user")])
def test_a_damaged_block(place, make_core, damage, arguments):
    core = make_core(".")
    core.feed(chunk([record()]))
    core.store.connection.execute("UPDATE blocks SET body = ?", (damage,))
    core.close()
    done = run(place, *arguments)
    assert done.returncode == 1
    assert done.stderr.startswith("casbd: block 1 of the activity log is damaged (")
    assert done.stderr.endswith("; `casbd store verify` lists all damage, `casbd store rebuild` makes the log anew\n")
    assert done.stderr.count("\n") == 1


def test_counts_that_cannot_be_read_are_told(place):
    """A policy that never matched, and one of which nobody may know it, look alike."""
    (place / "rules").mkdir()
    (place / "rules" / "one.yaml").write_text("name: One\nfilters: {user: {eq: a}}\n")
    (place / "casbd.yaml").write_text("state_dir: state\nrules: [rules]\n")
    assert run(place, "policies", "list", "--json").stderr == ""
    (place / "state").write_text("no directory")
    done = run(place, "policies", "list", "--json")
    assert (done.returncode, done.stderr) == (
        0,
        f"casbd: how often policies matched is not known: {place}/state/casbd.sqlite: Not a directory\n",
    )
