"""Whatever stands in the directory where casbd is started, nothing of it is run."""

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
