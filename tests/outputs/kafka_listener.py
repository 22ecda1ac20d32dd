"""A listener with TLS and passwords before a Kafka broker that has neither: librdkafka's mock cluster, which advertises it as itself.

It ends TLS, and speaks of Kafka's protocol what comes before anything else: that it knows SASL (ApiVersions), and the log on
(SaslHandshake, SaslAuthenticate). Behind that all is passed on as it comes.

Source: Apache Kafka, "A Guide To The Kafka Protocol"; RFC 4616 (PLAIN), RFC 5802 and 7677 (SCRAM).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import socket
import ssl
import struct
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

API_VERSIONS, SASL_HANDSHAKE, SASL_AUTHENTICATE = 18, 17, 36
UNSUPPORTED_SASL_MECHANISM, SASL_AUTHENTICATION_FAILED = 33, 58
ITERATIONS = 4096


class Listener:
    """At a port of its own. certificate: its own, and the key. clients: whose certificates it wants to see. users: their passwords; with
    them nobody gets further who has not logged on. broker: `host:port` of the one behind it, once that is known.
    """

    def __init__(
        self,
        certificate: Sequence[Path],
        *,
        users: Mapping[str, str] | None = None,
        mechanisms: Sequence[str] = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"),
        clients: Path | None = None,
    ) -> None:
        self.users, self.mechanisms = users, mechanisms
        self.broker = ("", 0)
        self.logged_on: list[tuple[str, str]] = []
        """By which mechanism, and who."""
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(*certificate)
        if clients is not None:
            self._context.verify_mode = ssl.CERT_REQUIRED
            self._context.load_verify_locations(clients)
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listening.getsockname()[1]
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self) -> None:
        for one in (self._listening, *self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError, EOFError), connection, self._context.wrap_socket(connection, server_side=True) as client:
            self._open.append(client)
            with socket.create_connection(self.broker) as broker:
                self._open.append(broker)
                if self.users is None or self._logs_on(client, broker):
                    threading.Thread(target=_pass_on, args=(broker, client), daemon=True).start()
                    _pass_on(client, broker)

    def _logs_on(self, client: socket.socket, broker: socket.socket) -> bool:
        """Answer until somebody has logged on; whether that went well."""
        mechanism, server = "", _Server(self.users or {})
        while True:
            request = _frame(client)
            key, version, correlation = struct.unpack(">hhi", request[:8])
            if key == API_VERSIONS:
                broker.sendall(struct.pack(">i", len(request)) + request)
                _answer(client, _with_sasl(_frame(broker), version))
                continue
            body = request[10 + max(struct.unpack(">h", request[8:10])[0], 0) :]
            if key == SASL_HANDSHAKE:
                mechanism = body[2:].decode()
                known = b"".join(_text(one) for one in self.mechanisms)
                error = 0 if mechanism in self.mechanisms else UNSUPPORTED_SASL_MECHANISM
                _answer(client, struct.pack(">ihi", correlation, error, len(self.mechanisms)) + known)
            elif key == SASL_AUTHENTICATE and mechanism:
                said = server.answer(mechanism, body[4:])
                words, error = ("Authentication failed", SASL_AUTHENTICATION_FAILED) if said is None else ("", 0)
                _answer(client, struct.pack(">ih", correlation, error) + _text(words) + struct.pack(">i", len(said or b"")) + (said or b""))
                if said is None:
                    return False
                if server.user:
                    self.logged_on.append((mechanism, server.user))
                    return True
            else:
                return False


class _Server:
    """One log on. user: who it was, once that is known."""

    def __init__(self, users: Mapping[str, str]) -> None:
        self._users = users
        self.user = ""
        self._first = b""

    def answer(self, mechanism: str, said: bytes) -> bytes | None:
        """To what the client said; None: it may not."""
        if mechanism == "PLAIN":
            _, user, password = said.decode().split("\0")
            self.user = user if self._users.get(user) == password else ""
            return b"" if self.user else None
        return self._begin(said) if not self._first else self._end(mechanism.removeprefix("SCRAM-").replace("-", "").lower(), said)

    def _begin(self, said: bytes) -> bytes | None:
        own = said.removeprefix(b"n,,")
        parts = _parts(own)
        self._name, self._salt = parts["n"], os.urandom(16)
        self._nonce = parts["r"] + base64.b64encode(os.urandom(12)).decode()
        self._first = f"r={self._nonce},s={base64.b64encode(self._salt).decode()},i={ITERATIONS}".encode()
        self._before = own + b"," + self._first
        return self._first

    def _end(self, digest: str, said: bytes) -> bytes | None:
        parts, signed = _parts(said), self._before + b"," + said.rpartition(b",p=")[0]
        salted = hashlib.pbkdf2_hmac(digest, self._users.get(self._name, "").encode(), self._salt, ITERATIONS)
        stored = hashlib.new(digest, hmac.digest(salted, b"Client Key", digest)).digest()
        own = bytes(a ^ b for a, b in zip(base64.b64decode(parts["p"]), hmac.digest(stored, signed, digest), strict=True))
        if parts["r"] != self._nonce or self._name not in self._users or hashlib.new(digest, own).digest() != stored:
            return None
        self.user = self._name
        return b"v=" + base64.b64encode(hmac.digest(hmac.digest(salted, b"Server Key", digest), signed, digest))


def _parts(message: bytes) -> dict[str, str]:
    return {part[:1]: part[2:] for part in message.decode().split(",")}


def _with_sasl(response: bytes, version: int) -> bytes:
    """What the broker knows, and log ons too."""
    if response[4:6] != b"\0\0":  # an error: it does not know that version, and is asked by an older one
        return response
    entries = struct.pack(">hhh", SASL_HANDSHAKE, 0, 1), struct.pack(">hhh", SASL_AUTHENTICATE, 0, 0)
    if version < 3:
        (number,) = struct.unpack(">i", response[6:10])
        return response[:6] + struct.pack(">i", number + len(entries)) + b"".join(entries) + response[10:]
    number, own = response[6], b"".join(entry + b"\0" for entry in entries)  # one more than there are, and no tags
    assert number + len(entries) < 128, "it has one byte"
    return response[:6] + bytes([number + len(entries)]) + own + response[7:]


def _text(text: str) -> bytes:
    return struct.pack(">h", len(text)) + text.encode()


def _answer(client: socket.socket, response: bytes) -> None:
    client.sendall(struct.pack(">i", len(response)) + response)


def _frame(connection: socket.socket) -> bytes:
    (size,) = struct.unpack(">i", _exactly(connection, 4))
    return _exactly(connection, size)


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = connection.recv(size - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def _pass_on(one: socket.socket, other: socket.socket) -> None:
    """Until one of them ends it."""
    with suppress(OSError):
        while data := one.recv(1 << 16):
            other.sendall(data)
    for end in (one, other):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
