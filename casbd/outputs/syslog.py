"""Alerts and activities as CEF or LEEF to a syslog receiver: UDP, TCP, TLS or RELP, RFC 3164 or RFC 5424.

The defaults are what Microsoft Sentinel's agent, rsyslog and Splunk's SC4S take as CEF: an RFC 3164 header with an RFC 3339
time, and `CEF:0|` right behind the host name.
"""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator

from casbd.documents.duration_option import Duration
from casbd.errors import Mistake, Mistakes
from casbd.model.activity import Activity
from casbd.model.alert import Alert, Severity
from casbd.outputs._connection import Address
from casbd.outputs._datagrams import Datagrams
from casbd.outputs._message import cef_message, leef_message
from casbd.outputs._presets import Header, HeaderTime, LineOptions
from casbd.outputs._relp import Relp
from casbd.outputs._stream import Stream
from casbd.outputs._tls import client_context
from casbd.plugins import ConfigPath, Item, Options, registry
from casbd.wire import syslog
from casbd.wire.cef import outcome_severity
from casbd.wire.cef_values import is_address
from casbd.wire.moments import moment

_UDP_MOST = 65_507
"""Bytes that fit into one datagram."""

_PORTS = {"udp": 514, "tcp": 514, "tls": 6514, "relp": 2514}


def _host(text: str) -> str:
    if re.search(r"[\s/\[\]]", text) or (":" in text and not is_address(text.partition("%")[0])):
        raise ValueError(f"`{text}` is no name or address alone: without `https://`, brackets and blanks; the port is `port`")
    return text


class SyslogOptions(LineOptions):
    """Options of the output `syslog`."""

    host: Annotated[str, Field(min_length=1, max_length=253), AfterValidator(_host)]
    """The receiver's name or address."""
    port: Annotated[int, Field(ge=1, le=65_535)] | None = None
    """Left out: 6514 for TLS, 2514 for RELP, else 514."""
    transport: Literal["udp", "tcp", "tls", "relp"] = "tcp"
    """`udp`, `tcp`, `tls` or `relp`. Left out: `tcp`. `relp` where rsyslog is the receiver (module imrelp): its program acknowledges each
    message. Over `tcp` and `tls` only its kernel does; over `udp` nobody does, and what is dropped on the way or by a busy receiver is
    lost without a word."""
    encrypt: bool = False
    """true: TLS for `relp`."""
    format: Literal["cef", "leef"] | None = Field(default=None, examples=["cef"])
    """`cef`, or `leef` (of QRadar)."""
    rfc: Header | None = Field(default=None, examples=[3164])
    """The header's form: 3164, 5424, or `bare`: the time alone, as Microsoft's SIEM agent wrote it; not for syslog-ng, which takes `CEF:`
    for the host then."""
    timestamp: HeaderTime | None = Field(default=None, examples=["rfc3339"])
    """Of an RFC 3164 header: `rfc3339`, or `classic` as in `Jan 31 12:00:00`, in UTC."""
    framing: syslog.Framing | None = Field(default=None, examples=["octet-counting"])
    """Of TCP and TLS: `octet-counting` or `lf`. Left out, without a preset: `octet-counting` for TLS (RFC 5425 demands it), `lf` for TCP
    (which all receivers take)."""
    facility: syslog.Facility = "local4"
    """Of the header's priority, as syslog names it."""
    hostname: Annotated[str, Field(min_length=1, max_length=255)] | None = Field(default=None, examples=["casbd.example.com"])
    """The sender in the header. Left out: this host's name."""
    max_message_bytes: Annotated[int, Field(ge=1024, le=1_000_000)] | None = Field(default=None, examples=[8000])
    """Longer messages have their longest values cut. Left out, without a preset: 8000 (rsyslog takes 8192), for UDP 2048."""
    connect_timeout: Annotated[Duration, Field(le=86_400_000)] = 10_000
    """A connection that takes longer is tried again."""
    send_timeout: Annotated[Duration, Field(le=86_400_000)] = 30_000
    """A receiver that takes or answers nothing for so long is given up, and tried again."""
    resend_window: Annotated[Duration, Field(ge=10_000, le=86_400_000)] = 600_000
    """Of TCP and TLS: when a connection breaks, what the receiver's kernel had acknowledged in so long a time, and its program may not
    have read, is sent again."""
    ca_file: ConfigPath | None = None
    """Whom to trust (PEM). Left out: the system's list."""
    cert_file: ConfigPath | None = Field(default=None, examples=["casbd.pem"])
    """Our own certificate (PEM), if the receiver wants one."""
    key_file: ConfigPath | None = Field(default=None, examples=["casbd.key"])
    """Its key; left out: it stands in `cert_file` as well."""
    server_name: str | None = Field(default=None, examples=["siem"])
    """The name that must be in the receiver's certificate. Left out: `host`."""
    verify: bool = True
    """false trusts whoever answers: for trying things out only."""

    @model_validator(mode="after")
    def _fits_the_transport(self) -> SyslogOptions:
        tls_only = {"ca_file", "cert_file", "key_file", "server_name", "verify"} & self.model_fields_set
        if not self.uses_tls and tls_only:
            raise ValueError(f"{', '.join(sorted(tls_only))} need transport: tls, or transport: relp with encrypt: true")
        if self.encrypt and self.transport != "relp":
            raise ValueError("encrypt is for transport: relp; for syslog over TLS choose transport: tls")
        if self.transport not in ("tcp", "tls") and "resend_window" in self.model_fields_set:
            raise ValueError("resend_window is for tcp and tls")
        if self.key_file and not self.cert_file:
            raise ValueError("key_file needs cert_file")
        if self.transport in ("udp", "relp") and self.framing:
            raise ValueError("framing is for tcp and tls: each UDP datagram and each RELP frame is one message")
        if self.transport == "udp" and (self.max_message_bytes or 0) > _UDP_MOST:
            raise ValueError(f"max_message_bytes is at most {_UDP_MOST} for udp")
        return self

    @model_validator(mode="after")
    def _fits_the_header(self) -> SyslogOptions:
        self.check_line()
        header = self.chosen().rfc
        if header != 3164 and "timestamp" in self.model_fields_set:
            raise ValueError(f"timestamp is for rfc: 3164, and this is {header}")
        if header == "bare" and (unused := {"facility", "hostname"} & self.model_fields_set):
            raise ValueError(f"{' and '.join(sorted(unused))} have no place in the header of rfc: bare")
        return self

    @property
    def uses_tls(self) -> bool:
        """Whether the connection is encrypted."""
        return self.transport == "tls" or self.encrypt


