"""RELP against a real rsyslog (imrelp), and against receivers that behave badly: in threads, on loopback."""

import re
import socket
import ssl
import threading
import time
from collections.abc import Callable

import pytest

from casbd.errors import Retry
from casbd.outputs._connection import Address
from casbd.outputs._relp import WINDOW, Relp
from casbd.outputs._tls import client_context

LONG_ENOUGH = 10.0
FRAME = re.compile(rb"(\d+) (\w+) (\d+)([ \n])")


class Receiver:
    """Speaks RELP to one connection after the other. answer: what it says to a message, by its number since the beginning."""

    def __init__(self, answer: Callable[[int], bytes | None] = lambda _: b"200 OK") -> None:
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.taken: list[bytes] = []
        self.connections = 0
        self._answer = answer
        self._seen = 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self.listening.accept()
            except OSError:
                return
            self.connections += 1
            connection.settimeout(LONG_ENOUGH)  # a sender that waits without end is hung up on, and its test fails
            with connection:
                try:
                    self._serve(connection)
                except OSError:
                    continue

    def _serve(self, connection: socket.socket) -> None:
        data = b""
        while more := connection.recv(65536):
            data += more
            while (head := FRAME.match(data)) and len(data) >= head.end() + int(head[3]) + (head[4] == b" "):
                end = head.end() + int(head[3])
                body, data = data[head.end() : end], data[end + (head[4] == b" ") :]
                if not self._respond(connection, head[1], head[2], body):
                    return

    def _respond(self, connection: socket.socket, number: bytes, command: bytes, body: bytes) -> bool:
        answer: bytes | None = b"200 OK"
        if command == b"syslog":
            answer = self._answer(self._seen)
            self._seen += 1
            if answer == b"200 OK":
                self.taken.append(body)
        if answer == b"hang up":
            return False
        if answer is not None:
            connection.sendall(b"%s rsp %d %s\n" % (number, len(answer), answer))
        return command != b"close"

    def stop(self) -> None:
        self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()
        self._thread.join(LONG_ENOUGH)
        assert not self._thread.is_alive()


@pytest.fixture
def receiver(until_the_end):
    def start(*arguments) -> Receiver:
        return until_the_end(Receiver(*arguments))

    return start


@pytest.fixture
def relp(receiver):
    """Makes senders; they are closed before the receivers end."""
    made = []

    def make(port: int, **options) -> Relp:
        made.append(Relp(Address(**{"host": "127.0.0.1", "port": port, "connect_timeout": 5.0, "send_timeout": 5.0} | options)))
        return made[-1]

    yield make
    for sender in made:
        sender.close()


def messages(start: int, stop: int) -> list[bytes]:
    return [b"message %d" % number for number in range(start, stop)]


def test_all_is_taken_in_order_and_nothing_in_doubt(receiver, relp):
    server, sender = receiver(), None
    sender = relp(server.port)
    sender.send(messages(0, 3))
    sender.send([])
    sender.send(messages(3, 3 * WINDOW + 5))
    assert server.taken == messages(0, 3 * WINDOW + 5)
    assert sender.unread() == 0
    sender.conclude()
    assert server.connections == 1


@pytest.mark.parametrize("answered", [0, 1, 7, WINDOW, WINDOW + 3])
def test_a_receiver_that_dies_in_the_middle_has_what_it_answered(receiver, answered, relp):
    server = receiver(lambda number: b"hang up" if number == answered else b"200 OK")
    sender, batch = relp(server.port), messages(0, 2 * WINDOW)
    with pytest.raises(Retry) as caught:
        sender.send(batch)
    assert (caught.value.sent, caught.value.unread) == (answered, 0)
    sender.send(batch[caught.value.sent :])
    assert server.taken == batch


def test_a_mute_receiver_is_given_up_in_time(receiver, relp):
    sender = relp(receiver(lambda _: None).port, send_timeout=0.2)
    with pytest.raises(Retry, match="timed out") as caught:
        sender.send(messages(0, 3))
    assert caught.value.sent == 0


def test_answers_in_another_order(receiver, relp):
    """What counts as taken are those from the first on that were answered without a gap."""
    told: list[bytes] = []

    class Reordering(Receiver):
        def _respond(self, connection, number, command, body):
            if command != b"syslog":
                return super()._respond(connection, number, command, body)
            told.append(number)
            if len(told) == 3:
                connection.sendall(b"%s rsp 6 200 OK\n%s rsp 6 200 OK\n" % (told[2], told[0]))
                return False
            return True

    server = Reordering()
    try:
        with pytest.raises(Retry) as caught:
            relp(server.port).send(messages(0, 3))
        assert caught.value.sent == 1
    finally:
        server.stop()


def test_a_refused_message_stays_and_is_told(receiver, relp):
    sender = relp(receiver(lambda number: b"500 the disk is full" if number == 1 else b"200 OK").port)
    with pytest.raises(Retry, match="500 the disk is full") as caught:
        sender.send(messages(0, 3))
    assert caught.value.sent == 1


@pytest.mark.parametrize(
    "said",
    [
        b"220 smtp.example.com\r\n",
        b"x" * 100_000,
        b"1 rsp 999999999 200 OK\n",
        b"1 syslog 2 hi\n",
        b"0 serverclose 0\n",
        b"7 rsp 6 200 OK\n",
        b"\x00",
        b"",
    ],
)
def test_a_receiver_that_speaks_something_else_is_a_passing_failure(said, relp):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(LONG_ENOUGH)

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.settimeout(LONG_ENOUGH)
                connection.recv(1000)
                connection.sendall(said)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        with pytest.raises(Retry) as caught:
            relp(listening.getsockname()[1], send_timeout=1.0).send(messages(0, 1))
        assert caught.value.sent == 0
        thread.join(LONG_ENOUGH)
        assert not thread.is_alive()


def test_a_session_that_the_receiver_ended_is_not_met_by_the_next_message(receiver, relp):
    server = receiver(lambda number: b"200 OK")
    sender = relp(server.port)
    sender.send(messages(0, 1))
    sender._session._connection.shutdown(socket.SHUT_RD)  # as after its end
    assert sender.unread() == 0
    sender.send(messages(1, 2))
    assert (server.taken, server.connections) == (messages(0, 2), 2)


def test_a_real_rsyslog_over_its_restart(make_rsyslog_relp, relp):
    server = make_rsyslog_relp()
    sender = relp(server.port)
    sender.send([b"<134>Nov 20 10:00:00 host CEF:0|number %d" % number for number in range(300)])
    lines = server.raw.lines(300)
    assert [line.rpartition(" ")[2] for line in lines] == [str(number) for number in range(300)]
    server.stop()

    again = make_rsyslog_relp(server.port)
    deadline = time.monotonic() + LONG_ENOUGH
    sender.unread()
    while time.monotonic() < deadline:
        try:
            sender.send([b"<134>Nov 20 10:00:00 host CEF:0|number 300"])
            break
        except Retry:
            continue
    assert len(again.raw.lines(1)) == 1
    sender.conclude()


def test_a_real_rsyslog_over_tls(make_rsyslog_relp, authority, relp):
    server = make_rsyslog_relp(tls=True)

    certificate, key = authority.issue("client.example")

    def context() -> ssl.SSLContext:
        return client_context(ca_file=authority.certificate, cert_file=certificate, key_file=key, verify=True)

    sender = relp(server.port, tls=context, server_name="localhost")
    sender.send([b"<134>Nov 20 10:00:00 host CEF:0|number %d" % number for number in range(WINDOW + 2)])
    assert len(server.raw.lines(WINDOW + 2)) == WINDOW + 2
    sender.conclude()
