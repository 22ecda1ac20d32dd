"""Messages as UDP datagrams. Nothing is acknowledged: a receiver's absence is noticed only if its host says so."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence

from casbd.errors import Retry


class Datagrams:
    """A UDP socket for one receiver, one message a datagram (RFC 5426)."""

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
            found = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_DGRAM)
            family, kind, protocol, _, address = found[self._refusals % len(found)]
            self._socket = socket.socket(family, kind, protocol)
            self._socket.connect(address)
        return self._socket
