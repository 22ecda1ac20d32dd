"""Governance actions by an HTTPS request to somebody's service, signed so that it can tell who asks."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from casbd.clock import Clock, now
from casbd.documents.secrets import Key
from casbd.errors import Mistakes, Rejected, Retry, sentence
from casbd.model.governance import GovernanceCommand
from casbd.plugins import Actions, Options, registry
from casbd.web.api import Http, HttpOptions, SecureUrl, host_of
from casbd.web.signature import signature
from casbd.wire import json_lines


class WebhookOptions(HttpOptions):
    """Options of the connector `webhook`."""

    url: SecureUrl
    """https; http only to this host itself (127.0.0.1, ::1, localhost)."""
    secret: Key
    """The key of the signature: {credential: NAME} (systemd), {env: NAME} or {file: PATH}."""
    actions: Actions = Field(default=("*",), examples=[["suspend_user", "open_ticket"]])
    """What a policy may ask of it. Left out: all of casbd's own actions (rules/README.md); one of your own has to be listed."""


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
        self._http = Http(options, clock)

    def execute(self, command: GovernanceCommand) -> None:
        """Send it. Retry where the network or the service has a passing failure; Rejected where the service says no."""
        if not {"*", command.action} & set(self._options.actions):
            raise Rejected(f"the connector's `actions` do not have {command.action}")
        body, url = json_lines.command(command), self._options.url
        try:
            headers = signature(self._options.secret, body, self._clock())
        except Mistakes as error:
            raise Retry(sentence(error)) from None
        headers |= {"Content-Type": "application/json", "Idempotency-Key": command.command_id}
        self._http.judged(host_of(url), self._http.send("POST", url, body, headers, most=0))
