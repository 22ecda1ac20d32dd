"""Alerts, activities and outcomes of governance as log records to an OpenTelemetry Collector, or whoever else takes OTLP over HTTP.

Source: OpenTelemetry, "OTLP Specification 1.7" (OTLP/HTTP, Partial Success, Failures).
"""

from __future__ import annotations

import gzip
import logging
import socket
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

import msgspec
from pydantic import ByteSize, Field

from casbd.clock import Clock, now
from casbd.documents.secrets import Secret
from casbd.errors import Retry
from casbd.outputs._base_urls import ends_before
from casbd.outputs._message import json_message, kind_of, message_id
from casbd.outputs._parts import Messages, NotTaken, send_in_parts
from casbd.plugins import Item, Options, registry
from casbd.web.answers import RECHECK, is_passing, told, wait
from casbd.web.api import BaseUrl, Http, HttpOptions, host_of
from casbd.web.headers import secret_now
from casbd.wire import otlp
from casbd.wire.plain_text import cut, single_line

_BAD_REQUEST = frozenset((400, 413, 422))
_MOST_OF_ANSWER = 1 << 20
_MOST_OF_REASON = 300
_PATH = "/v1/logs"
_LOG = logging.getLogger(__name__)


class OtlpOptions(HttpOptions):
    """Options of the output `otlp`."""

    url: Annotated[BaseUrl, ends_before(_PATH)]
    """Where logs are taken, without `/v1/logs`: https, of a collector usually with port 4318; http only to this host itself."""
    token: Secret | None = None
    """What the receiver knows us by: {credential: NAME} (systemd), {env: NAME} or {file: PATH}."""
    header: Annotated[str, Field(max_length=100, pattern=r"^[A-Za-z0-9-]+$")] = "Authorization"
    """The header that has the token; behind `Bearer` where it is `Authorization`."""
    hostname: Annotated[str, Field(min_length=1, max_length=255)] | None = Field(default=None, examples=["casbd.example.com"])
    """The resource's `host.name`. Left out: this host's name."""
    compress: bool = True
    """Whether requests are compressed (gzip)."""
    max_request: Annotated[ByteSize, Field(ge=10_000, le=100_000_000)] = Field(default=ByteSize(2_000_000), examples=["2MB"])
    """A request holds so much before it is compressed, at most; a larger record goes alone."""


class _Partial(msgspec.Struct, rename="camel"):
    rejected_log_records: int = 0
    error_message: str = ""


class _Answer(msgspec.Struct, rename="camel"):
    partial_success: _Partial | None = None


@registry.output
class Otlp:
    """Exports log records, some in a request, over a connection that is kept. The attribute `log.record.uid` tells a repeat."""

    Options: ClassVar[type[Options]] = OtlpOptions
    example: ClassVar[dict[str, Any]] = {"url": "https://otel.example.com:4318", "token": {"credential": "otel-token"}}

    def __init__(self, options: OtlpOptions, clock: Clock = now) -> None:
        """Raises Mistakes where the token or the CA file cannot be read."""
        self._options = options
        self._clock = clock
        self._host = host_of(options.url)
        self._http = Http(options, clock, keeps=True)
        self._sender = options.hostname or socket.gethostname()
        self._warned = ""
        if options.token is not None:
            options.token.check()

    def send(self, items: Sequence[Item]) -> None:
        """Send all, in order; return when the receiver has taken all."""
        send_in_parts([self._record(item) for item in items], self._options.max_request, self._post)

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def _record(self, item: Item) -> bytes:
        message = json_message(item)
        return otlp.record(item, message, message_id(message), kind_of(item)) + b","

    def _post(self, part: Messages) -> None:
        body, headers = otlp.request(b"".join(part)[:-1], self._sender), {"Content-Type": "application/json"}
        token = self._token()
        if token:
            headers[self._options.header] = token
        if self._options.compress:
            body, headers["Content-Encoding"] = gzip.compress(body, 5, mtime=0), "gzip"
        answer = self._http.send("POST", self._options.url + _PATH, body, headers, most=_MOST_OF_ANSWER)
        if answer.status == 200:
            self._look_at(answer.body)
            return
        reason, _ = told(self._host, answer, [token.rpartition(" ")[2]])
        if answer.status in _BAD_REQUEST:
            raise NotTaken(reason)
        if is_passing(answer.status):
            raise Retry(reason, after=wait(answer.headers, self._clock()))
        raise Retry(reason, after=RECHECK, lasting=True)

    def _look_at(self, body: bytes) -> None:
        """NotTaken where some are refused: it is not said which, so that they are looked for in smaller requests."""
        partial = _partial(body)
        if partial is None:
            raise Retry(f"{self._host} answered 200 with something else than expected")
        said = cut(single_line(partial.error_message), _MOST_OF_REASON)
        if partial.rejected_log_records > 0:
            raise NotTaken(f"{self._host} refused it: {said}")
        if said != self._warned:
            self._warned = said
            if said:
                _LOG.warning("%s took everything, and says: %s", self._host, said)

    def _token(self) -> str:
        if self._options.token is None:
            return ""
        token = secret_now(self._options.token.reveal, "token")
        return f"Bearer {token}" if self._options.header.lower() == "authorization" else token


def _partial(body: bytes) -> _Partial | None:
    """What is said of records that were refused; None where the answer is something else, such as the page of a proxy."""
    try:
        return msgspec.json.decode(body or b"{}", type=_Answer, strict=False).partial_success or _Partial()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
