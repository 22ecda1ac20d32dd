"""The TCP sender against receivers that behave badly: in threads, on loopback."""

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable

import pytest

from casbd.errors import Retry
from casbd.outputs import _stream
from casbd.outputs._datagrams import Datagrams
from casbd.outputs._stream import REMEMBERED, Stream
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


def stream(port: int, **options) -> Stream:
    return Stream("127.0.0.1", port, **{"connect_timeout": 5.0, "send_timeout": 5.0} | options)


def frames(start: int, stop: int, size: int = 20) -> list[bytes]:
    return [b"%0*d\n" % (size - 1, number) for number in range(start, stop)]


def numbers(data: bytes) -> list[int]:
    return [int(line) for line in data.split(b"\n")[:-1]]


def test_all_arrives_over_one_connection(receiver):
    server = receiver(lambda connection, self: self.read_all(connection))
    sender = stream(server.port)
    sender.send(frames(0, 100))
    sender.send(frames(100, 30_000, 100))
    sender.close()
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
        Stream(host, 1, connect_timeout=1, send_timeout=1).send(frames(0, 1))
    assert caught.value.sent == 0


def close_in_order(connection: socket.socket, self: Receiver) -> None:
    """Reads one batch, says good-bye."""
    self.got[-1] += connection.recv(1 << 16)


def test_a_good_bye_between_batches_is_noticed_and_nothing_sent_twice(receiver):
    server = receiver(close_in_order)
    sender = stream(server.port)
    for number in range(5):
        sender.send(frames(number, number + 1))
        assert server.closed.wait(LONG_ENOUGH)
        server.closed.clear()
    assert [numbers(got) for got in server.got] == [[0], [1], [2], [3], [4]]
    sender.close()


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


def test_what_a_receiver_acknowledged_but_never_read_is_sent_again(receiver):
    def die_unread(connection: socket.socket, self: Receiver) -> None:
        if len(self.got) > 1:
            self.read_all(connection)
            return
        self.go_on.wait(LONG_ENOUGH)
        reset(connection)

    server = receiver(die_unread)
    sender = stream(server.port)
    sender.send(frames(0, 3))  # the kernel has them, the program has not
    server.go_on.set()
    assert server.closed.wait(LONG_ENOUGH)
    server.closed.clear()
    sender.send(frames(3, 5))
    sender.send(frames(5, 7))
    sender.close()
    assert server.closed.wait(LONG_ENOUGH)
    assert [numbers(got) for got in server.got] == [[], [0, 1, 2, 3, 4, 5, 6]]


def test_a_reset_in_the_middle_of_a_batch_puts_all_of_it_and_what_went_before_in_doubt(receiver, monkeypatch):
    monkeypatch.setattr(_stream, "CHUNK", 1000)

    def serve(connection: socket.socket, self: Receiver) -> None:
        if len(self.got) > 1:
            self.read_all(connection)
            return
        while len(connection.recv(1 << 16, socket.MSG_PEEK)) < 5000:  # acknowledged by the kernel, never read
            pass
        reset(connection)

    server = receiver(serve)
    sender = stream(server.port)
    sender.send(frames(0, 3))
    batch = frames(3, 5000)
    with pytest.raises(Retry) as caught:
        sender.send(batch)
    assert caught.value.sent == 0
    assert server.closed.wait(LONG_ENOUGH)
    server.closed.clear()
    monkeypatch.undo()
    sender.send(batch)
    sender.close()
    assert server.closed.wait(LONG_ENOUGH)
    assert numbers(server.got[1]) == list(range(5000))


def test_a_repetition_that_stops_half_way_goes_on_on_the_next_connection(receiver, monkeypatch):
    def die_unread(connection: socket.socket, self: Receiver) -> None:
        self.go_on.wait(LONG_ENOUGH)
        reset(connection)

    first = receiver(die_unread)
    sender = stream(first.port)
    sender.send(frames(0, 500, 100))
    first.stop()
    assert first.closed.wait(LONG_ENOUGH)

    def stall(connection: socket.socket, self: Receiver) -> None:
        if len(self.got) == 1:
            self.go_on.wait(LONG_ENOUGH)
        self.read_all(connection)

    second = receiver(stall, port=first.port, buffer=4096)
    monkeypatch.setattr(_stream, "CHUNK", 1000)
    sender._send_timeout = 0.3
    with pytest.raises(Retry) as caught:
        sender.send(frames(500, 510, 100))
    assert caught.value.sent == 0
    second.go_on.set()
    assert second.closed.wait(LONG_ENOUGH)
    second.closed.clear()
    monkeypatch.undo()
    sender._send_timeout = 5.0
    sender.send(frames(500, 510, 100))
    sender.close()
    assert second.closed.wait(LONG_ENOUGH)
    assert sorted({*numbers(second.got[0]), *numbers(second.got[1])}) == list(range(510))
    assert numbers(second.got[1])[0] > 0


def test_a_receiver_that_closes_in_the_middle_of_a_batch_loses_nothing(receiver):
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
    assert caught.value.sent == 0
    server.closed.clear()
    sender.send(batch[caught.value.sent :])
    sender.close()
    assert server.closed.wait(LONG_ENOUGH)
    assert numbers(server.got[1]) == list(range(20_000))


def test_a_receiver_that_never_reads_is_given_up_in_time_and_goes_on_where_it_stopped(receiver):
    def serve(connection: socket.socket, self: Receiver) -> None:
        self.go_on.wait(LONG_ENOUGH)
        self.read_all(connection)

    server = receiver(serve, buffer=4096)
    sender = stream(server.port, send_timeout=0.3)
    batch = frames(0, 20_000, 100)
    with pytest.raises(Retry, match=r"timed out|acknowledgement") as caught:
        sender.send(batch)
    server.go_on.set()
    server.closed.wait(LONG_ENOUGH)
    server.closed.clear()
    sender._send_timeout = 5.0
    sender.send(batch[caught.value.sent :])
    sender.close()
    assert server.closed.wait(LONG_ENOUGH)
    assert sorted(set(numbers(server.got[0])[: caught.value.sent] + numbers(server.got[1]))) == list(range(20_000))


def test_a_batch_that_times_out_reports_what_was_acknowledged(receiver):
    def serve(connection: socket.socket, self: Receiver) -> None:
        while len(self.got[-1]) < 600_000:
            self.got[-1] += connection.recv(1 << 16)
        self.go_on.wait(LONG_ENOUGH)

    server = receiver(serve, buffer=4096)
    with pytest.raises(Retry) as caught:
        stream(server.port, send_timeout=0.3).send(frames(0, 50_000, 100))
    assert 0 < caught.value.sent <= 600_000 // 100 + 100


def test_memory_for_unread_messages_is_bounded(receiver):
    server = receiver(lambda connection, self: self.read_all(connection))
    sender = stream(server.port)
    for _ in range(5):
        sender.send(frames(0, 10_000, 100))
    assert sum(map(len, sender._recent)) <= REMEMBERED
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
    sender.close()
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
