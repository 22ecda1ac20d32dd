"""HTTP servers on loopback for tests of outputs, and alerts to send to them."""

import contextlib
import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from casbd.model.alert import Alert

NOON = 1_769_860_800_123


def alert(number: int, **more) -> Alert:
    about = {"policy_id": "p", "policy_name": "P", "policy_type": "activity", "severity": "high", "created": NOON}
    return Alert(alert_id=f"{number}", **about | more)


def alerts(*numbers: int) -> list[Alert]:
    return [alert(number) for number in numbers]


def ids(*numbers: int) -> list[str]:
    return [f"{number}" for number in numbers]


class Answering(ThreadingHTTPServer):
    """`answer` says (status, body, headers), or None where the connection ends. connections: all there ever were."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.connections: list = []
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def answer(self, method: str, path: str, headers, body: bytes):
        raise NotImplementedError

    def stop(self) -> None:
        self.shutdown()
        self.server_close()
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def process_request(self, request, client_address):
        self.connections.append(request)
        super().process_request(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer in two writes waits for an acknowledgement of the first

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        answer = self.server.answer(self.command, self.path, self.headers, body)
        if answer is None:
            self.close_connection = True
            return
        status, said, headers = answer
        data = said if isinstance(said, bytes) else json.dumps(said).encode()
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if status != 204:
            self.wfile.write(data)

    do_GET = do_POST = _serve  # noqa: N815  as http.server has it

    def log_message(self, *_args) -> None:
        pass
