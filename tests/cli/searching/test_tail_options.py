"""Following the activity log from the command line."""

import json
import os
import select
import signal
import subprocess
import sys

import pytest
from builders import Core, chunk, record, settings


@pytest.mark.parametrize("as_json", [True, False])
def test_tail_follows_until_it_is_interrupted(tmp_path, as_json):
    """A process of its own, beside the one that stores."""
    (tmp_path / "casbd.yaml").write_text("state_dir: core/state\n")
    core = Core(tmp_path / "core", settings=settings({}))
    command = [
        sys.executable,
        "-m",
        "casbd",
        "-c",
        str(tmp_path / "casbd.yaml"),
        "activities",
        "tail",
        "--text",
        "WANTED@",
        *["--json"][:as_json],
    ]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # which is ignored where the tests run in the background
    )
    try:
        number = 0
        while not select.select([process.stdout], [], [], 0.2)[0]:
            number += 1
            assert number < 200, process.stderr.read()
            core.feed(chunk([record(Id=f"{number}", UserId="wanted@contoso.com"), record(Id=f"no-{number}")], path=f"/in/{number}"))
        line = process.stdout.readline().decode()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
        core.close()
    assert (process.returncode, err) == (0, b"")
    assert "no-" not in line
    if as_json:
        assert json.loads(line)["user"] == "wanted@contoso.com"
    else:
        assert line.split("  ")[:4] == ["", "2026-01-01 12:00:00", "wanted@contoso.com", "Failed log on"]
