"""The TCP sender against receivers that behave badly: in threads, on loopback."""

import contextlib
import os
import resource
import select
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable

import pytest

from casbd.errors import Retry
from casbd.outputs import _connection, _datagrams, _stream
from casbd.outputs._connection import Address
from casbd.outputs._datagrams import Datagrams
from casbd.outputs._doubt import GOOD_BYE_SECONDS
from casbd.outputs._stream import Stream
from casbd.outputs._tls import client_context

LONG_ENOUGH = 10.0


class Receiver:
    """Accepts connections one after the other; what each got is in `got`. `serve` handles one connection."""

    def __init__(self, serve: Callable[[socket.socket, "Receiver"], None], *, port: int = 0, buffer: int = 0) -> None:
        self.listening = socket.socket()
        self.listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if buffer:
            self.listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.listening.bind(("127.0.0.1", port))
        self.listening.listen()
        self.port = self.listening.getsockname()[1]
        self.got: list[bytes] = []
        self.closed = threading.Event()
        self.go_on = threading.Event()
        self._serve = serve
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self.listening.accept()
            except OSError:
                return
            self.got.append(b"")
            with connection:
                self._serve(connection, self)
            self.closed.set()

    def read_all(self, connection: socket.socket) -> None:
        try:
            while data := connection.recv(1 << 16):
                self.got[-1] += data
        except ConnectionError:
            pass

    def stop(self) -> None:
        """Once or twice."""
        self.go_on.set()
        with contextlib.suppress(OSError):
            self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()
        self._thread.join(LONG_ENOUGH)


@pytest.fixture
def receiver():
    started = []

    def start(serve, **options) -> Receiver:
        started.append(Receiver(serve, **options))
        return started[-1]

    yield start
    for one in started:
        one.stop()


WINDOW = 600.0


class Time:
    """A clock that a test sets."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Time()


def stream(port: int, clock: Callable[[], float] | None = None, **options) -> Stream:
    return Stream(Address("127.0.0.1", port, **{"connect_timeout": 5.0, "send_timeout": 5.0} | options), WINDOW, clock or Time())


def wait_until_broken(sender: Stream) -> None:
    assert sender._socket is not None
    poll = select.poll()
    poll.register(sender._socket, select.POLLHUP)
    assert poll.poll(LONG_ENOUGH * 1000)


def noticed(sender: Stream) -> Retry:
    """What the sender says once it sees that the connection has ended, with nothing to send."""
    deadline = time.monotonic() + LONG_ENOUGH
    while time.monotonic() < deadline:
        try:
            sender.unread()
        except Retry as error:
            return error
        select.select([], [], [], 0.005)
    raise AssertionError("not noticed")


def frames(start: int, stop: int, size: int = 20) -> list[bytes]:
    return [b"%0*d\n" % (size - 1, number) for number in range(start, stop)]


def numbers(data: bytes) -> list[int]:
    return [int(line) for line in data.split(b"\n")[:-1]]


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


def close_in_order(connection: socket.socket, self: Receiver) -> None:
    """Reads one batch, says good-bye."""
    self.got[-1] += connection.recv(1 << 16)


def test_after_a_good_bye_only_what_the_program_itself_may_have_lost_is_in_doubt(receiver, clock):
    """Its kernel had handed over everything; the program may have died with what it read last."""
    server = receiver(lambda connection, self: self.go_on.wait(LONG_ENOUGH) and self.got.append(connection.recv(1 << 16)))
    sender = stream(server.port, clock)
    sender.send(frames(0, 3))
    clock.now += GOOD_BYE_SECONDS
    sender.send(frames(3, 5))
    server.go_on.set()
    error = noticed(sender)
    assert (error.unread, error.sent) == (2, 0)
    assert "closed the connection" in str(error)


def test_a_good_bye_long_after_the_last_message_puts_nothing_in_doubt(receiver, clock):
    server = receiver(close_in_order)
    sender = stream(server.port, clock)
    for number in range(5):
        sender.send(frames(number, number + 1))
        clock.now += GOOD_BYE_SECONDS
        assert server.closed.wait(LONG_ENOUGH)
        server.closed.clear()
    assert [numbers(got) for got in server.got] == [[0], [1], [2], [3], [4]]
    sender.close()


@pytest.mark.parametrize("how", ["resets", "shuts down and closes"])
def test_a_good_bye_with_something_unread_is_none(receiver, clock, how):
    def serve(connection: socket.socket, self: Receiver) -> None:
        self.go_on.wait(LONG_ENOUGH)
        if how == "shuts down and closes":
            connection.shutdown(socket.SHUT_RDWR)
        else:
            reset(connection)

    server = receiver(serve)
    sender = stream(server.port, clock)
    sender.send(frames(0, 3))
    clock.now += GOOD_BYE_SECONDS
    sender.send(frames(3, 5))
    server.go_on.set()
    assert noticed(sender).unread == 5


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


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def test_what_a_receiver_acknowledged_but_never_read_is_in_doubt_at_once_with_nothing_to_send(receiver):
    def die_unread(connection: socket.socket, self: Receiver) -> None:
        if len(self.got) > 1:
            self.read_all(connection)
            return
        self.go_on.wait(LONG_ENOUGH)
        reset(connection)

    server = receiver(die_unread)
    sender = stream(server.port)
    sender.send(frames(0, 3))  # the kernel has them, the program has not
    assert sender.unread() == 3
    server.go_on.set()
    assert noticed(sender).unread == 3
    sender.send(frames(0, 7))
    sender.conclude()
    assert [numbers(got) for got in server.got] == [[], [0, 1, 2, 3, 4, 5, 6]]


def test_a_reset_puts_all_in_doubt_before_anything_new_is_sent(receiver):
    """The order is the outbox's to keep: what is in doubt goes first."""
    server = receiver(lambda connection, self: self.go_on.wait(LONG_ENOUGH) and reset(connection))
    sender = stream(server.port)
    sender.send(frames(0, 3))
    server.go_on.set()
    assert server.closed.wait(LONG_ENOUGH)
    wait_until_broken(sender)
    with pytest.raises(Retry) as caught:
        sender.send(frames(3, 4))
    assert (caught.value.sent, caught.value.unread, len(server.got)) == (0, 3, 1)


