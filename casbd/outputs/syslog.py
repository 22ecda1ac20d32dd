"""Alerts and activities as CEF to a syslog receiver: UDP, TCP or TLS, RFC 3164 or RFC 5424.

The defaults are what Microsoft Sentinel's agent, rsyslog and Splunk's SC4S take as CEF: an RFC 3164 header with an RFC 3339
time, and `CEF:0|` right behind the host name.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from casbd.errors import Mistake, Mistakes
from casbd.model.alert import Alert
from casbd.outputs._datagrams import Datagrams
from casbd.outputs._message import Item, cef_message
from casbd.outputs._stream import Stream
from casbd.outputs._tls import client_context
from casbd.plugins import ConfigPath, Options
from casbd.quantities import Duration
from casbd.registry import plugin
from casbd.wire import syslog
from casbd.wire.cef import Profile

_UDP_MOST = 65_507
"""Bytes that fit into one datagram."""


class SyslogOptions(Options):
    """Options of the output `syslog`."""

    host: Annotated[str, Field(min_length=1, max_length=253)]
    port: Annotated[int, Field(ge=1, le=65_535)] | None = None
    """Left out: 6514 for TLS, else 514."""
    transport: Literal["udp", "tcp", "tls"] = "tcp"
    rfc: Literal[3164, 5424] = 3164
    timestamp: Literal["rfc3339", "classic"] = "rfc3339"
    """Of an RFC 3164 header; `classic` is `Jan 31 12:00:00`, in UTC."""
    framing: syslog.Framing | None = None
    """On TCP and TLS. Left out: `octet-counting` for TLS (RFC 5425 demands it), `lf` for TCP (which all receivers take)."""
    profile: Profile = "casbd"
    """`mcas` writes CEF as Microsoft's SIEM agent did."""
    portal: str = ""
    """The address of a web page with alerts, for links in CEF messages."""
    facility: syslog.Facility = "local4"
    hostname: Annotated[str, Field(min_length=1, max_length=255)] | None = None
    """Left out: this host's name."""
    max_message_bytes: Annotated[int, Field(ge=1024, le=1_000_000)] | None = None
    """Longer messages have their longest values cut. Left out: 8000 (rsyslog takes 8192), for UDP 2048."""
    connect_timeout: Duration = 10_000
    send_timeout: Duration = 30_000
    ca_file: ConfigPath | None = None
    """Whom to trust (PEM). Left out: the system's list."""
    cert_file: ConfigPath | None = None
    key_file: ConfigPath | None = None
    """Our own certificate, if the receiver wants one; the key may stand in `cert_file` as well."""
    server_name: str | None = None
    """The name that must be in the receiver's certificate. Left out: `host`."""
    verify: bool = True
    """false trusts whoever answers: for trying things out only."""

    @model_validator(mode="after")
    def _fits_the_transport(self) -> SyslogOptions:
        tls_only = {"ca_file", "cert_file", "key_file", "server_name", "verify"} & self.model_fields_set
        if self.transport != "tls" and tls_only:
            raise ValueError(f"{', '.join(sorted(tls_only))} need transport: tls")
        if self.key_file and not self.cert_file:
            raise ValueError("key_file needs cert_file")
        if self.transport == "udp" and self.framing:
            raise ValueError("framing is for tcp and tls: each UDP datagram is one message")
        if self.transport == "udp" and (self.max_message_bytes or 0) > _UDP_MOST:
            raise ValueError(f"max_message_bytes is at most {_UDP_MOST} for udp")
        return self


@plugin
class Syslog:
    """Sends to one receiver over a connection that is kept."""

    Options = SyslogOptions
    example: ClassVar[dict[str, Any]] = {
        "host": "siem.example.com",
        "port": 6514,
        "transport": "tls",
        "ca_file": "/etc/casbd/siem-ca.pem",
    }

    def __init__(self, options: SyslogOptions) -> None:
        """Raises Mistakes where a certificate file cannot be used."""
        self._options = options
        udp = options.transport == "udp"
        self._limit = options.max_message_bytes or (2048 if udp else 8000)
        self._framing = options.framing or ("octet-counting" if options.transport == "tls" else "lf")
        self._hostname = options.hostname or socket.gethostname()
        if options.transport == "tls":
            self._check_files()
        self._transport: Datagrams | Stream = Datagrams(options.host, options.port or 514) if udp else self._stream()

    def send(self, items: Sequence[Item]) -> None:
        """Send all, in order. Over TCP and TLS, return only once the receiver has acknowledged every byte."""
        messages = [self._message(item) for item in items]
        if self._options.transport != "udp":
            messages = [syslog.frame(message, self._framing) for message in messages]
        self._transport.send(messages)

    def close(self) -> None:
        """Close the connection."""
        self._transport.close()

    def _message(self, item: Item) -> bytes:
        head = self._header(item)
        return (head + cef_message(item, self._options.profile, self._options.portal, self._limit - len(head))).encode()

    def _header(self, item: Item) -> str:
        """The time is the event's: receivers such as SC4S take it for the time of the alert, not what CEF says."""
        is_alert = isinstance(item, Alert)
        severity = item.severity if isinstance(item, Alert) else "informational"
        time = item.last_activity if isinstance(item, Alert) else item.timestamp
        facility, hostname = self._options.facility, self._hostname
        if self._options.rfc == 5424:
            kind = "alert" if is_alert else "activity"
            return syslog.rfc5424(facility=facility, severity=severity, time=time, hostname=hostname, message_id=kind)
        timestamp = self._options.timestamp
        return syslog.rfc3164(facility=facility, severity=severity, time=time, hostname=hostname, timestamp=timestamp)

    def _stream(self) -> Stream:
        options = self._options
        return Stream(
            options.host,
            options.port or (6514 if options.transport == "tls" else 514),
            connect_timeout=options.connect_timeout / 1000,
            send_timeout=options.send_timeout / 1000,
            tls=self._context if options.transport == "tls" else None,
            server_name=options.server_name or options.host,
        )

    def _context(self) -> ssl.SSLContext:
        options = self._options
        return client_context(ca_file=options.ca_file, cert_file=options.cert_file, key_file=options.key_file, verify=options.verify)

    def _check_files(self) -> None:
        try:
            self._context()
        except OSError as error:
            names = ", ".join(str(path) for path in (self._options.ca_file, self._options.cert_file, self._options.key_file) if path)
            raise Mistakes([Mistake(names, 0, 0, f"cannot be used for TLS: {error.strerror or error}")]) from None
