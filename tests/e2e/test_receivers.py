"""A receiver that hangs, resets, crawls or dies with bytes in its buffer gets everything in the end, whatever happens to casbd too."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

import pytest
from certificates import Authority
from receivers import Receiving, connect, first_ones, misbehave, write
from running import DOWNLOADS, Site, free_port, wait_until


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    authority = Authority(tmp_path_factory.mktemp("receivers"), "ca")
    return authority.certificate, *authority.issue("localhost")


@pytest.fixture
def receiving(make_site, certificate, tmp_path):
    """Makes a site with a receiver of this kind."""
    made = []

    def make(kind: str) -> tuple[Site, Receiving]:
        site, receiver = make_site(), Receiving(tmp_path / "received", free_port(), kind, certificate)
        connect(site, receiver)
        made.append(receiver)
        return site, receiver

    yield make
    for receiver in made:
        receiver.kill()


@pytest.mark.parametrize(
    ("kind", "how", "kill_casbd"),
    [
        ("tcp", "hangs", False),
        ("tcp", "hangs", True),
        ("tcp", "resets", True),
        ("tcp", "slow", False),
        ("tcp", "leaves", False),
        ("tls", "hangs", True),
        ("tls", "mute", False),
        ("relp", "hangs", True),
        ("relp", "resets", False),
    ],
)
def test_nothing_is_lost_and_the_order_kept(receiving, kind, how, kill_casbd):
    misbehave(*receiving(kind), how, kill_casbd=kill_casbd)


@pytest.mark.parametrize("kill_casbd", [False, True])
def test_nothing_of_a_buffer_that_has_grown_to_megabytes_is_lost(receiving, kill_casbd):
    misbehave(*receiving("tcp"), "stalls", kill_casbd=kill_casbd, before=10_000)


def test_a_reset_is_noticed_with_nothing_to_send(receiving):
    """Five alerts in the buffer of one that never read them; no sixth comes."""
    site, receiver = receiving("tcp")
    receiver.start("resets")
    site.start()
    write(site, 0, 5)
    wait_until(lambda: any(output["failures"] for output in site.status()["outputs"]), 10)
    receiver.kill()
    receiver.start("reads")
    wait_until(lambda: len(first_ones(receiver.read())) == 5, 10)


def test_what_was_in_doubt_at_a_stop_is_sent_at_the_next_start(receiving):
    """One that takes everything and never reads is no success of `run --once`."""
    site, receiver = receiving("tcp")
    receiver.start("mute")
    write(site, 0, 5)
    wait_until(lambda: free_port() and receiver.process.poll() is None)
    finished = site.once(code=75)
    assert "not everything could be delivered" in finished.err
    (siem, _) = site.status()["outputs"]
    assert (siem["delivered"], siem["pending"]) == (0, 5)
    assert "did not" in siem["last_error"] or "timed out" in siem["last_error"]
    receiver.kill()
    receiver.start("reads")
    wait_until(lambda: site.run("run", "--once").code == 0, 30)
    assert first_ones(receiver.read()) == site.delivered()
    (siem, _) = site.status()["outputs"]
    assert (siem["delivered"], siem["pending"], siem["in_doubt"]) == (5, 0, 0)


def test_a_real_rsyslog_by_relp_killed_again_and_again(make_site, make_rsyslog_relp_to_file):
    """Its queue is `direct`, so that it answers when the file has the message."""
    site, port = make_site(rules={"downloads": DOWNLOADS}), free_port()
    site.configure(
        outputs=[
            {"name": "siem", "type": "syslog", "host": "127.0.0.1", "port": port, "transport": "relp"},
            {"name": "file", "type": "file", "path": str(site.alerts_file)},
        ]
    )
    rsyslog = make_rsyslog_relp_to_file(port)
    site.start()
    for turn in range(4):
        write(site, turn * 100, turn * 100 + 100)
        time.sleep(0.3)
        rsyslog.kill()
        rsyslog.start()
    wait_until(lambda: len(site.alert_lines()) == 400)
    wait_until(lambda: len(first_ones(rsyslog.lines())) == 400, 60, lambda: site.log())
    assert first_ones(rsyslog.lines()) == site.delivered()


@pytest.fixture
def make_rsyslog_relp_to_file(tmp_path):
    if not list(Path("/usr/lib").glob("**/rsyslog/imrelp.so")) or not shutil.which("rsyslogd", path="/usr/sbin:/usr/bin:/sbin"):
        pytest.skip("rsyslog has no RELP (Debian packages rsyslog and rsyslog-relp)")
    made = []

    def make(port: int) -> Rsyslogd:
        made.append(Rsyslogd(tmp_path / "rsyslog", port))
        made[-1].start()
        return made[-1]

    yield make
    for one in made:
        one.kill()


class Rsyslogd:
    """A real rsyslogd that takes RELP and writes each message to a file before it answers."""

    def __init__(self, folder: Path, port: int) -> None:
        folder.mkdir()
        self.folder, self.file = folder, folder / "messages"
        (folder / "rsyslog.conf").write_text(
            f"""
            global(workDirectory="{folder}" maxMessageSize="8k")
            main_queue(queue.type="direct")
            template(name="raw" type="string" string="%rawmsg%\\n")
            module(load="imrelp") input(type="imrelp" address="127.0.0.1" port="{port}" maxDataSize="8k")
            action(type="omfile" file="{self.file}" template="raw")
            """
        )
        self.process = None

    def start(self) -> None:

        command = [shutil.which("rsyslogd", path="/usr/sbin:/usr/bin:/sbin"), "-n", "-f", str(self.folder / "rsyslog.conf"), "-i", "NONE"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def lines(self) -> list[str]:
        return self.file.read_text().split("\n")[:-1] if self.file.exists() else []
