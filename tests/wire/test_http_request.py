"""Requests that get no answer: how long that takes, and what is said of it."""

import socket
import ssl
from contextlib import ExitStack
from pathlib import Path

import pytest
from certificates import Authority

from casbd.wire import http_request
from casbd.wire.http_request import Client
from tests.outputs.receivers import Receiver, reset


def refusal(url: str, trusted: Path | None = None) -> str:
    """Why there is no answer."""
    client = Client(ssl.create_default_context(cafile=trusted), 30.0, proxy=False)
    try:
        with pytest.raises(OSError, match=r"\S") as error:
            client.exchange("POST", url, b"{}", {}, most=1)
    finally:
        client.close()
    return str(error.value)


def test_a_silent_host_is_soon_knocked_at_again(monkeypatch):
    """A full backlog drops what knocks, as a host does that is not there."""
    monkeypatch.setattr(http_request, "CONNECT_SECONDS", 0.1)
    with socket.socket() as listening, ExitStack() as stack:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listening.getsockname())
        assert refusal(f"http://127.0.0.1:{listening.getsockname()[1]}/") == "timed out: no connection within 0.1 s"


def test_a_name_that_nobody_has():
    assert refusal("http://nobody.invalid/") in {"Name or service not known", "Temporary failure in name resolution"}


def test_a_receiver_that_breaks_off(tmp_path):
    """As one does behind TLS that wants a certificate of us."""
    certificate, key = Authority(tmp_path, "ca").issue("localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    def serve(connection, _):
        with context.wrap_socket(connection, server_side=True) as secured:
            reset(secured)

    receiver = Receiver(serve)
    try:
        said = refusal(f"https://localhost:{receiver.port}/", trusted=tmp_path / "ca.pem")
    finally:
        receiver.stop()
    assert said in {"the connection broke", "Connection reset by peer"}  # where the request went, or did not go any more
