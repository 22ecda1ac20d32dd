"""A real syslog-ng: a package that is installed, or what `tests/get_syslog_ng` unpacked beside rsyslog."""

import os
import select
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

LONG_ENOUGH = 20.0
UNPACKED = Path(sys.prefix) / "syslog-ng"
TEMPLATES = {"raw": "${RAWMSG}", "agent": "<${PRI}>${DATE} ${HOST} ${MSGHDR}${MSG}", "time": "${S_UNIXTIME}"}
"""As it came, as the Azure Monitor Agent has it forwarded, and when it was, which SC4S takes for the event's time."""


def program() -> tuple[Path, dict[str, str], Path] | None:
    """The binary, its environment, and where its modules are; None where there is none."""
    if found := shutil.which("syslog-ng", path="/usr/sbin:/usr/bin"):
        return Path(found), {**os.environ}, next(Path("/usr/lib/syslog-ng").glob("[0-9]*"))
    binary = UNPACKED / "usr/sbin/syslog-ng"
    if not binary.exists():
        return None
    libraries = {library.parent for library in UNPACKED.rglob("lib*.so.*")}
    return binary, {**os.environ, "LD_LIBRARY_PATH": ":".join(map(str, libraries))}, next((UNPACKED / "usr/lib/syslog-ng").glob("[0-9]*"))


class SyslogNg:
    """Takes TCP at `port` and writes what it makes of each message into a file for each template."""

    def __init__(self, folder: Path, port: int) -> None:
        found = program()
        if found is None:
            pytest.skip("syslog-ng is not there (tests/get_syslog_ng)")
        binary, environment, modules = found
        self.port, self.folder = port, folder
        files = "".join(
            f'destination {name} {{ file("{folder}/{name}" template("{template}\\n") frac-digits({3 * (name == "time")})); }};\n'
            f"log {{ source(in); destination({name}); }};\n"
            for name, template in TEMPLATES.items()
        )
        (folder / "syslog-ng.conf").write_text(
            f"""@version: 3.35
            options {{ keep-hostname(yes); log-msg-size(65536); stats-freq(0); }};
            source in {{ network(ip("127.0.0.1") port({port}) transport("tcp") flags(store-raw-message)); }};
            {files}"""
        )
        state = [f"--persist-file={folder}/persist", f"--pidfile={folder}/pid", f"--control={folder}/control", "--no-caps"]
        command = [str(binary), "-F", f"--cfgfile={folder}/syslog-ng.conf", f"--module-path={modules}", *state]
        with (folder / "log").open("wb") as log:
            self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        self._wait()

    def lines(self, template: str, number: int) -> list[str]:
        """So many, or those that came in time."""
        return lines_of(self.folder / template, number)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(LONG_ENOUGH)

    def _wait(self) -> None:
        deadline = time.monotonic() + LONG_ENOUGH
        while time.monotonic() < deadline and self.process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            select.select([], [], [], 0.02)
        pytest.fail(f"syslog-ng does not start: {(self.folder / 'log').read_text()}")


def lines_of(path: Path, number: int) -> list[str]:
    """So many lines of a file that grows, or those that came in time."""
    deadline, lines = time.monotonic() + LONG_ENOUGH, []
    while len(lines) < number and time.monotonic() < deadline:
        select.select([], [], [], 0.05)
        lines = path.read_text().split("\n")[:-1] if path.exists() else []
    return lines
