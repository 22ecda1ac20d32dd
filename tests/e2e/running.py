"""Real casbd processes for tests: a directory with configuration, rules and inputs, and commands run on it.

Nothing outlives its test: `Site.close` kills whatever still runs.
"""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from itertools import count
from pathlib import Path
from typing import Any

import m365_records

from casbd.errors import StoreError
from casbd.store.database import Store
from casbd.store.state import input_progress

CASBD = [sys.executable, "-P", "-m", "casbd"]
"""What is installed: without -P it would be the directory that the tests are started in, where nothing is compiled."""
PATIENCE = 30.0
"""Seconds until something that should happen at once is taken for a hang; other programs may be busy."""

FAILED_LOG_ONS = """\
name: Failed log ons
severity: medium
filters:
  activity_type: {eq: Failed log on}
match: {repeated: 10, within: 5m, by: user}
"""
DOWNLOADS = "name: Downloads\nseverity: low\nfilters:\n  activity_type: {eq: Download file}\n"
"""Raises an alert for every single download."""

_numbers = count()


class Notifications:
    """The other end of NOTIFY_SOCKET."""

    def __init__(self) -> None:
        self.address = f"@casbd-test-{os.getpid()}-{next(_numbers)}"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + self.address[1:])
        self.seen: list[str] = []

    def wait_for(self, line: str, *, times: int = 1, within: float = PATIENCE) -> None:
        """Until a message has had this line so many times since the beginning."""
        deadline = time.monotonic() + within
        while sum(line in message.split("\n") for message in self.seen) < times:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._socket], [], [], left)[0]:
                raise TimeoutError(f"no {line} within {within} s; came: {self.seen}")
            self.seen.append(self._socket.recv(65536).decode())

    def close(self) -> None:
        self._socket.close()


class Daemon:
    """A running `casbd run`."""

    def __init__(self, site: "Site", environment: dict[str, str]) -> None:
        self.notifications = Notifications()
        self._site = site
        environment = os.environ | {"NOTIFY_SOCKET": self.notifications.address} | environment
        with (site.directory / "daemon.log").open("ab") as log:
            self.process = subprocess.Popen([*CASBD, "-c", site.configuration, "run"], stdout=log, stderr=log, env=environment)

    def ready(self) -> "Daemon":
        """Wait until it says so."""
        try:
            self.notifications.wait_for("READY=1")
        except TimeoutError as error:
            raise AssertionError(f"{error}\n{self._site.log()}") from None
        return self

    def kill(self) -> None:
        """As the out-of-memory killer does."""
        self.process.kill()
        self.process.wait()
        self.notifications.close()

    def terminate(self) -> int:
        """As systemd does; the exit code."""
        self.process.terminate()
        code = self.process.wait(PATIENCE)
        self.notifications.close()
        return code

    def hang_up(self) -> None:
        """Ask for a reload."""
        self.process.send_signal(signal.SIGHUP)


class Finished:
    """A command that has ended. peak: its largest resident set in bytes; seconds: of CPU, its children included."""

    def __init__(self, code: int, out: str, err: str, usage: Any, peak: int) -> None:
        self.code, self.out, self.err, self.peak = code, out, err, peak
        self.seconds = usage.ru_utime + usage.ru_stime


