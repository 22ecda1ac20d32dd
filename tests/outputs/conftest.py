"""A real rsyslog for the tests of outputs."""

import fcntl
import os
import select
import shutil
import socket
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.outputs.receivers import Receiver, Time

LONG_ENOUGH = 20.0


class Rsyslog:
    """A running rsyslogd that writes each message twice into pipes: as it came, and as Microsoft's agent is given it."""

    def __init__(self, folder: Path, inputs: str) -> None:
        self.raw, self.agent = (_Pipe(folder / name) for name in ("raw", "agent"))
        configuration = folder / "rsyslog.conf"
        configuration.write_text(
            f"""
            global(workDirectory="{folder}" maxMessageSize="8k")
            template(name="raw" type="string" string="%rawmsg%\\n")
            template(name="agent" type="string" string="<%PRI%>%TIMESTAMP% %HOSTNAME% %syslogtag:1:32%%msg:::sp-if-no-1st-sp%%msg%\\n")
            {inputs}
            action(type="ompipe" pipe="{self.raw.path}" template="raw")
            action(type="ompipe" pipe="{self.agent.path}" template="agent")
            """,
        )
        command = [shutil.which("rsyslogd", path="/usr/sbin:/usr/bin:/sbin"), "-n", "-f", str(configuration), "-i", "NONE"]
        self.log = folder / "log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)

    def wait_for(self, port: int) -> None:
        """Until it listens."""
        deadline = time.monotonic() + LONG_ENOUGH
        while time.monotonic() < deadline and self.process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            select.select([], [], [], 0.02)
        pytest.fail(f"rsyslogd does not start: {self.log.read_text()}")

    def stop(self) -> None:
        """Once or twice."""
        if self.process.returncode is not None:
            return
        self.process.terminate()
        self.process.wait(LONG_ENOUGH)
        self.raw.close()
        self.agent.close()


class _Pipe:
    """A FIFO that lines are read from, with a deadline."""

    def __init__(self, path: Path) -> None:
        self.path = path
        os.mkfifo(path)
        self._descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        fcntl.fcntl(self._descriptor, fcntl.F_SETPIPE_SZ, 1 << 20)  # so that rsyslog never waits for us
        self._rest = b""

    def lines(self, number: int, *, within: float = LONG_ENOUGH) -> list[str]:
        """So many lines, or those that came in time."""
        deadline = time.monotonic() + within
        while self._rest.count(b"\n") < number and (left := deadline - time.monotonic()) > 0:
            if select.select([self._descriptor], [], [], left)[0]:
                self._rest += os.read(self._descriptor, 1 << 20)
        *lines, self._rest = self._rest.split(b"\n", number)
        return [line.decode() for line in lines]

    def close(self) -> None:
        os.close(self._descriptor)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def _rsyslogd():
    if not shutil.which("rsyslogd", path="/usr/sbin:/usr/bin:/sbin"):
        pytest.skip("rsyslogd is not installed (Debian packages rsyslog and rsyslog-gnutls)")


def _plain(folder: Path, port: int) -> Rsyslog:
    """UDP and TCP on one port."""
    server = Rsyslog(
        folder,
        f"""module(load="imudp") module(load="imtcp")
            input(type="imudp" address="127.0.0.1" port="{port}") input(type="imtcp" address="127.0.0.1" port="{port}")""",
    )
    server.port = port
    server.wait_for(port)
    return server


@pytest.fixture(scope="module")
def rsyslog(_rsyslogd, tmp_path_factory):
    server = _plain(tmp_path_factory.mktemp("rsyslog"), free_port())
    yield server
    server.stop()


@pytest.fixture
def make_rsyslog(_rsyslogd, tmp_path_factory):
    """Starts one, at a port if one is given."""
    started = []

    def start(port: int = 0) -> Rsyslog:
        started.append(_plain(tmp_path_factory.mktemp("rsyslog"), port or free_port()))
        return started[-1]

    yield start
    for server in started:
        server.stop()


@pytest.fixture(scope="module")
def rsyslog_tls(_rsyslogd, authority, tmp_path_factory):
    """TLS; a client certificate is asked for."""
    if not list(Path("/usr/lib").glob("**/rsyslog/lmnsd_gtls.so")):
        pytest.skip("rsyslog has no TLS (Debian package rsyslog-gnutls)")
    port = free_port()
    certificate, key = authority.issue("localhost")
    server = Rsyslog(
        tmp_path_factory.mktemp("rsyslog-tls"),
        f"""global(defaultNetstreamDriverCAFile="{authority.certificate}" defaultNetstreamDriverCertFile="{certificate}"
                   defaultNetstreamDriverKeyFile="{key}")
            module(load="imtcp" streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="x509/certvalid")
            input(type="imtcp" address="127.0.0.1" port="{port}")""",
    )
    server.port = port
    server.wait_for(port)
    yield server
    server.stop()


@pytest.fixture
def make_rsyslog_relp(_rsyslogd, authority, tmp_path_factory):
    """Starts one that takes RELP, at a port if one is given; with TLS it asks for a certificate."""
    if not list(Path("/usr/lib").glob("**/rsyslog/imrelp.so")):
        pytest.skip("rsyslog has no RELP (Debian package rsyslog-relp)")
    started = []

    def start(port: int = 0, *, tls: bool = False) -> Rsyslog:
        port = port or free_port()
        certificate, key = authority.issue("localhost")
        files = f'tls.caCert="{authority.certificate}" tls.myCert="{certificate}" tls.myPrivKey="{key}"'
        encrypted = f'tls="on" tls.authMode="certvalid" {files}' if tls else ""
        server = Rsyslog(
            tmp_path_factory.mktemp("rsyslog-relp"),
            f"""module(load="imrelp" tls.tlslib="openssl")
                input(type="imrelp" address="127.0.0.1" port="{port}" maxDataSize="8k" {encrypted})""",
        )
        server.port = port
        server.wait_for(port)
        started.append(server)
        return server

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def receiver(until_the_end):
    def start(serve, **options) -> Receiver:
        return until_the_end(Receiver(serve, **options))

    return start


@pytest.fixture
def clock():
    return Time()


@pytest.fixture
def until_the_end():
    """Keeps what a test starts, and stops or closes it when the test is over, the last one first."""
    with ExitStack() as stack:

        def keep(one):
            stack.callback(one.stop if hasattr(one, "stop") else one.close)
            return one

        yield keep
