"""Alerts, activities and outcomes of governance as JSON to somebody's service, signed so that it can tell who sends."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

from pydantic import Field

from casbd.clock import Clock, now
from casbd.documents.secrets import Key
from casbd.errors import Mistakes, Rejected, Retry, sentence
from casbd.outputs._message import json_message
from casbd.outputs._parts import Messages, NotTaken, send_in_parts
from casbd.plugins import Item, Options, registry
from casbd.web.answers import RECHECK, is_passing, told, wait
from casbd.web.api import Http, HttpOptions, SecureUrl, host_of
from casbd.web.signature import signature

_BAD_REQUEST = frozenset((400, 413, 415, 422))
"""Of what was sent: all else that is no 2xx is of the service, the key or the URL, and would be said of any message."""
_MOST = 4_000_000
_MOST_OF_ANSWER = 1 << 16


class WebhookOptions(HttpOptions):
    """Options of the output `webhook`."""

    url: SecureUrl
    """https; http only to this host itself (127.0.0.1, ::1, localhost)."""
    secret: Key
    """The key of the signature: {credential: NAME} (systemd), {env: NAME} or {file: PATH}."""
    batch: Annotated[int, Field(ge=1, le=500)] = 1
    """How many messages go into a request, as an array. 1: each is a request, and the object itself its body."""


@registry.output
class Webhook:
    """Posts messages as JSON, and follows no redirect; a 2xx answer means that the service has them.

    `X-Casbd-Timestamp` has the seconds since 1970, `X-Casbd-Signature` `sha256=` and the hex HMAC-SHA256 of that text, a dot and the
    body. `Idempotency-Key` is the same when the same is sent again.
    """

    Options: ClassVar[type[Options]] = WebhookOptions
    example: ClassVar[dict[str, Any]] = {"url": "https://soar.example.com/casbd", "secret": {"credential": "webhook-key"}}

    def __init__(self, options: WebhookOptions, clock: Clock = now) -> None:
        """Raises Mistakes where the secret or the CA file cannot be read."""
        self._options = options
        self._clock = clock
        self._host = host_of(options.url)
        options.secret.check()
        self._http = Http(options, clock, keeps=True)

    def send(self, items: Sequence[Item]) -> None:
        """Send all, in order; return when the service has taken all."""
        batch = self._options.batch
        for start in range(0, len(items), batch):
            messages = [json_message(item) + b"," for item in items[start : start + batch]]
            try:
                send_in_parts(messages, _MOST, self._post)
            except (Retry, Rejected) as error:
                error.sent += start
                raise

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def _post(self, part: Messages) -> None:
        body = b"".join(part)[:-1]
        body = body if self._options.batch == 1 else b"[" + body + b"]"
        try:
            headers = signature(self._options.secret, body, self._clock())
        except Mistakes as error:  # a file that is being replaced
            raise Retry(sentence(error)) from None
        # Of the text, as ids are the vendor's or whoever made the record up, and an alert's is that of each message about it.
        headers |= {"Content-Type": "application/json", "Idempotency-Key": hashlib.sha256(body).hexdigest()[:32]}
        answer = self._http.send("POST", self._options.url, body, headers, most=_MOST_OF_ANSWER)
        if 200 <= answer.status < 300:
            return
        reason, _ = told(self._host, answer)
        if answer.status in _BAD_REQUEST:
            raise NotTaken(reason)
        if is_passing(answer.status):
            raise Retry(reason, after=wait(answer.headers, self._clock()))
        raise Retry(reason, after=RECHECK, lasting=True)
