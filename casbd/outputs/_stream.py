"""One TCP connection, with or without TLS, on which "sent" means that the receiver's kernel has acknowledged the bytes.

A stream socket takes bytes and says nothing of their fate, and the standard library's handlers swallow what it does say.
So this one looks before each batch whether the peer has gone, and waits after it until nothing is unacknowledged. What
was acknowledged but perhaps not read by a peer that reset the connection is sent again on the next one.
"""

from __future__ import annotations

import array
import contextlib
import fcntl
import os
import select
import socket
import ssl
import struct
import termios
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence

from casbd.errors import Retry

CHUNK = 256 * 1024
"""Bytes sent before waiting for their acknowledgement: how far a failure sets a batch back."""

REMEMBERED = 256 * 1024
"""Bytes of the latest messages that are kept in case the peer has not read them: more than a usual receive buffer."""

_PAUSES = (0.0005, 0.02)
"""Seconds between looks at what is unacknowledged: the first, doubling to the longest."""

_TLS_VERDICT = 0.5
"""Seconds for a TLS 1.3 server to refuse our certificate, which it does only after our side's handshake has ended."""

_TCP_CLOSE = 7
_MOST_READS = 64
"""A peer that talks without end must not keep us from sending."""


class Stream:
    """A connection to one receiver, made when it is needed and kept. Timeouts are in seconds.

    tls: makes the context of a new connection, so that renewed certificates are taken up; None is plain TCP.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        connect_timeout: float,
        send_timeout: float,
        tls: Callable[[], ssl.SSLContext] | None = None,
        server_name: str = "",
    ) -> None:
        self._host, self._port = host, port
        self._connect_timeout, self._send_timeout = connect_timeout, send_timeout
        self._tls, self._server_name = tls, server_name or host
        self._socket: socket.socket | None = None
        self._recent = _Recent()
        self._again: list[bytes] = []

    def send(self, frames: Sequence[bytes]) -> None:
        """Send all, in order, and wait for the acknowledgement. Retry with the number of those acknowledged."""
        acknowledged = 0
        try:
            connection = self._connection()
            before = [*self._again, *self._recent]
            for chunk in _chunks([*self._again, *frames]):
                self._send_chunk(connection, chunk)
                self._recent.add(chunk)
                acknowledged += len(chunk)
        except (ConnectionError, ssl.SSLError) as error:
            # the peer may have acknowledged what it never read: the whole batch is in doubt, and what went before it
            if self._socket is not None:
                self._again = before
            self._abort()
            raise Retry(self._reason(error)) from None
        except (OSError, UnicodeError) as error:  # UnicodeError: a host name that cannot be looked up
            sent = max(0, acknowledged - len(self._again))
            self._again = self._again[acknowledged:]
            self._abort()
            raise Retry(self._reason(error), sent=sent) from None
        self._again = []

    def close(self) -> None:
        """End the connection in an orderly way. All that was sent has been acknowledged."""
        connection, self._socket = self._socket, None
        if connection is None:
            return
        with contextlib.closing(connection), contextlib.suppress(OSError, ValueError):  # the peer may be gone already
            connection.settimeout(_TLS_VERDICT)
            if isinstance(connection, ssl.SSLSocket):
                connection.unwrap()
            connection.shutdown(socket.SHUT_WR)

    def _connection(self) -> socket.socket:
        """The connection that is there, if its peer is too; else a new one."""
        if self._socket is not None:
            try:
                if _peer_is_there(self._socket):
                    return self._socket
            except OSError:
                self._again = list(self._recent)  # reset: perhaps unread
            self._abort()
        self._socket = self._connect()
        return self._socket

    def _connect(self) -> socket.socket:
        connection = socket.create_connection((self._host, self._port), self._connect_timeout)
        try:
            _set_options(connection, self._send_timeout)
            if self._tls:
                connection = self._tls().wrap_socket(connection, server_hostname=self._server_name)
                if connection.version() == "TLSv1.3":
                    select.select([connection], [], [], _TLS_VERDICT)
                    if not _peer_is_there(connection):
                        raise ConnectionResetError("the receiver closed the connection after the TLS handshake")
        except BaseException:  # whatever ends it: nobody else has the connection to close it
            connection.close()
            raise
        return connection

    def _send_chunk(self, connection: socket.socket, chunk: Iterable[bytes]) -> None:
        connection.settimeout(self._send_timeout)
        connection.sendall(b"".join(chunk))
        waited, pause = 0.0, _PAUSES[0]
        while _unacknowledged(connection):
            if waited > self._send_timeout:
                raise TimeoutError(f"no acknowledgement within {self._send_timeout:g} s")
            select.select([], [], [connection], pause)
            waited += pause
            pause = min(2 * pause, _PAUSES[1])

    def _abort(self) -> None:
        """Drop the connection and what its buffer holds: it must not arrive behind the repetition."""
        self._recent.clear()
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._socket.close()
            self._socket = None

    def _reason(self, error: Exception) -> str:
        return f"{self._host}:{self._port}: {getattr(error, 'strerror', None) or error}"


class _Recent(deque[bytes]):
    """The latest messages, up to `REMEMBERED` bytes."""

    size = 0

    def add(self, chunk: Iterable[bytes]) -> None:
        """Remember these; forget the oldest where there is no room."""
        for frame in chunk:
            self.append(frame)
            self.size += len(frame)
        while self.size > REMEMBERED:
            self.size -= len(self.popleft())

    def clear(self) -> None:
        """Forget all."""
        super().clear()
        self.size = 0


def _chunks(frames: Iterable[bytes]) -> Iterator[list[bytes]]:
    """The frames in groups of about `CHUNK` bytes, each sent by one call."""
    chunk: list[bytes] = []
    size = 0
    for frame in frames:
        if chunk and size + len(frame) > CHUNK:
            yield chunk
            chunk, size = [], 0
        chunk.append(frame)
        size += len(frame)
    if chunk:
        yield chunk


def _set_options(connection: socket.socket, send_timeout: float) -> None:
    """Find out about a dead peer within minutes, whoever is silent."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 10)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(send_timeout * 1000))


def _peer_is_there(connection: socket.socket) -> bool:
    """False after the peer's good-bye; OSError where it reset the connection or refused our certificate."""
    connection.settimeout(0)
    try:
        for _ in range(_MOST_READS):  # receivers have nothing to say, but TLS 1.3 sends session tickets
            if not connection.recv(65536):
                return False
    except (BlockingIOError, ssl.SSLWantReadError):
        pass
    return True


def _unacknowledged(connection: socket.socket) -> bool:
    """Whether bytes are on their way (Linux: SIOCOUTQ, tcp(7)). OSError where the connection has broken."""
    queued = array.array("i", [0])
    fcntl.ioctl(connection, termios.TIOCOUTQ, queued)
    if error := connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
        raise OSError(error, os.strerror(error))
    if connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == _TCP_CLOSE:
        raise ConnectionResetError("the receiver reset the connection")
    return queued[0] > 0
