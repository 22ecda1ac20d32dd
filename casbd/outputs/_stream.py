"""Messages over one TCP connection, with or without TLS, to a receiver that acknowledges nothing itself.

A stream socket takes bytes and says nothing of their fate, and the standard library's handlers swallow what it does say.
So this one waits after each chunk until the receiver's kernel has acknowledged it, keeps in mind how much of that the
program there may not have read (`_doubt.py`), and reports what is in doubt when the connection ends, however it ends.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence

from casbd.clock import monotonic
from casbd.errors import Retry
from casbd.outputs import _connection
from casbd.outputs._connection import Address
from casbd.outputs._doubt import GOOD_BYE_BYTES, Doubt
from casbd.outputs._parts import in_parts

CHUNK = 256 * 1024
"""Bytes sent before waiting for their acknowledgement: how far a failure sets a batch back."""

CONCLUDE_SECONDS = 5.0
"""How long the receiver may take to read all and close, once we have said good-bye."""


class Stream:
    """A connection to one receiver, made when it is needed and kept.

    window: seconds after which what was acknowledged is no longer in doubt, while the connection stands.
    """

    acknowledged = True

    def __init__(self, address: Address, window: float, clock: Callable[[], float] = monotonic) -> None:
        self._address = address
        self._clock = clock
        self._socket: socket.socket | None = None
        self._doubt = Doubt(window)

    def send(self, frames: Sequence[bytes]) -> None:
        """Send all, in order, and wait for the kernel's acknowledgement. Retry, with what is in doubt of earlier calls, and none sent."""
        self.unread()  # first: where the connection has ended, what is in doubt must be sent again before what is new
        before = self._doubt.items
        try:
            if self._socket is None:
                self._socket = self._address.connect()
            for chunk in in_parts(frames, CHUNK):
                data = b"".join(chunk)
                _connection.send_all(self._socket, data, self._address.send_timeout)
                self._doubt.add(len(chunk), len(data), self._clock())
        except (OSError, UnicodeError) as error:
            self._drop()
            # none counts as sent, whatever the kernel took: a half-sent chunk would else be out of the outbox and never read
            raise Retry(self._address.reason(error), unread=before) from None

    def unread(self) -> int:
        """How many of the latest items may not have been read. Retry where the connection has ended, and some may never be."""
        if self._socket is None:
            return 0
        try:
            if _connection.peer_is_there(self._socket):
                self._doubt.expire(self._clock(), _connection.buffer_of_peer(self._socket) + GOOD_BYE_BYTES)
                return self._doubt.items
            _connection.ended_in_order(self._socket)
            self._doubt.good_bye(self._clock())
            reason = self._address.reason(ConnectionError("the receiver closed the connection"))
        except OSError as error:
            reason = self._address.reason(error)
        if unread := self._drop():
            raise Retry(f"{reason}; what it may not have read is sent again", unread=unread)
        return 0

    def conclude(self) -> None:
        """End the connection in order: nothing is in doubt then. Retry where the receiver does not say that it has read all."""
        if self._socket is None:
            return
        try:
            _connection.good_bye(self._socket, CONCLUDE_SECONDS)
        except OSError as error:
            if unread := self._drop():
                raise Retry(f"{self._address.reason(error)}; what it may not have read is sent again", unread=unread) from None
        self._drop()

    def close(self) -> None:
        """Let go of the connection, whatever is in doubt."""
        self._drop()

    def _drop(self) -> int:
        """Forget the connection; how many items were in doubt."""
        if self._socket is not None:
            _connection.abort(self._socket)
            self._socket = None
        return self._doubt.clear()
