"""Messages as UDP datagrams. Nothing is acknowledged: a receiver's absence is noticed only if its host says so."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence

from casbd.errors import Retry
from casbd.outputs._connection import wait_for_word

BURST = 32
PAUSE = 0.002
"""So many datagrams go at once, and then nothing for so many seconds: a receiver's kernel drops without a word what its buffer
(212,992 bytes where nobody enlarged it, some 90 messages) does not hold until the program there has read it."""


class Datagrams:
    """A UDP socket for one receiver, one message a datagram (RFC 5426)."""

    acknowledged = False

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._socket: socket.socket | None = None
        self._refusals = 0

    def send(self, frames: Sequence[bytes]) -> None:
        """Send all, in order. Retry where the receiver's host said that nobody listens (ICMP), or where there is no way."""
        sent = 0
        try:
            connection = self._connection()
            for frame in frames:
                if sent % BURST == BURST - 1:
                    wait_for_word(connection, PAUSE)  # a refusal is heard at once
                connection.send(frame)
                sent += 1
            if error := connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                raise OSError(error, os.strerror(error))
        except ConnectionRefusedError as error:  # it is about datagrams before this one, nobody knows which
            self._refusals += 1
            self.close()
            raise Retry(f"{self._host}:{self._port}: {error.strerror}") from None
        except (OSError, UnicodeError) as error:
            self.close()
            raise Retry(f"{self._host}:{self._port}: {getattr(error, 'strerror', None) or error}", sent=sent) from None

    def unread(self) -> int:
        """Nothing is known of what was sent, and nothing will be: none is kept for that."""
        return 0

    def conclude(self) -> None:
        """Close the socket."""
        self.close()

    def close(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _connection(self) -> socket.socket:
        """A connected socket: only such a one hears that a datagram was refused.

        After a refusal it is the name's next address: `localhost` is ::1 and 127.0.0.1, and the receiver may be at one only.
        """
        if self._socket is None:
            addresses = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_DGRAM)
            family, kind, protocol, _, address = addresses[self._refusals % len(addresses)]
            self._socket = socket.socket(family, kind, protocol)
            self._socket.connect(address)
        return self._socket
