"""Governance actions by an HTTPS request to somebody's service, signed so that it can tell who asks."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import ssl
from email.utils import parsedate_to_datetime
from typing import Annotated, Any, ClassVar
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from casbd import __version__
from casbd.clock import Clock, now
from casbd.documents.duration_option import Duration
from casbd.documents.regular_files import certificates
from casbd.documents.secrets import Key
from casbd.errors import Mistake, Mistakes, Rejected, Retry
from casbd.model.governance import GovernanceCommand
from casbd.plugins import Actions, ConfigPath, Options, registry
from casbd.wire import json_lines

_PASSING = frozenset((408, 425, 429))
"""Status codes below 500 that ask for another try: timeout, too early, too many requests."""

_LONGEST_WAIT = 3600.0
"""Seconds: a `Retry-After` beyond this is cut."""


class WebhookOptions(Options):
    """Options of the connector `webhook`."""

    url: Annotated[str, Field(max_length=2000)]
    """https; http only to this host itself (127.0.0.1, ::1, localhost)."""
    secret: Key
    """The key of the signature: {credential: NAME} (systemd), {env: NAME} or {file: PATH}."""
    timeout: Duration = 30_000
    """For the whole request, from looking up the name to the head of the answer."""
    ca_file: ConfigPath | None = Field(default=None, examples=["ca.pem"])
    """Whom to trust (PEM). Left out: the system's list."""
    actions: Actions = Field(default=("*",), examples=[["suspend_user", "open_ticket"]])
    """What a policy may ask of it. Left out: all of casbd's own actions (rules/README.md); one of your own has to be listed."""

    @field_validator("url")
    @classmethod
    def _secure(cls, url: str) -> str:
        try:
            parts = urlsplit(url)
            _ = parts.port
        except ValueError as error:
            raise ValueError(f"is no URL: {error}") from None
        if parts.scheme not in ("https", "http") or not parts.hostname:
            raise ValueError("must be an https URL")
        if parts.scheme == "http" and not _is_loopback(parts.hostname):
            raise ValueError("must be https, but for this host itself")
        if parts.username is not None or parts.password is not None:
            raise ValueError("must not hold a user name or password: what is secret goes into `secret`")
        return url


@registry.connector
class Webhook:
    """Posts each governance command as JSON.

    `X-Casbd-Timestamp` has the seconds since 1970, `X-Casbd-Signature` `sha256=` and the hex HMAC-SHA256 of that text, a dot
    and the body, `Idempotency-Key` the command's id, which stays the same when it is sent again. A 2xx answer: done.
    """

    Options: ClassVar[type[Options]] = WebhookOptions
    actions: ClassVar[tuple[str, ...]] = ("*",)
    example: ClassVar[dict[str, Any]] = {"url": "https://soar.example.com/casbd", "secret": {"credential": "webhook-key"}}

    def __init__(self, options: WebhookOptions, clock: Clock = now) -> None:
        """Raises Mistakes where the secret or the CA file cannot be read."""
        self._options = options
        self._clock = clock
        options.secret.check()
        try:
            self._context()
        except OSError as error:
            raise Mistakes([Mistake(str(options.ca_file), 0, 0, f"cannot be used for TLS: {error.strerror or error}")]) from None

    def execute(self, command: GovernanceCommand) -> None:
        """Send it. Retry where the network or the service has a passing failure; Rejected where the service says no."""
        if not {"*", command.action} & set(self._options.actions):
            raise Rejected(f"the connector's `actions` do not have {command.action}")
        from casbd.wire.http_request import post  # httpx takes 100 ms and 10 MB: only who sends webhooks pays for it

        options, body = self._options, json_lines.command(command)
        host = str(urlsplit(options.url).hostname)
        proxy = not _is_loopback(host)  # it would see what is meant for this host itself
        try:
            headers = self._headers(command.command_id, body)
            self._judge(*post(options.url, body, headers, self._context(), options.timeout / 1000, proxy=proxy))
        except OSError as error:
            raise Retry(f"{host}: {error}") from None
        except Mistakes as error:
            raise Retry(str(error)) from None

    def _headers(self, command_id: str, body: bytes) -> dict[str, str]:
        timestamp = str(self._clock() // 1000)
        key = self._options.secret.key()
        signature = hmac.new(key, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        return {
            "Content-Type": "application/json",
            "User-Agent": f"casbd/{__version__}",
            "Idempotency-Key": command_id,
            "X-Casbd-Timestamp": timestamp,
            "X-Casbd-Signature": f"sha256={signature}",
        }

    def _judge(self, status: int, retry_after: str | None) -> None:
        if 200 <= status < 300:
            return
        if status in _PASSING or status >= 500:
            raise Retry(f"the service answered {status}", after=self._wait(retry_after))
        raise Rejected(f"the service answered {status}")

    def _wait(self, retry_after: str | None) -> float | None:
        """Seconds, from a `Retry-After` header (RFC 9110, 10.2.3): a number, or a date."""
        if not retry_after:
            return None
        try:
            if retry_after.isascii() and retry_after.isdigit():
                seconds = float(retry_after)
            else:
                seconds = parsedate_to_datetime(retry_after).timestamp() - self._clock() / 1000
        except (ValueError, OverflowError):
            return None
        return min(max(seconds, 0.0), _LONGEST_WAIT)

    def _context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=certificates(self._options.ca_file))
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
