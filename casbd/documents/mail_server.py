"""A mail server as the configuration names it: the section `mail`, and the options of the connector of that name."""

from __future__ import annotations

import ssl
from typing import Annotated, Literal

from pydantic import Field, model_validator

from casbd.documents.duration_option import Duration
from casbd.documents.mail_addresses import MailAddress
from casbd.documents.regular_files import certificates
from casbd.documents.secrets import Secret
from casbd.errors import Mistake, Mistakes
from casbd.plugins import ConfigPath, Options

_PORTS = {"starttls": 587, "tls": 465, "none": 25}


class MailServer(Options):
    """Where mail goes out, and from whom."""

    host: Annotated[str, Field(min_length=1, max_length=253, pattern=r"^[^\s/@]+$")]
    """The server's name or address."""
    port: Annotated[int, Field(gt=0, lt=65536)] | None = Field(default=None, examples=[587])
    """Left out: 587, with `tls: tls` 465, with `tls: none` 25."""
    tls: Literal["starttls", "tls", "none"] = "starttls"
    """`starttls`, `tls` from the first byte (RFC 8314), or `none` for a relay on this host. There is no falling back from TLS."""
    sender: MailAddress = Field(alias="from")
    """Who the mail is from."""
    user: Annotated[str, Field(min_length=1)] | None = Field(default=None, examples=["casbd"])
    """Who casbd is to the server, if that wants to know."""
    password: Secret | None = Field(default=None, examples=[{"credential": "smtp"}])
    """{credential: NAME} (systemd), {env: NAME} or {file: PATH}. It is sent over TLS alone."""
    ca_file: ConfigPath | None = Field(default=None, examples=["mail-ca.pem"])
    """Whom to trust (PEM). Left out: the system's list."""
    timeout: Duration = 30_000
    """A server that says nothing for so long, or is not done after ten times as long, is given up, and tried again."""

    @model_validator(mode="after")
    def _goes_together(self) -> MailServer:
        if (self.user is None) != (self.password is None):
            raise ValueError("`user` and `password` go together")
        if self.user is not None and self.tls == "none":
            raise ValueError("with `tls: none` everybody on the way would read the password: starttls or tls")
        return self

    @property
    def reached_at(self) -> int:
        """The port."""
        return self.port or _PORTS[self.tls]

    def context(self) -> ssl.SSLContext:
        """TLS 1.2 or newer, the server's certificate and name are checked. OSError (ssl.SSLError is one) where `ca_file` is of no use."""
        context = ssl.create_default_context(cafile=certificates(self.ca_file))
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context

    def check(self) -> None:
        """Raise Mistakes where the password or `ca_file` cannot be read: for the start, so that it does not fail on first use."""
        if self.password is not None:
            self.password.check()
        try:
            self.context()
        except OSError as error:
            raise Mistakes([Mistake(str(self.ca_file), 0, 0, f"cannot be used for TLS: {error.strerror or error}")]) from None
