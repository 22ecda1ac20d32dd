"""Receivers that behave as a test says: in threads, on loopback. And what is sent to them."""

import contextlib
import select
import socket
import struct
import threading
import time
from collections.abc import Callable

from casbd.errors import Retry
from casbd.outputs._connection import Address
from casbd.outputs._stream import Stream

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


WINDOW = 600.0


class Time:
    """A clock that a test sets."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


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


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