class Site:
    """A place where casbd runs. sections: of casbd.yaml, beside what every site has; `outputs` is a file unless given."""

    def __init__(self, directory: Path, rules: dict[str, str] | None = None, **sections: Any) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self.inputs = directory / "in"
        self.inputs.mkdir(exist_ok=True)
        self.alerts_file = directory / "alerts.cef"
        self.configuration = directory / "casbd.yaml"
        self._started: list[Daemon] = []
        for name, text in (rules if rules is not None else {"failed-log-ons": FAILED_LOG_ONS, "downloads": DOWNLOADS}).items():
            self.rule(name, text)
        self.configure(**sections)

    def configure(self, **sections: Any) -> None:
        """(Re)write casbd.yaml; JSON is YAML."""
        own = {
            "state_dir": "state",
            "rules": ["rules"],
            "inputs": [{"name": "m365", "path": f"{self.inputs}/*", "format": "m365", "instance": "contoso"}],
            "outputs": [{"name": "file", "type": "file", "path": str(self.alerts_file)}],
        }
        (self.directory / "rules").mkdir(exist_ok=True)
        new = self.directory / "casbd.new"
        new.write_text(json.dumps(own | sections, indent=1))
        new.rename(self.configuration)

    def rule(self, name: str, text: str) -> None:
        """Write a rule file, as an editor does: the whole file at once."""
        (self.directory / "rules").mkdir(exist_ok=True)
        new = self.directory / f"{name}.new"
        new.write_text(text)
        new.rename(self.directory / "rules" / f"{name}.yaml")

    def start(self, **environment: str) -> Daemon:
        """Start the daemon and wait until it is ready."""
        return self.launch(**environment).ready()

    def launch(self, **environment: str) -> Daemon:
        """Start the daemon."""
        daemon = Daemon(self, environment)
        self._started.append(daemon)
        return daemon

    def run(self, *arguments: str, within: float = 300) -> Finished:
        """Run a command to its end."""
        return run_to_end([*CASBD, "-c", str(self.configuration), *arguments], self.directory, within)

    def closing(self, streams: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command with some of its standard streams closed: `>&-`."""
        command = ["sh", "-c", f'exec "$@" {streams}', "sh", *CASBD, "-c", str(self.configuration), *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)

    def once(self, *, code: int = 0) -> Finished:
        """`casbd run --once`, which must end with this exit code."""
        finished = self.run("run", "--once")
        assert finished.code == code, finished.err[-3000:]
        return finished

    def listed(self, *arguments: str) -> list[dict[str, Any]]:
        """What a command prints with --json."""
        finished = self.run(*arguments, "--json")
        assert finished.code == 0, finished.err
        return [json.loads(line) for line in finished.out.splitlines()]

    def status(self) -> dict[str, Any]:
        """`casbd status`."""
        return self.listed("status")[0]

    def counts(self) -> dict[str, int]:
        """Of the first input; they always add up."""
        found = self.status()["inputs"][0]
        assert found["received"] == found["records"] + found["duplicates"] + found["rejects"], found
        return found

    def activity_ids(self) -> list[str]:
        """Every activity in the log, sorted."""
        return sorted(activity["activity_id"] for activity in self.listed("activities", "search", "--limit", "0"))

    def alerts(self) -> list[tuple[Any, ...]]:
        """What must be equal however the records were read."""
        found = self.listed("alerts", "list", "--status", "all")
        return sorted(
            (a["alert_id"], a["policy_id"], a["activity_count"], a["first_activity"], a["last_activity"], tuple(sorted(a["activity_ids"])))
            for a in found
        )

    def alert_lines(self) -> list[str]:
        """What the output `file` has."""
        return self.alerts_file.read_text().splitlines() if self.alerts_file.exists() else []

    def delivered(self) -> list[str]:
        """The externalIds of the alerts that the output `file` was told were raised, in order."""
        return [external_id(line) for line in self.alert_lines() if " act=raised " in line]

    def write(self, name: str, lines: Iterable[bytes], mode: str = "ab") -> Path:
        """Append lines to an input file."""
        path = self.inputs / name
        with path.open(mode) as file:
            file.write(b"".join(line + b"\n" for line in lines))
        return path

    def records(self) -> int:
        """How many different records are stored; read here, as starting a command for it takes half a second."""
        try:
            with Store(self.directory / "state", readonly=True) as store:
                return sum(counts.records for counts in input_progress.counts(store.connection).values())
        except StoreError:
            return 0  # it is about to be made

    def wait_for_records(self, number: int, within: float = PATIENCE) -> None:
        """Until so many are stored."""
        wait_until(lambda: self.records() >= number, within, lambda: f"{self.counts()}, wanted {number}\n{self.log()}")

    def log(self) -> str:
        """What the daemons have written."""
        log = self.directory / "daemon.log"
        return log.read_text(errors="replace") if log.exists() else ""

    def close(self) -> None:
        """End what still runs."""
        for daemon in self._started:
            daemon.kill()


class Receiver:
    """A TCP syslog receiver that can be dead, in a thread-free way: `take` reads what has come."""

    def __init__(self, port: int = 0) -> None:
        self._listening = socket.socket()
        self._listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listening.bind(("127.0.0.1", port))
        self._listening.listen()
        self.port = self._listening.getsockname()[1]
        self._connections: dict[socket.socket, bytes] = {}

    def take(self, number: int, within: float = PATIENCE, *, to_the_end: bool = False) -> list[str]:
        """Whole lines, until there are so many or the time is over. to_the_end: and until the sender has said good-bye."""
        found: list[str] = []
        deadline = time.monotonic() + within
        while (len(found) < number or (to_the_end and self._connections)) and (left := deadline - time.monotonic()) > 0:
            for ready in select.select([self._listening, *self._connections], [], [], left)[0]:
                if ready is self._listening:
                    self._connections[ready.accept()[0]] = b""
                    continue
                data = ready.recv(1 << 20)
                if not data:
                    del self._connections[ready]
                    ready.close()
                    continue
                *lines, rest = (self._connections[ready] + data).split(b"\n")
                self._connections[ready] = rest
                found += [line.decode() for line in lines]
        return found

    def close(self) -> None:
        for connection in [*self._connections, self._listening]:
            connection.close()
        self._connections.clear()


def run_to_end(command: list[str], directory: Path, within: float = 300) -> Finished:
    """Run a program; what it prints goes through files in the directory."""
    out, err = directory / "out", directory / "err"
    with out.open("wb") as stdout, err.open("wb") as stderr:
        process = subprocess.Popen(command, stdout=stdout, stderr=stderr)
    deadline, peak = time.monotonic() + within, 0
    while True:
        peak = max(peak, _largest(process.pid))
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        if time.monotonic() > deadline:
            process.kill()
            process.wait()
            raise AssertionError(f"{command} did not end within {within} s: {err.read_text(errors='replace')[-2000:]}")
        time.sleep(0.005)
    process.returncode = os.waitstatus_to_exitcode(status)
    return Finished(process.returncode, out.read_text(errors="replace"), err.read_text(errors="replace"), usage, peak)


def _largest(pid: int) -> int:
    """The largest resident set so far, in bytes. (ru_maxrss of a child begins with that of its parent.)"""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0  # it has just ended


class OneAtATime:
    """Processes one after the other: receivers that are killed and come back, say."""

    process: subprocess.Popen | None = None

    def run(self, *command: object) -> None:
        """A program of Python, with its arguments."""
        self.process = subprocess.Popen([sys.executable, *map(str, command)])

    def kill(self) -> None:
        """Without a word, and gone when this returns."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


def free_port() -> int:
    """A TCP port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def external_id(line: str) -> str:
    """Of a CEF message."""
    return line.split("externalId=", 1)[1].split(" ", 1)[0]


def wait_until(condition: Callable[[], Any], within: float = PATIENCE, tell: Callable[[], object] = lambda: "") -> None:
    """Ask again and again."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, f"not within {within} s: {tell()}"
        time.sleep(0.02)


def ids(lines: Iterable[bytes]) -> list[str]:
    """The ids of some records, each once, sorted."""
    return sorted({m365_records.identifier(line) for line in lines})
