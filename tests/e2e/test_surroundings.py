"""However casbd is started: nothing of the directory where it is started is run, and closed streams are no one else's files."""

import os
import subprocess
import sys
from pathlib import Path

import m365_records
import pytest

PROGRAM = Path(sys.executable).with_name("casbd")
MODULES = ("multiprocessing", "msgspec", "pickle", "json", "sitecustomize", "yaml", "casbd")


@pytest.mark.skipif(not PROGRAM.exists(), reason="casbd is not installed as a program")
def test_no_module_of_the_current_directory_is_loaded(make_site, tmp_path):
    """Worker processes are started with `python -c`, which looks there first."""
    site = make_site()
    site.configure(workers=2)
    site.write("audit.ndjson", m365_records.lines(20))
    there = tmp_path / "there"
    there.mkdir()
    for module in MODULES:
        (there / f"{module}.py").write_text(f"open({str(tmp_path / f'ran-{module}')!r}, 'w').close()\n")

    environment = {"PATH": os.environ["PATH"]}
    command = [PROGRAM, "-c", site.configuration, "run", "--once"]
    finished = subprocess.run(command, cwd=there, env=environment, capture_output=True, timeout=120, check=False)

    assert [path.name for path in tmp_path.glob("ran-*")] == []
    assert finished.returncode == 0, finished.stderr


@pytest.mark.parametrize("arguments", [["status"], ["status", "--json"], ["alerts", "list"]])
def test_a_closed_standard_output_is_told(site, arguments):
    site.write("audit.ndjson", m365_records.lines(20))
    site.once()
    finished = site.closing(">&-", *arguments)
    assert (finished.returncode, finished.stderr.splitlines()) == (75, ["casbd: [Errno 9] Bad file descriptor"])


def test_no_file_gets_the_number_of_a_closed_stream(make_site):
    """What is written to standard error went into it."""
    site = make_site()
    site.write("audit.ndjson", m365_records.lines(20))
    assert site.closing("<&- >&- 2>&-", "run", "--once").returncode == 0
    assert site.records() == 20
