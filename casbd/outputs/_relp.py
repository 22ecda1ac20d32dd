"""Messages by RELP, rsyslog's Reliable Event Logging Protocol: the program at the other end acknowledges each of them.

Made after the protocol's specification (https://www.rsyslog.com/doc/relp.html). A frame is `TXNR SP COMMAND SP LENGTH [SP DATA] LF`;
the receiver answers each with `TXNR SP rsp SP LENGTH SP 200 OK`, in any order. So nothing is ever in doubt: what was not answered
is sent again.
"""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
from collections.abc import Sequence

from casbd.errors import Retry
from casbd.outputs import _connection
from casbd.outputs._connection import Address

WINDOW = 128
"""Messages that may be without an answer at a time: as many as librelp's own client has."""

_OFFER = b"relp_version=0\nrelp_software=casbd\ncommands=syslog"
_MOST_DATA = 32 * 1024
"""Bytes of an answer: they are some words long."""

_LAST_NUMBER = 999_999_999
_HEAD = re.compile(rb"(\d{1,9}) ([A-Za-z]{1,32}) (\d{1,9})([ \n])")
_LONGEST_HEAD = 9 + 1 + 32 + 1 + 9 + 1


class Relp:
    """A RELP session with one receiver, opened when it is needed and kept."""

    acknowledged = True

    def __init__(self, address: Address) -> None:
        self._address = address
        self._session: _Session | None = None

    def send(self, messages: Sequence[bytes]) -> None:
        """Send all, in order, and wait for the receiver's answer to each. Retry, with the number of those that it has taken."""
        taken = 0
        try:
            if self._session is None:
                self._session = _Session(self._address)
            while taken < len(messages):
                taken += self._session.send(messages[taken : taken + WINDOW])
        except (OSError, UnicodeError, _Unexpected) as error:
            taken += self._session.taken if self._session else 0
            self.close()
            raise Retry(self._address.reason(error), sent=taken) from None

    def unread(self) -> int:
        """Nothing is in doubt. Lets go of a session that the receiver has ended, so that the next message does not meet it."""
        if self._session is not None and not self._session.stands():
            self.close()
        return 0

    def conclude(self) -> None:
        """End the session in order."""
        if self._session is not None:
            with contextlib.suppress(OSError, _Unexpected):  # all is answered: how it ends does not matter
                self._session.end()
        self.close()

    def close(self) -> None:
        """Let go of the connection."""
        if self._session is not None:
            self._session.close()
            self._session = None


class _Unexpected(Exception):
    """The receiver does not speak RELP, refuses a message, or has ended the session."""


class _Session:
    """An open session. taken: of the messages of the last `send`, how many from the first were answered."""

    def __init__(self, address: Address) -> None:
        self._timeout = address.send_timeout
        self._connection: socket.socket = address.connect()
        self._received = b""
        self._number = 0
        self.taken = 0
        try:
            self._write(self._frame(b"open", _OFFER))
            self._answer_to(self._number)
        except BaseException:  # whatever ends it: nobody else has the connection to close it
            self.close()
            raise

    def send(self, messages: Sequence[bytes]) -> int:
        """Send some messages, at most `WINDOW`, and wait for all answers; how many they were."""
        self.taken = 0
        frames = []
        waiting: dict[int, int] = {}
        for index, message in enumerate(messages):
            frames.append(self._frame(b"syslog", message))
            waiting[self._number] = index
        self._write(b"".join(frames))
        while waiting:
            number = self._answer()
            if waiting.pop(number, None) is None:
                raise _Unexpected("an answer to nothing that was sent")
            # by order and not by number of answers: behind a message without an answer nothing may count as taken
            self.taken = next(iter(waiting.values()), len(messages))
        taken, self.taken = self.taken, 0
        return taken

    def end(self) -> None:
        """Say that nothing follows, and wait for the answer."""
        self._write(self._frame(b"close", b""))
        self._answer_to(self._number)

    def stands(self) -> bool:
        """Whether the receiver is still there, as far as it has said."""
        self._connection.settimeout(0)
        try:
            self._connection.recv(_MOST_DATA)
        except (BlockingIOError, ssl.SSLWantReadError):
            return not self._received
        except OSError:
            return False
        return False  # its end, or what it says without being asked: that it ends the session

    def close(self) -> None:
        """Let go of the connection."""
        _connection.abort(self._connection)

    def _frame(self, command: bytes, data: bytes) -> bytes:
        self._number = self._number % _LAST_NUMBER + 1
        return b"%d %s %d%s%s\n" % (self._number, command, len(data), b" " if data else b"", data)

    def _write(self, data: bytes) -> None:
        _connection.send_all(self._connection, data, self._timeout)

    def _answer_to(self, number: int) -> None:
        if self._answer() != number:
            raise _Unexpected("an answer to nothing that was sent")

    def _answer(self) -> int:
        """The number of the next message that the receiver says it has taken."""
        number, command, data = self._read()
        if command != b"rsp":
            raise _Unexpected("the receiver has ended the session" if command == b"serverclose" else "no RELP answer")
        if data[:3] != b"200":
            raise _Unexpected(f"the receiver answers {data[:200].decode('utf-8', 'replace')!r}")
        return number

    def _read(self) -> tuple[int, bytes, bytes]:
        """One frame. TimeoutError where none comes in time, ConnectionError where the connection ends."""
        self._connection.settimeout(self._timeout)
        while (frame := self._whole_frame()) is None:
            more = self._connection.recv(_MOST_DATA)
            if not more:
                raise ConnectionResetError("the receiver closed the connection")
            self._received += more
        return frame

    def _whole_frame(self) -> tuple[int, bytes, bytes] | None:
        """Cut the next frame off what was received, if it is there as a whole."""
        head = _HEAD.match(self._received)
        if head is None:
            if len(self._received) > _LONGEST_HEAD or b"\n" in self._received:
                raise _Unexpected("no RELP answer")
            return None
        size = int(head[3])
        if size > _MOST_DATA:
            raise _Unexpected("an answer of more than 32 KiB")
        end = head.end() + size + (head[4] == b" ")
        if len(self._received) < end:
            return None
        data = self._received[head.end() : head.end() + size]
        self._received = self._received[end:]
        return int(head[1]), head[2], data
