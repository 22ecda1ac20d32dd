"""What a command loads before it answers: most of its time. Each is run in a Python of its own."""

import subprocess
import sys

import pytest

HEAVY = {"duckdb", "httpx", "maxminddb", "multiprocessing", "prometheus_client", "pyarrow", "pydantic", "re2", "rich", "sigma", "watchdog"}
"""What takes 2 to 100 milliseconds to load. A new one that is as heavy belongs here."""
ALWAYS = "import sys; from casbd.__main__ import main\ntry: main()\nfinally: print(*sys.modules, file=sys.stderr)"


@pytest.mark.parametrize(
    ("command", "may"),
    [
        ("--version", ""),
        ("status --json", ""),
        ("status", "rich"),
        ("alerts list --json", ""),
        ("audit list --json", ""),
        ("rejects list --json", ""),
        ("governance list --json", ""),
        ("activities search --json", "re2"),
        ("activities search", "re2 rich"),
        ("policies list --json", "maxminddb multiprocessing pydantic re2"),
        ("run --once", "maxminddb multiprocessing pydantic re2"),
    ],
)
def test_a_command_loads_what_it_needs(place, command, may):
    ended = subprocess.run([sys.executable, "-c", ALWAYS, "-c", place / "casbd.yaml", *command.split()], capture_output=True, text=True)
    assert ended.returncode in (0, 1), ended.stderr
    loaded = {*ended.stderr.splitlines()[-1].split()}
    assert "click" in loaded
    assert loaded & HEAVY <= {*may.split()}
