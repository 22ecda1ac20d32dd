"""Alerts, activities and outcomes of governance as JSON to Splunk's HTTP Event Collector (HEC).

Source: Splunk, "Format events for HTTP Event Collector", "Possible error codes", "About HTTP Event Collector Indexer Acknowledgment".
"""

from __future__ import annotations

import gzip
import select
import socket
import ssl
import uuid
from collections.abc import Callable, Sequence
from typing import Annotated, Any, ClassVar

import msgspec
from pydantic import ByteSize, Field

from casbd.clock import Clock, monotonic, now
from casbd.documents.duration_option import Duration
from casbd.documents.secrets import Secret
from casbd.errors import Mistakes, Retry, sentence
from casbd.outputs._acks import Acks
from casbd.outputs._base_urls import ends_before
from casbd.outputs._message import json_fields, kind_of
from casbd.outputs._parts import Messages, NotTaken, send_in_parts
from casbd.plugins import Item, Options, registry
from casbd.web.answers import RECHECK, is_passing, wait
from casbd.web.api import BaseUrl, Http, HttpOptions, host_of
from casbd.web.headers import fits_header
from casbd.web.tokens import Fixed
from casbd.wire import json_lines
from casbd.wire.moments import moment
from casbd.wire.plain_text import cut, single_line

SOURCE_TYPES = {"alert": "casbd:alert", "system": "casbd:alert", "activity": "casbd:activity", "governance": "casbd:governance"}
"""By what an item is. An alert about casbd itself is an alert to Splunk, too; its `type` tells them apart."""

_PATH = "/services/collector"
_BAD_EVENT = frozenset((5, 6, 12, 13, 15))
"""No data, invalid data format, event missing, event blank, error in indexed fields: it is one of the events."""
_TOO_LARGE = 27
_ACKNOWLEDGEMENT_IS_OFF = 14
_ASK_AGAIN = 1.0, 0.2
"""Seconds between two questions for acknowledgements: usually, and when nothing is left but to wait for them."""
_MOST_OF_ANSWER = 1 << 20


class SplunkHecOptions(HttpOptions):
    """Options of the output `splunk_hec`."""

    url: Annotated[BaseUrl, ends_before(_PATH)]
    """Where the collector is, without a path: https, usually with port 8088; http only to this host itself."""
    token: Secret
    """The collector's token: {credential: NAME} (systemd), {env: NAME} or {file: PATH}."""
    index: Annotated[str, Field(min_length=1, max_length=2048)] | None = Field(default=None, examples=["security"])
    """Where Splunk puts the events. Left out: into the token's own index."""
    source: Annotated[str, Field(min_length=1, max_length=255)] = "casbd"
    """The events' `source`."""
    hostname: Annotated[str, Field(min_length=1, max_length=255)] | None = Field(default=None, examples=["casbd.example.com"])
    """The events' `host`. Left out: this host's name."""
    acknowledge: bool = False
    """true: an event counts as delivered when an indexer says that it is written. The token's "indexer acknowledgement" must be on, which
    Splunk Cloud does not offer; behind a load balancer sessions must be sticky. false: when Splunk has taken it, which a crash there may
    lose."""
    ack_timeout: Annotated[Duration, Field(ge=10_000, le=86_400_000)] = 300_000
    """What is not acknowledged for so long is sent again."""
    compress: bool = True
    """Whether requests are compressed (gzip)."""
    max_request: Annotated[ByteSize, Field(ge=10_000, le=800_000_000)] = Field(default=ByteSize(1_000_000), examples=["1MB"])
    """A request holds so much before it is compressed, at most; a larger event goes alone. Splunk Cloud takes 1 MB."""
    verify: bool = True
    """false trusts whoever answers: for trying things out only."""

    def context(self) -> ssl.SSLContext:
        """For a new connection. OSError where the CA file cannot be used."""
        context = super().context()
        if not self.verify:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context


class _Answer(msgspec.Struct):
    code: int | None = None
    text: str = ""
    ack_id: int | None = msgspec.field(default=None, name="ackId")
    acks: dict[str, bool] | None = None
    place: int | None = msgspec.field(default=None, name="invalid-event-number")


