"""A real SMTP server on loopback for tests, which answers as it is told."""

from __future__ import annotations

import socket
import ssl
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any, NamedTuple

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword


class Login(NamedTuple):
    """Who may send."""

    user: str
    password: str


class MailReceiver:
    """rcpt: by address, the reply to it. data: the replies to mails, one after the other; `drop` closes after taking one, without a reply.

    login: who has to log in. certificate: its path and the key's; with `implicit` TLS comes first, else by STARTTLS.
    """

    def __init__(self, *, login: Login | None = None, certificate: tuple[Path, Path] | None = None, implicit: bool = False) -> None:
        self.mails: list[EmailMessage] = []
        self.taken: list[tuple[str, ...]] = []
        self.rcpt: dict[str, str] = {}
        self.data: list[str] = []
        self.sender = ""
        self.logins: list[tuple[str, bool]] = []
        self._login = login
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        options: dict[str, Any] = {}
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            options = {"ssl_context": context} if implicit else {"tls_context": context, "require_starttls": True}
        if login is not None:
            options |= {"authenticator": self._authenticate, "auth_required": True, "auth_require_tls": not implicit}
        self._options = options

    def __enter__(self) -> MailReceiver:
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port, **self._options)
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    def _authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append((mechanism, session.ssl is not None))
        good = self._login is not None and data == (self._login.user.encode(), self._login.password.encode())
        return AuthResult(success=good, handled=False)

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        envelope.mail_from = address
        return self.sender or "250 OK"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        reply = self.rcpt.get(address, "250 OK")
        if reply.startswith("250"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        reply = self.data.pop(0) if self.data else "250 OK"
        if reply.startswith("250") or reply == "drop":
            mail = message_from_bytes(envelope.content, policy=default)
            assert isinstance(mail, EmailMessage)
            self.mails.append(mail)
            self.taken.append((*envelope.rcpt_tos,))
        if reply == "drop":
            server.transport.abort()
        return reply
