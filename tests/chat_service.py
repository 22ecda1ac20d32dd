"""A real HTTP server on loopback for tests, as a service of Apprise (`json://`)."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

TOKEN = "s3cret-token"


class ChatService:
    """status: what it answers. got: path, title and text of what it was sent."""

    def __init__(self) -> None:
        self.status = 200
        self.got: list[tuple[str, str, str]] = []
        self.server = HTTPServer(("127.0.0.1", 0), _handler(self))
        self.place = f"127.0.0.1:{self.server.server_port}"
        self.url = f"json://user:{TOKEN}@{self.place}/{TOKEN}"
        self._thread = Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})

    def __enter__(self) -> ChatService:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()


def _handler(service: ChatService) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            service.got.append((self.path, body["title"], body["message"]))
            self.send_response(service.status)
            self.send_header("Content-Length", "0")
            self.send_header("Location", f"http://{service.place}/elsewhere")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    return Handler