@registry.output
class SplunkHec:
    """Sends events to one collector, some in a request, over a connection that is kept."""

    Options: ClassVar[type[Options]] = SplunkHecOptions
    example: ClassVar[dict[str, Any]] = {
        "url": "https://splunk.example.com:8088",
        "token": {"credential": "splunk-hec"},
        "index": "security",
        "acknowledge": True,
    }
    acknowledged = True

    def __init__(self, options: SplunkHecOptions, clock: Clock = now, timer: Callable[[], float] = monotonic) -> None:
        """Raises Mistakes where the token or the CA file cannot be read. clock: the time of day. timer: seconds, for intervals."""
        self._options = options
        self._clock = clock
        self._timer = timer
        self._host = host_of(options.url)
        self._http = Http(options, clock, keeps=True)
        self._token = Fixed(options.token, "Splunk")
        self._token.check()
        self._envelope = {"host": options.hostname or socket.gethostname(), "source": options.source}
        if options.index is not None:
            self._envelope["index"] = options.index
        self._acks = Acks(options.ack_timeout / 1000, timer)
        self._channel = ""
        self._asked = -_ASK_AGAIN[0]

    def send(self, items: Sequence[Item]) -> None:
        """Send all, in order; return when Splunk has taken all."""
        before = self._acks.items
        if self._options.acknowledge and not self._channel:
            self._open_channel()
        try:
            send_in_parts([self._event(item) for item in items], self._options.max_request, self._post)
        except Retry as error:
            if not error.stands:
                self._begin_anew()
                error.sent, error.unread = 0, before
            raise

    def unread(self) -> int:
        """How many of the latest items no indexer has acknowledged yet. Retry where that takes too long."""
        if self._acks.items and self._timer() - self._asked >= _ASK_AGAIN[0]:
            self._ask()
        return self._acks.items

    def conclude(self) -> None:
        """Wait until everything is acknowledged. Retry where that takes too long."""
        while self._acks.items:
            self._ask()
            if self._acks.items:
                select.select([], [], [], _ASK_AGAIN[1])

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def _event(self, item: Item) -> bytes:
        about = {"time": moment(item) / 1000, "sourcetype": SOURCE_TYPES[kind_of(item)], **self._envelope}
        return json_lines.line({**about, "event": json_fields(item)}) + b"\n"

    def _post(self, part: Messages) -> None:
        body, headers = b"".join(part), {"Content-Type": "application/json"}
        if self._options.acknowledge:
            headers["X-Splunk-Request-Channel"] = self._channel
        if self._options.compress:
            body, headers["Content-Encoding"] = gzip.compress(body, 5, mtime=0), "gzip"
        answer = self._request("/event", body, headers)
        if not self._options.acknowledge:
            return
        if answer.ack_id is None:
            raise self._lasting("took events without a word on their acknowledgement")
        if not self._acks.add(answer.ack_id, len(part)):
            raise Retry(f"{self._host} was restarted; what it had not acknowledged is sent again")

    def _open_channel(self) -> None:
        """Find out whether the token has acknowledgements before an event is sent: else each would be sent again and again."""
        channel = str(uuid.uuid4())
        self._request_acks(channel, [0])
        self._channel = channel

    def _begin_anew(self) -> int:
        """How many items were not acknowledged."""
        self._channel = ""
        return self._acks.forget()

    def _ask(self) -> None:
        self._asked = self._timer()
        reason = "it says so of none"
        try:
            self._acks.answered(self._request_acks(self._channel, self._acks.asked()).acks or {})
        except (Retry, NotTaken) as error:
            reason = str(error)
        if self._acks.overdue:
            seconds = self._options.ack_timeout // 1000
            why = f"{self._host} did not acknowledge within {seconds} s ({reason}); what is in doubt is sent again"
            raise Retry(why, unread=self._begin_anew())

    def _request_acks(self, channel: str, numbers: list[int]) -> _Answer:
        body, headers = msgspec.json.encode({"acks": numbers}), {"Content-Type": "application/json"}
        return self._request(f"/ack?channel={channel}", body, headers)

    def _request(self, path: str, body: bytes, headers: dict[str, str]) -> _Answer:
        """The answer to a request that was taken. NotTaken, Retry."""
        try:
            token = self._token.header()
        except Mistakes as error:  # a file that is being replaced
            raise Retry(sentence(error), stands=True) from None
        if not fits_header(token):
            raise self._lasting("cannot be asked: the token has characters that no header can hold")
        try:
            url = self._options.url + _PATH + path
            answer = self._http.send("POST", url, body, {**headers, "Authorization": token}, most=_MOST_OF_ANSWER)
        except Retry as error:
            # Perhaps it was taken, by one that was restarted before: its number would be taken for an earlier request's.
            raise Retry(str(error), stands=not self._channel) from None
        said = _read(answer.body)
        if answer.status == 200 and (said.code == 0 or said.acks is not None):
            return said
        code, text = said.code, cut(single_line(said.text.replace(token.partition(" ")[2], "***")), 300)
        other = " with something else than a collector's answer" if answer.status == 200 else ""
        reason = f"answered {answer.status}" + (f": {text} (code {code})" if code is not None else other)
        if answer.status == 413 or code == _TOO_LARGE:
            raise NotTaken(f"{self._host} {reason}")
        if answer.status == 400 and code in _BAD_EVENT:
            raise NotTaken(f"{self._host} {reason}", said.place)
        if answer.status == 200 or is_passing(answer.status):
            raise Retry(f"{self._host} {reason}", after=wait(answer.headers, self._clock()), stands=True)
        if code == _ACKNOWLEDGEMENT_IS_OFF:
            reason += ": turn on the token's indexer acknowledgement, or set acknowledge: false"
        raise self._lasting(reason)

    def _lasting(self, reason: str) -> Retry:
        """Somebody has to change something, and nothing is lost until then."""
        return Retry(f"{self._host} {reason}", after=RECHECK, stands=True, lasting=True)


def _read(body: bytes) -> _Answer:
    """What Splunk said; nothing where it is something else, such as the page of a proxy."""
    try:
        return msgspec.json.decode(body, type=_Answer)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _Answer()