@registry.output
class Syslog:
    """Sends to one receiver over a connection that is kept."""

    Options: ClassVar[type[Options]] = SyslogOptions
    example: ClassVar[dict[str, Any]] = {
        "host": "siem.example.com",
        "port": 6514,
        "transport": "tls",
        "ca_file": "siem-ca.pem",
    }

    def __init__(self, options: SyslogOptions) -> None:
        """Raises Mistakes where a certificate file cannot be used."""
        self._options = options
        self._chosen = chosen = options.chosen()
        datagrams = options.transport == "udp" and not options.max_message_bytes
        self._limit = chosen.max_datagram_bytes if datagrams else chosen.max_message_bytes
        self._framing = chosen.framing or ("octet-counting" if options.transport == "tls" else "lf")
        self._hostname = options.hostname or socket.gethostname()
        if options.uses_tls:
            self._check_files()
        self._transport = self._new_transport()

    @property
    def acknowledged(self) -> bool:
        """Not over UDP."""
        return self._transport.acknowledged

    def send(self, items: Sequence[Item]) -> None:
        """Send all, in order. Over TCP and TLS, return once the receiver's kernel has acknowledged all; over RELP, once its program has."""
        messages = [self._message(item) for item in items]
        if isinstance(self._transport, Stream):
            messages = [syslog.frame(message, self._framing) for message in messages]
        self._transport.send(messages)

    def unread(self) -> int:
        """How many of the latest items the receiver may not have read."""
        return self._transport.unread()

    def conclude(self) -> None:
        """End the connection in order."""
        self._transport.conclude()

    def close(self) -> None:
        """Close the connection."""
        self._transport.close()

    def _message(self, item: Item) -> bytes:
        head = self._header(item)
        portal, limit = self._options.portal, self._limit - len(head)
        if self._chosen.format == "leef":
            return (head + leef_message(item, portal, limit)).encode()
        return (head + cef_message(item, self._chosen.profile, portal, self._chosen.names, limit)).encode()

    def _header(self, item: Item) -> str:
        kind, severity = _described(item)
        time = moment(item)
        if self._chosen.rfc == "bare":
            return syslog.bare(time)
        facility, hostname = self._options.facility, self._hostname
        if self._chosen.rfc == 5424:
            return syslog.rfc5424(facility=facility, severity=severity, time=time, hostname=hostname, message_id=kind)
        timestamp = self._chosen.timestamp
        return syslog.rfc3164(facility=facility, severity=severity, time=time, hostname=hostname, timestamp=timestamp)

    def _new_transport(self) -> Datagrams | Stream | Relp:
        options = self._options
        port = options.port or _PORTS[options.transport]
        if options.transport == "udp":
            return Datagrams(options.host, port)
        address = Address(
            options.host,
            port,
            connect_timeout=options.connect_timeout / 1000,
            send_timeout=options.send_timeout / 1000,
            tls=self._context if options.uses_tls else None,
            server_name=options.server_name or options.host,
        )
        return Relp(address) if options.transport == "relp" else Stream(address, options.resend_window / 1000)

    def _context(self) -> ssl.SSLContext:
        options = self._options
        return client_context(ca_file=options.ca_file, cert_file=options.cert_file, key_file=options.key_file, verify=options.verify)

    def _check_files(self) -> None:
        try:
            self._context()
        except OSError as error:
            paths = (self._options.ca_file, self._options.cert_file, self._options.key_file)
            names = error.filename or ", ".join(str(path) for path in paths if path)
            raise Mistakes([Mistake(names, 0, 0, f"cannot be used for TLS: {error.strerror or error}")]) from None


def _described(item: Item) -> tuple[str, Severity]:
    """What kind of item it is, and its severity."""
    if isinstance(item, Alert):
        return "alert", item.severity
    if isinstance(item, Activity):
        return "activity", "informational"
    return "governance", outcome_severity(item)
