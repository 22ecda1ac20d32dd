"""One mail to a mail server (RFC 5321): returning means that the server has it."""

from __future__ import annotations

import smtplib
import socket
import ssl
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from email.message import EmailMessage
from typing import Any

from casbd.documents.mail_server import MailServer
from casbd.errors import Mistakes, Rejected, Retry, sentence
from casbd.wire.plain_text import cut, single_line

_TOO_LARGE = 552
IN_DOUBT = 300.0
"""Seconds until a mail goes again that the server may have: some answer too late for each, and people would get it every minute."""


EXCHANGE = 10
"""Times the time-out, which is of each reading alone: a server that drips its answers would hold the mail for everybody."""


class _Connection(smtplib.SMTP):
    """handed_over: whether a mail's text was sent, so that the server may have it without having said so."""

    handed_over = False

    def connect(self, host: str = "localhost", port: int = 0, source_address: Any = None) -> tuple[int, bytes]:
        self._end = threading.Timer(EXCHANGE * self.timeout, self._end_it)
        self._end.daemon = True
        self._end.start()
        try:
            return super().connect(host, port, source_address)
        except BaseException:  # whatever it was: nobody else has the connection to close it
            self.close()
            raise

    def close(self) -> None:
        self._end.cancel()
        super().close()

    def _end_it(self) -> None:
        with suppress(OSError):  # it may be closed just now
            if self.sock is not None:
                self.sock.shutdown(socket.SHUT_RDWR)

    def data(self, msg: bytes | str) -> tuple[int, bytes]:  # type: ignore[override]
        self.handed_over = True
        return super().data(msg)


class _TlsConnection(_Connection, smtplib.SMTP_SSL):
    pass


def send(server: MailServer, message: EmailMessage, recipients: Sequence[str]) -> dict[str, str]:
    """Send it to plain addresses; those that the server refused, each with what it said, where it took others.

    Retry where it may go later: no connection, no TLS, no login, a reply of 4xx (RFC 5321, 4.2.1). A login or a sender that is refused is
    the operator's to mend, so nothing is given up for that. What the server may have goes again after `IN_DOUBT`.
    Rejected where the server will never take it for any of them.
    """
    try:
        connection = _connected(server)
    except smtplib.SMTPResponseException as error:
        raise Retry(f"{server.host}: {_said(error.smtp_code, error.smtp_error)}") from None
    except (smtplib.SMTPException, OSError) as error:
        raise Retry(f"{server.host}: {_reason(error)}") from None
    try:
        _log_in(connection, server)
        return _transaction(connection, server, message, recipients)
    except (smtplib.SMTPException, OSError) as error:
        raise Retry(f"{server.host}: {_reason(error)}", after=IN_DOUBT if connection.handed_over else None) from None
    finally:
        with suppress(smtplib.SMTPException, OSError):  # after its 250 the server has the mail, whatever it says to the good-bye
            connection.quit()
        connection.close()


def _connected(server: MailServer) -> _Connection:
    seconds = server.timeout / 1000
    if server.tls == "tls":
        return _TlsConnection(server.host, server.reached_at, timeout=seconds, context=server.context())
    connection = _Connection(server.host, server.reached_at, timeout=seconds)
    if server.tls == "starttls":
        try:
            connection.starttls(context=server.context())
        except BaseException:  # whatever it was: nobody else has the connection to close it
            connection.close()
            raise
    return connection


def _log_in(connection: smtplib.SMTP, server: MailServer) -> None:
    """What the server says to a login is not repeated: it might hold what it was given."""
    if server.user is None or server.password is None:
        return
    try:
        connection.login(server.user, server.password.reveal())
    except Mistakes as error:
        raise Retry(sentence(error)) from None
    except smtplib.SMTPResponseException as error:
        raise Retry(f"{server.host}: it refused the login of {server.user} ({error.smtp_code})") from None
    except UnicodeError:
        raise Retry(f"{server.host}: the password has characters that SMTP cannot carry") from None


def _transaction(connection: smtplib.SMTP, server: MailServer, message: EmailMessage, recipients: Sequence[str]) -> dict[str, str]:
    try:
        return _refusals(connection.send_message(message, server.sender, [*recipients]))
    except smtplib.SMTPRecipientsRefused as error:
        told = "; ".join(f"{address}: {said}" for address, said in _refusals(error.recipients).items())
        final = all(500 <= code < 600 for code, _ in error.recipients.values())
        raise (Rejected if final else Retry)(f"{server.host}: {told}") from None
    except smtplib.SMTPSenderRefused as error:
        refused = Rejected if error.smtp_code == _TOO_LARGE else Retry
        raise refused(f"{server.host}: the sender: {_said(error.smtp_code, error.smtp_error)}") from None
    except smtplib.SMTPDataError as error:
        final = 500 <= error.smtp_code < 600
        raise (Rejected if final else Retry)(f"{server.host}: {_said(error.smtp_code, error.smtp_error)}") from None


def _refusals(replies: Mapping[str, tuple[int, bytes]]) -> dict[str, str]:
    return {address: _said(*reply) for address, reply in replies.items()}


def _said(code: int, text: bytes | str) -> str:
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return cut(f"{code} {single_line(words)}", 300)


def _reason(error: Exception) -> str:
    """Why there was no answer, in few words."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate: {error.verify_message}"
    if isinstance(error, TimeoutError):
        return "timed out"
    if isinstance(error, socket.gaierror):
        return "its name is not known"
    if isinstance(error, OSError) and not isinstance(error, smtplib.SMTPException) and error.strerror:
        return error.strerror
    return cut(single_line(str(error)), 300) or type(error).__name__
