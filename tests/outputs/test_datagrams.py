"""UDP: who listens, what is too long, and how fast."""

import socket
import time

import pytest

from casbd.errors import Retry
from casbd.outputs import _datagrams
from casbd.outputs._datagrams import Datagrams


def test_udp_notices_that_nobody_listens():
    with socket.socket(type=socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        port = server.getsockname()[1]
        sender = Datagrams("127.0.0.1", port)
        sender.send([b"one", b"two"])
        assert [server.recv(100), server.recv(100)] == [b"one", b"two"]
    with pytest.raises(Retry, match="refused") as caught:
        sender.send([b"three"])
    assert caught.value.sent == 0
    with pytest.raises(Retry):
        Datagrams("no-such-host.invalid", 1).send([b"x"])


def test_udp_tries_the_next_address_of_a_name_after_a_refusal(monkeypatch):
    both = [(socket.AF_INET, socket.SOCK_DGRAM, 17, "", (f"127.0.0.{last}", 0)) for last in (2, 1)]
    with socket.socket(type=socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        port = server.getsockname()[1]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(*found[:4], (found[4][0], port)) for found in both])
        sender = Datagrams("both.example", port)
        with pytest.raises(Retry):
            sender.send([b"one", b"two"])
        sender.send([b"one", b"two"])
        assert [server.recv(100), server.recv(100)] == [b"one", b"two"]
        sender.close()


def test_udp_tells_how_many_went_before_one_too_long():
    with socket.socket(type=socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        with pytest.raises(Retry) as caught:
            Datagrams("127.0.0.1", server.getsockname()[1]).send([b"one", b"x" * 70_000])
    assert caught.value.sent == 1


def test_udp_is_paced(monkeypatch):
    """A receiver's kernel has room for some 90 messages until its program reads."""
    monkeypatch.setattr(_datagrams, "PAUSE", 0.05)
    with socket.socket(type=socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        sender = Datagrams("127.0.0.1", server.getsockname()[1])
        begun = time.monotonic()
        sender.send([b"x"] * _datagrams.BURST * 4)
        assert time.monotonic() - begun > 3 * 0.05
        assert (sender.unread(), sender.acknowledged) == (0, False)
        sender.conclude()
