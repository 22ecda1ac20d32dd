"""systemd waits as long as a start goes on, and no longer; what takes long is done beside the work."""

import socket
import threading
from contextlib import suppress

import pytest

from casbd.daemon import boot, service
from casbd.daemon import starting as module
from casbd.daemon.engine import Engine
from casbd.daemon.notify import Notifier
from casbd.daemon.second_thoughts import SecondThoughts
from casbd.daemon.starting import starting


@pytest.fixture
def systemd(tmp_path):
    """A notifier, and what it says: waits for the next message, which may be long in coming on a busy machine."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(30)
        yield Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify")}), lambda: listening.recv(4096).decode()


def test_the_time_is_extended_again_and_again(systemd):
    notifier, said = systemd
    with starting(notifier, lambda: "reading", every=0.001):
        told = [said() for _ in range(3)]
    assert told == ["EXTEND_TIMEOUT_USEC=60000000\nSTATUS=starting: reading"] * 3


def test_a_start_that_hangs_is_left_to_systemd(systemd, caplog):
    notifier, said = systemd
    seconds, ended = iter([0, 0, 70, 1799, 1800]), threading.Event()

    def now():
        ended.set() if (second := next(seconds)) == 1800 else None
        return second

    with starting(notifier, lambda: "hanging", every=0.0, now=now):
        assert ended.wait(30)
    assert [said() for _ in range(3)] == ["EXTEND_TIMEOUT_USEC=60000000\nSTATUS=starting: hanging"] * 3
    assert caplog.messages == ["the start takes long", "the start takes too long; systemd may end it"]


def test_a_start_that_fails_says_nothing_more(systemd):
    notifier, said = systemd
    with suppress(KeyError), starting(notifier, lambda: "failing"):
        said()
        raise KeyError
    assert "starting" not in [thread.name for thread in threading.enumerate()]


def test_the_service_says_so_before_it_reads_its_files(tmp_path, monkeypatch, systemd):
    _, said = systemd
    (tmp_path / "casbd.yaml").write_text("state_dir: state\nrules: []\n")
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    reading, go_on = threading.Event(), threading.Event()

    def slow_disk(path):
        reading.set()
        assert go_on.wait(30)
        return Engine(path)

    monkeypatch.setattr(boot, "Engine", slow_disk)
    thread = threading.Thread(target=service.run, args=(tmp_path / "casbd.yaml",), kwargs={"once": True}, daemon=True)
    thread.start()
    try:
        assert reading.wait(30)
        assert said().startswith("EXTEND_TIMEOUT_USEC=")
    finally:
        go_on.set()
        thread.join(30)
    assert not thread.is_alive()


class TestSecondThoughts:
    @pytest.fixture
    def engine(self, tmp_path):
        (tmp_path / "rules").mkdir()
        (tmp_path / "rules" / "logon.yaml").write_text("name: x\nfilters: {activity_type: {eq: Logon}}\n")
        (tmp_path / "casbd.yaml").write_text("state_dir: state\nrules: [rules]\n")
        return lambda: Engine(tmp_path / "casbd.yaml")

    def test_nobody_waits_for_them(self, engine, monkeypatch):
        go_on = threading.Event()
        doubts = Engine.doubts.func
        monkeypatch.setattr(Engine, "doubts", property(lambda self: [go_on.wait(30), *doubts(self)][1:]))
        thoughts, first, second = SecondThoughts(), engine(), engine()
        assert thoughts.of(first) == []
        assert thoughts.of(second) == []  # after a reload; one at a time
        go_on.set()
        thoughts.wait()
        assert thoughts.of(second) == []
        thoughts.wait()
        (found,) = thoughts.of(second)
        assert "can be no `Logon`" in found.message

    def test_what_is_broken_is_raised_where_it_is_asked_for(self, engine, monkeypatch):
        monkeypatch.setattr(Engine, "doubts", property(lambda _: 1 / 0))
        thoughts, one = SecondThoughts(), engine()
        with suppress(ZeroDivisionError):
            thoughts.of(one)
        thoughts.wait()
        with pytest.raises(ZeroDivisionError):
            thoughts.of(one)


def test_the_times_fit_together():
    assert 3 * module.EVERY < module.EXTENSION < module.LONGEST
