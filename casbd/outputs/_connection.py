"""A TCP connection to a receiver, with or without TLS: making it, looking after it, ending it."""

from __future__ import annotations

import array
import contextlib
import errno
import fcntl
import os
import select
import socket
import ssl
import struct
import sys
import termios
from collections.abc import Callable
from typing import NamedTuple

_TLS_VERDICT = 0.5
"""Seconds for a TLS 1.3 server to refuse our certificate, which it does only after our side's handshake has ended."""

_TCP_CLOSE = 7
_MOST_READS = 64
"""A peer that talks without end must not keep us from sending."""

_PAUSES = (0.0005, 0.02)
"""Seconds between looks at what is unacknowledged: the first, doubling to the longest."""

_PIECE = 64 * 1024
"""Bytes that a receiver takes within `send_timeout`, or it is given up: a slow one does take them."""


class Address(NamedTuple):
    """Where a receiver is. Timeouts are in seconds.

    tls: makes the context of a new connection, so that renewed certificates are taken up; None is plain TCP.
    """

    host: str
    port: int
    connect_timeout: float
    send_timeout: float
    tls: Callable[[], ssl.SSLContext] | None = None
    server_name: str = ""

    def connect(self) -> socket.socket:
        """A new connection; OSError (ssl.SSLError is one), UnicodeError for a host name that cannot be looked up."""
        connection = socket.create_connection((self.host, self.port), self.connect_timeout)
        try:
            _set_options(connection, self.send_timeout)
            if self.tls:
                connection = self.tls().wrap_socket(connection, server_hostname=self.server_name or self.host)
                if connection.version() == "TLSv1.3":
                    wait_for_word(connection, _TLS_VERDICT)
                    if not peer_is_there(connection):
                        raise ConnectionResetError("the receiver closed the connection after the TLS handshake")
        except BaseException:  # whatever ends it: nobody else has the connection to close it
            connection.close()
            raise
        return connection

    def reason(self, error: Exception) -> str:
        """Why it did not work, for `status`."""
        return f"{self.host}:{self.port}: {getattr(error, 'strerror', None) or error}"


def _set_options(connection: socket.socket, send_timeout: float) -> None:
    """Find out about a dead host within half a minute, whoever is silent."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 10)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 5)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(send_timeout * 1000))


def wait_for_word(connection: socket.socket, seconds: float) -> None:
    """Until the peer has said something or the connection has an error, at most so long. (`select` cannot have descriptors over 1023.)"""
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    poll.poll(seconds * 1000)


def peer_is_there(connection: socket.socket) -> bool:
    """False after the peer's good-bye; OSError where it reset the connection or refused our certificate."""
    connection.settimeout(0)
    try:
        for _ in range(_MOST_READS):  # receivers have nothing to say, but TLS 1.3 sends session tickets
            if not connection.recv(65536):
                return False
    except (BlockingIOError, ssl.SSLWantReadError):
        pass
    return True


def send_all(connection: socket.socket, data: bytes, timeout: float) -> None:
    """Send, and wait until the peer's kernel has acknowledged every byte.

    TimeoutError where nothing goes on for so many seconds: a slow link is none. OSError where the connection has broken.
    """
    connection.settimeout(timeout)
    rest = memoryview(data)
    while rest:
        rest = rest[connection.send(rest[:_PIECE]) :]
    waited, pause, before = 0.0, _PAUSES[0], -1
    while queued := _unacknowledged(connection):
        waited = waited if queued == before else 0.0
        if waited > timeout:
            raise TimeoutError(f"no acknowledgement within {timeout:g} s")
        select.select([], [], [], pause)
        waited, before = waited + pause, queued
        pause = min(2 * pause, _PAUSES[1])


def buffer_of_peer(connection: socket.socket) -> int:
    """Bytes that the peer's kernel can hold unread, at most: it scales the window that it offers so that its largest fits (RFC 7323)."""
    scales = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 7)[6]  # tcpi_snd_wscale and tcpi_rcv_wscale, four bits each
    return 65_535 << (scales & 15 if sys.byteorder == "little" else scales >> 4)


def good_bye(connection: socket.socket, timeout: float) -> None:
    """End a connection in order, and wait for the peer's good-bye: its program has then read everything.

    A program sees our end only behind all that was sent before, and a kernel that closes with something unread resets. TimeoutError
    where the peer does not answer within so many seconds; another OSError where it resets.
    """
    if isinstance(connection, ssl.SSLSocket):
        connection.settimeout(0)
        try:
            connection.unwrap()  # sends TLS's own good-bye; the answer is not waited for, as many never give it
        except ssl.SSLError:
            pass
        except OSError as error:
            if error.errno:  # the kernel reports a reset once: swallowed here, what follows would look like an end in order
                raise
    _say_our_end(connection)
    connection.settimeout(timeout)
    for _ in range(_MOST_READS):
        if not connection.recv(65536):
            return ended_in_order(connection, timeout)
    raise TimeoutError("the receiver talks without end")


def ended_in_order(connection: socket.socket, timeout: float = 1.0) -> None:
    """After the peer's good-bye: OSError where a reset came behind it, or no end comes of it, as then something was unread."""
    _say_our_end(connection)
    waited = 0.0
    while connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] != _TCP_CLOSE:
        if waited > timeout:
            raise TimeoutError("the receiver said good-bye, and did not go")
        select.select([], [], [], _PAUSES[1])
        waited += _PAUSES[1]
    _raise_error_of(connection)


def _say_our_end(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_WR)
    except OSError as error:
        if error.errno != errno.ENOTCONN:  # it was reset, or both have said it: what is read next shows which
            raise


def abort(connection: socket.socket) -> None:
    """Drop a connection and what its buffer holds: it must not arrive behind the repetition."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def _unacknowledged(connection: socket.socket) -> int:
    """Bytes that are on their way (Linux: SIOCOUTQ, tcp(7)). OSError where the connection has broken."""
    queued = array.array("i", [0])
    fcntl.ioctl(connection, termios.TIOCOUTQ, queued)
    _raise_error_of(connection)
    if connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == _TCP_CLOSE:
        raise ConnectionResetError("the receiver reset the connection")
    return queued[0]


def _raise_error_of(connection: socket.socket) -> None:
    if error := connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
        raise OSError(error, os.strerror(error))