@pytest.mark.parametrize("seconds", [0.0, WINDOW - 1])
def test_a_reset_in_the_middle_of_a_batch_puts_what_went_before_in_doubt(receiver, monkeypatch, clock, seconds):
    monkeypatch.setattr(_stream, "CHUNK", 1000)

    def serve(connection: socket.socket, self: Receiver) -> None:
        while len(connection.recv(1 << 16, socket.MSG_PEEK)) < 5000:  # acknowledged by the kernel, never read
            pass
        reset(connection)

    sender = stream(receiver(serve).port, clock)
    sender.send(frames(0, 3))
    clock.now += seconds
    with pytest.raises(Retry) as caught:
        sender.send(frames(3, 5000))
    assert (caught.value.sent, caught.value.unread) == (0, 3)


def test_a_receiver_that_closes_in_the_middle_of_a_batch_has_none_of_it(receiver):
    def serve(connection: socket.socket, self: Receiver) -> None:
        if len(self.got) == 1:
            self.got[-1] += connection.recv(5000)  # and closes, with most of the batch unread
        else:
            self.read_all(connection)

    server = receiver(serve)
    sender = stream(server.port)
    batch = frames(0, 20_000, 100)
    with pytest.raises(Retry) as caught:
        sender.send(batch)
    assert (caught.value.sent, caught.value.unread) == (0, 0)
    sender.send(batch)
    sender.conclude()
    assert numbers(server.got[1]) == list(range(20_000))


def test_a_receiver_that_never_reads_is_given_up_in_time_and_all_is_in_doubt(receiver):
    """A time-out forgets nothing: it was this that lost alerts."""

    def serve(connection: socket.socket, self: Receiver) -> None:
        self.go_on.wait(LONG_ENOUGH)
        self.read_all(connection)

    server = receiver(serve, buffer=4096)
    sender = stream(server.port, send_timeout=0.3)
    sender.send(frames(0, 10))
    with pytest.raises(Retry, match=r"timed out|acknowledgement") as caught:
        sender.send(frames(10, 20_000, 100))
    assert (caught.value.sent, caught.value.unread) == (0, 10)
    server.go_on.set()


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


def test_what_the_receivers_buffer_cannot_hold_any_more_is_out_of_doubt(receiver, monkeypatch):
    monkeypatch.setattr(_connection, "buffer_of_peer", lambda _: 100_000)
    server = receiver(lambda connection, self: self.read_all(connection))
    sender = stream(server.port)
    sender.send(frames(0, 1000, 1000))
    assert 0 < sender.unread() * 1000 <= 100_000 + _stream.GOOD_BYE_BYTES + _stream.CHUNK
    sender.conclude()


def test_the_buffer_of_a_peer_is_more_than_it_takes_unread(receiver):
    server = receiver(lambda connection, self: self.go_on.wait(LONG_ENOUGH))
    connection = Address("127.0.0.1", server.port, 5.0, 0.3).connect()
    taken = 0
    with contextlib.suppress(TimeoutError):
        for _ in range(1000):
            _connection.send_all(connection, b"x" * 65_536, 0.3)
            taken += 65_536
    assert 0 < taken < _connection.buffer_of_peer(connection)
    connection.close()


def test_what_was_acknowledged_long_ago_over_a_connection_that_stands_is_out_of_doubt(receiver, clock):
    server = receiver(lambda connection, self: self.go_on.wait(LONG_ENOUGH))
    sender = stream(server.port, clock)
    sender.send(frames(0, 3))
    clock.now += WINDOW - 1
    sender.send(frames(3, 5))
    assert sender.unread() == 5
    clock.now += 1
    assert sender.unread() == 2
    clock.now += WINDOW
    assert sender.unread() == 0
    sender.close()


def test_a_good_bye_of_ours_is_answered_by_who_has_read_everything(receiver):
    server = receiver(lambda connection, self: self.go_on.wait(LONG_ENOUGH) and self.read_all(connection))
    sender = stream(server.port)
    sender.send(frames(0, 3))
    threading.Timer(0.1, server.go_on.set).start()
    sender.conclude()
    assert numbers(server.got[0]) == [0, 1, 2]
    sender.conclude()  # again does not matter


@pytest.mark.parametrize("how", ["hangs", "dies"])
def test_a_good_bye_of_ours_that_is_not_answered_leaves_all_in_doubt(receiver, monkeypatch, how):
    monkeypatch.setattr(_stream, "CONCLUDE_SECONDS", 0.2)

    def serve(connection: socket.socket, self: Receiver) -> None:
        self.go_on.wait(LONG_ENOUGH)
        reset(connection)

    server = receiver(serve)
    sender = stream(server.port)
    sender.send(frames(0, 3))
    if how == "dies":
        server.go_on.set()
        wait_until_broken(sender)
    with pytest.raises(Retry) as caught:
        sender.conclude()
    assert caught.value.unread == 3
    server.go_on.set()
    assert sender.unread() == 0


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
