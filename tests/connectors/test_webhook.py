import hashlib
import hmac
import json
import socket
import ssl
import threading
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from time import monotonic

import pytest
from msgspec.structs import replace
from pydantic import ValidationError

from casbd.errors import Mistakes, Rejected, Retry
from casbd.model.governance import GovernanceCommand
from casbd.plugins import registry

Webhook = registry.load("connectors", "webhook")

NOW = 1_769_860_800_123
COMMAND = GovernanceCommand(command_id="c1", action="suspend_user", connector="own", target="æ@example.com", status="queued")


class Service(HTTPServer):
    """Answers every POST with `status` and `headers`; keeps what it was asked."""

    def __init__(self) -> None:
        self.status = 204
        self.headers: dict[str, str] = {}
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.url = f"http://127.0.0.1:{self.server_port}/hook"
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append((dict(self.headers), body))
        self.send_response(self.server.status)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_args) -> None:
        pass


@contextmanager
def silent():
    """Takes connections and says nothing; who still waits after five seconds is hung up on, and the test fails."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        hanging_up = threading.Timer(5, server.close)
        hanging_up.daemon = True
        hanging_up.start()
        yield server
        hanging_up.cancel()


@pytest.fixture
def service():
    server = Service()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def _environment(monkeypatch):
    monkeypatch.setenv("CASBD_TEST_SECRET", "s3cret")
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


def webhook(url: str, **options):
    return Webhook(Webhook.Options.model_validate({"url": url, "secret": {"env": "CASBD_TEST_SECRET"}} | options), clock=lambda: NOW)


def test_the_request_is_signed(service):
    webhook(service.url).execute(COMMAND)
    [(headers, body)] = service.requests
    assert json.loads(body)["target"] == "æ@example.com"
    assert headers["Idempotency-Key"] == "c1"
    assert headers["X-Casbd-Timestamp"] == "1769860800"
    signature = hmac.new(b"s3cret", b"1769860800." + body, hashlib.sha256).hexdigest()
    assert headers["X-Casbd-Signature"] == f"sha256={signature}"
    assert headers["Content-Type"] == "application/json"


def test_an_action_that_it_does_not_take_is_refused_without_asking(service):
    own = webhook(service.url, actions=["page_the_boss"])
    with pytest.raises(Rejected, match="suspend_user"):
        own.execute(COMMAND)
    assert not service.requests
    own.execute(replace(COMMAND, action="page_the_boss"))
    assert len(service.requests) == 1


@pytest.mark.parametrize("status", [408, 425, 429, 500, 503])
def test_passing_failures_are_another_try(service, status):
    service.status = status
    with pytest.raises(Retry, match=str(status)) as caught:
        webhook(service.url).execute(COMMAND)
    assert caught.value.after is None


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        ("Sat, 31 Jan 2026 12:01:00 GMT", 59.877),
        ("Sat, 31 Jan 2026 11:00:00 GMT", 0.0),
        ("99999999", 3600.0),
        ("soon", None),
        ("-5", None),
    ],
)
def test_how_long_to_wait_is_the_services_to_say(service, header, seconds):
    service.status, service.headers = 429, {"Retry-After": header}
    with pytest.raises(Retry) as caught:
        webhook(service.url).execute(COMMAND)
    assert caught.value.after == (pytest.approx(seconds) if seconds is not None else None)


@pytest.mark.parametrize("status", [301, 307, 400, 401, 404, 410])
def test_a_no_is_a_refusal_and_a_redirect_is_not_followed(service, status):
    service.status, service.headers = status, {"Location": service.url}
    with pytest.raises(Rejected, match=str(status)):
        webhook(service.url).execute(COMMAND)
    assert len(service.requests) == 1


def test_a_dead_service_is_another_try():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}"
    with pytest.raises(Retry, match="refused"):
        webhook(url).execute(COMMAND)


def test_a_silent_service_is_another_try():
    with silent() as server, pytest.raises(Retry, match="timed out"):
        webhook(f"http://127.0.0.1:{server.getsockname()[1]}", timeout="1s").execute(COMMAND)


def test_tls_is_checked(service, authority, other_authority):
    certificate, key = authority.issue("localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    service.socket = context.wrap_socket(service.socket, server_side=True)
    url = f"https://localhost:{service.server_port}/hook"
    webhook(url, ca_file=authority.certificate).execute(COMMAND)
    for wrong in (
        webhook(url, ca_file=other_authority.certificate),
        webhook(url),
        webhook(url.replace("localhost", "127.0.0.1"), ca_file=authority.certificate),
    ):
        with pytest.raises(Retry, match=r"(?i)certificate"):
            wrong.execute(COMMAND)
    assert len(service.requests) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://soar.example.com/",
        "ftp://soar.example.com/",
        "https:///x",
        "https://user:password@soar.example.com/",
        "https://x:99999999/",
        "http://127.0.0.1.example.com/",
        "soar",
    ],
)
def test_urls_that_are_not_secure_are_mistakes(url):
    with pytest.raises(ValidationError):
        webhook(url)


def test_a_missing_secret_is_told_at_the_start_and_later_another_try(service, monkeypatch):
    with pytest.raises(Mistakes, match="NO_SUCH_VARIABLE"):
        webhook(service.url, secret={"env": "NO_SUCH_VARIABLE"})
    own = webhook(service.url)
    monkeypatch.delenv("CASBD_TEST_SECRET")
    with pytest.raises(Retry, match="CASBD_TEST_SECRET"):
        own.execute(COMMAND)


def test_a_broken_ca_file_is_told_at_the_start(tmp_path):
    with pytest.raises(Mistakes, match=r"none\.pem"):
        webhook("https://soar.example.com/", ca_file=tmp_path / "none.pem")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.8.9.1"])
def test_this_host_is_asked_without_the_proxy_of_the_environment(service, monkeypatch, host):
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.getsockname()[1]}")
        if host == "127.8.9.1":  # nobody listens there, and the proxy must not be told either
            with pytest.raises(Retry, match="refused"):
                webhook(service.url.replace("127.0.0.1", host), timeout="5s").execute(COMMAND)
        else:
            webhook(service.url.replace("127.0.0.1", host)).execute(COMMAND)
            assert len(service.requests) == 1
        proxy.setblocking(False)
        with pytest.raises(BlockingIOError):
            proxy.accept()


def test_another_host_is_asked_by_way_of_the_proxy(monkeypatch):
    asked = []

    def hang_up(proxy):
        with proxy.accept()[0] as connection:
            asked.append(connection.recv(100))

    with socket.create_server(("127.0.0.1", 0)) as proxy:
        proxy.settimeout(30)
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.getsockname()[1]}")
        thread = threading.Thread(target=hang_up, args=(proxy,), daemon=True)
        thread.start()
        with pytest.raises(Retry):
            webhook("https://soar.example.com/").execute(COMMAND)
        thread.join(30)
    assert asked[0].startswith(b"CONNECT soar.example.com:443 ")


@pytest.mark.parametrize("before", [b"HTTP/1.1 ", b"HTTP/1.1 200 OK\r\nX-A: "])
def test_the_time_is_for_the_whole_request(before):
    """A byte now and then begins no new time."""
    done = threading.Event()

    def drip(server):
        with suppress(OSError), server.accept()[0] as connection:
            connection.settimeout(5)
            connection.sendall(before)
            for _ in range(50):  # then it hangs up: a request without an end would be a test without one
                if done.wait(0.1):
                    return
                connection.sendall(b"2")

    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)
        thread = threading.Thread(target=drip, args=(server,), daemon=True)
        thread.start()
        begun = monotonic()
        try:
            with pytest.raises(Retry, match="timed out"):
                webhook(f"http://127.0.0.1:{server.getsockname()[1]}", timeout="1s").execute(COMMAND)
        finally:
            done.set()
            thread.join(10)
    assert monotonic() - begun < 3
