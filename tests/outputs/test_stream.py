"""The TCP sender against receivers that are away, slow, talkative or speak something else."""

import contextlib
import os
import resource
import select
import socket
import ssl
import threading
import time

import pytest

from casbd.errors import Retry
from casbd.outputs import _datagrams
from casbd.outputs._connection import Address
from casbd.outputs._datagrams import Datagrams
from casbd.outputs._stream import Stream
from casbd.outputs._tls import client_context
from tests.outputs.receivers import LONG_ENOUGH, WINDOW, Receiver, frames, numbers, stream


def test_all_arrives_over_one_connection(receiver):
    server = receiver(lambda connection, self: self.read_all(connection))
    sender = stream(server.port)
    sender.send(frames(0, 100))
    sender.send(frames(100, 30_000, 100))
    sender.conclude()
    assert sender.unread() == 0
    assert server.closed.wait(LONG_ENOUGH)
    assert [numbers(got) for got in server.got] == [list(range(30_000))]


def test_a_dead_port_is_a_passing_failure(receiver):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    sender = stream(port)
    with pytest.raises(Retry, match="refused") as caught:
        sender.send(frames(0, 1))
    assert caught.value.sent == 0
    server = receiver(lambda connection, self: self.read_all(connection), port=port)
    sender.send(frames(0, 2))
    sender.close()
    assert server.closed.wait(LONG_ENOUGH)
    assert numbers(server.got[0]) == [0, 1]


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 64 + ".example", "a..b"])
def test_a_name_that_cannot_be_looked_up_is_a_passing_failure(host):
    with pytest.raises(Retry) as caught:
        Stream(Address(host, 1, connect_timeout=1, send_timeout=1), WINDOW).send(frames(0, 1))
    assert caught.value.sent == 0


def test_a_receiver_that_talks_does_not_matter(receiver):
    def serve(connection: socket.socket, self: Receiver) -> None:
        def talk() -> None:
            with contextlib.suppress(OSError):
                connection.sendall(b"x" * 20_000_000)

        threading.Thread(target=talk, daemon=True).start()
        self.read_all(connection)

    server = receiver(serve)
    sender = stream(server.port)
    for number in range(10):
        sender.send(frames(number, number + 1))
    sender.close()
    assert server.closed.wait(LONG_ENOUGH)
    assert [numbers(got) for got in server.got] == [list(range(10))]


def test_a_slow_link_is_not_a_dead_one(receiver):
    """It takes longer than the time-out for a batch, but never so long for nothing."""

    def serve(connection: socket.socket, self: Receiver) -> None:
        while data := connection.recv(4096):
            self.got[-1] += data
            select.select([], [], [], 0.01)

    server = receiver(serve, buffer=4096)
    sender = stream(server.port, send_timeout=0.5)
    begun = time.monotonic()
    sender.send(frames(0, 5000, 100))
    assert time.monotonic() - begun > 1
    sender.conclude()
    assert numbers(server.got[0]) == list(range(5000))


@pytest.fixture
def many_descriptors():
    """The next one is over 1023, as where many files wait to be read."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 2048:
        pytest.skip("no more than 1024 files may be open here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2048), hard))
    opened = []
    while not opened or opened[-1] < 1023:
        opened.append(os.open(os.devnull, os.O_RDONLY))
    yield
    for descriptor in opened:
        os.close(descriptor)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_process_with_many_open_files_sends_too(receiver, many_descriptors):
    server = receiver(lambda connection, self: self.go_on.wait(LONG_ENOUGH), buffer=4096)
    sender = stream(server.port, send_timeout=0.3)
    with pytest.raises(Retry):
        sender.send(frames(0, 1, 100_000))
    with socket.socket(type=socket.SOCK_DGRAM) as datagrams:
        datagrams.bind(("127.0.0.1", 0))
        sender = Datagrams("127.0.0.1", datagrams.getsockname()[1])
        sender.send([b"x"] * _datagrams.BURST)
        sender.close()


def test_a_tls_receiver_that_refuses_us_after_the_handshake_has_nothing(receiver, authority):
    certificate, key = authority.issue("localhost")
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.load_cert_chain(certificate, key)
    server_context.load_verify_locations(authority.certificate)
    server_context.verify_mode = ssl.CERT_REQUIRED

    def serve(connection: socket.socket, self: Receiver) -> None:
        try:
            with server_context.wrap_socket(connection, server_side=True) as secured:
                self.read_all(secured)
        except (ssl.SSLError, OSError):
            self.got[-1] += b"refused"

    server = receiver(serve)

    def connect(cert_file, key_file) -> Stream:
        def context() -> ssl.SSLContext:
            return client_context(ca_file=authority.certificate, cert_file=cert_file, key_file=key_file, verify=True)

        return stream(server.port, tls=context, server_name="localhost")

    with pytest.raises(Retry) as caught:
        connect(None, None).send(frames(0, 3))
    assert caught.value.sent == 0
    assert server.closed.wait(LONG_ENOUGH)
    server.closed.clear()
    sender = connect(*authority.issue("client.example"))
    sender.send(frames(0, 3))
    sender.conclude()
    assert sender.unread() == 0
    assert server.closed.wait(LONG_ENOUGH)
    assert server.got == [b"refused", b"".join(frames(0, 3))]


def test_a_tls_receiver_that_is_no_tls_receiver_is_a_passing_failure(receiver, authority):
    def serve(connection: socket.socket, self: Receiver) -> None:
        connection.recv(1000)
        connection.sendall(b"220 hello\r\n")
        self.read_all(connection)

    server = receiver(serve)
    context = client_context(ca_file=authority.certificate, cert_file=None, key_file=None, verify=True)
    with pytest.raises(Retry):
        stream(server.port, tls=lambda: context, server_name="localhost").send(frames(0, 1))
