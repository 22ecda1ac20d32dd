"""An HTTP Event Collector on loopback that answers as Splunk's documentation says, and keeps what it took until it is indexed.

Source: Splunk, "HTTP Event Collector REST API endpoints", "Possible error codes", "About HTTP Event Collector Indexer Acknowledgment".
"""

import contextlib
import gzip
import json
import socket
import threading
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

TOKEN = "11111111-2222-3333-4444-555555555555"


class Splunk(ThreadingHTTPServer):
    """queue: what was taken and is lost in a crash; indexed: what is on the disk. at_once: it is indexed when it is taken.

    faults: instead of the next answers to events: (status, body, headers), "drops" (the connection ends), "takes and drops",
    "crashes" (and comes back before it answers); None is none.
    refuses: which events are bad ones. says_which, takes_those_before: what becomes known of them, and of the events before one.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(
        self, *, port=0, acknowledges=False, at_once=True, most=1_000_000, refuses=None, says_which=True, takes_those_before=False
    ):
        super().__init__(("127.0.0.1", port), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.acknowledges, self.at_once, self.most = acknowledges, at_once, most
        self.refuses, self.says_which, self.takes_those_before = refuses or (lambda event: False), says_which, takes_those_before
        self.tokens, self.indexes = {TOKEN: "enabled"}, {None, "main", "security"}
        self.indexed: list[dict] = []
        self.queue: list[tuple[str, int, list[dict]]] = []
        self.faults: list = []
        self.requests: list[tuple[str, dict, bytes]] = []
        self.connections: list = []
        self._next: dict[str, int] = defaultdict(int)
        self._written: dict[str, set[int]] = defaultdict(set)
        self.lock = threading.RLock()
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def ids(self) -> list[str]:
        return [event["event"].get("alert_id") or event["event"]["activity_id"] for event in self.indexed]

    def index(self, number: int | None = None) -> None:
        """Write the oldest of what was taken, or all of it."""
        with self.lock:
            for channel, number_of_ack, events in self.queue[:number]:
                self.indexed += events
                self._written[channel].add(number_of_ack)
            del self.queue[:number]

    def crash(self) -> None:
        """What was not written is gone, and so are all numbers."""
        with self.lock:
            self.queue.clear()
            self._next.clear()
            self._written.clear()

    def stop(self) -> None:
        self.shutdown()
        self.server_close()
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def process_request(self, request, client_address):
        self.connections.append(request)
        super().process_request(request, client_address)

    def answer(self, method: str, path: str, headers, body: bytes):
        """(status, body, headers); None where the connection ends."""
        url = urlsplit(path)
        if url.path == "/services/collector/health":
            return 200, {"text": "HEC is healthy", "code": 17}, {}
        said = headers.get("Authorization", "")
        if not said:
            return 401, {"text": "Token is required", "code": 2}, {}
        scheme, _, token = said.partition(" ")
        if scheme != "Splunk":
            return 401, {"text": "Invalid authorization", "code": 3}, {}
        if self.tokens.get(token) != "enabled":
            text, code = ("Token disabled", 1) if token in self.tokens else (f"Invalid token {token}", 4)
            return 403, {"text": text, "code": code}, {}
        channel = headers.get("X-Splunk-Request-Channel") or parse_qs(url.query).get("channel", [""])[0]
        if url.path == "/services/collector/ack":
            return self._acks(channel, body)
        if url.path != "/services/collector/event" or method != "POST":
            return 404, {"text": "The requested URL was not found on this server.", "code": 404}, {}
        return self._events(channel, headers, body)

    def _acks(self, channel: str, body: bytes):
        if not self.acknowledges:
            return 400, {"text": "ACK is disabled", "code": 14}, {}
        if not channel:
            return 400, {"text": "Data channel is missing", "code": 10}, {}
        with self.lock:
            written = self._written[channel]
            acks = {str(number): number in written for number in json.loads(body)["acks"]}
            written -= {int(number) for number, done in acks.items() if done}  # it is said once
        return 200, {"acks": acks}, {}

    def _events(self, channel: str, headers, body: bytes):
        fault = self.faults.pop(0) if self.faults else None
        if isinstance(fault, tuple):
            return fault
        if fault == "drops":
            return None
        if fault == "crashes":
            self.crash()
        if headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        if len(body) > self.most:
            return 413, {"text": "Content too large", "code": 27}, {}
        if self.acknowledges and not channel:
            return 400, {"text": "Data channel is missing", "code": 10}, {}
        events, text, decoder = [], body.decode(), json.JSONDecoder()
        while text := text.strip():
            event, end = decoder.raw_decode(text)
            text = text[end:]
            if event.get("index") not in self.indexes:
                return 400, {"text": "Incorrect index", "code": 7, "invalid-event-number": len(events)}, {}
            if not event.get("event") or self.refuses(event["event"]):
                if self.takes_those_before and events:
                    self._taken(channel, events)
                return (
                    400,
                    {"text": "Event field cannot be blank", "code": 13}
                    | ({"invalid-event-number": len(events)} if self.says_which else {}),
                    {},
                )
            events.append(event)
        if not events:
            return 400, {"text": "No data", "code": 5}, {}
        answer = {"text": "Success", "code": 0} | self._taken(channel, events)
        return None if fault == "takes and drops" else (200, answer, {})

    def _taken(self, channel: str, events: list[dict]) -> dict:
        with self.lock:
            number = self._next[channel]
            self._next[channel] += 1
            self.queue.append((channel, number, events))
            if self.at_once:
                self.index()
        return {"ackId": number} if self.acknowledges else {}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer in two writes waits for an acknowledgement of the first

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        self.server.requests.append((self.path, dict(self.headers), body))
        answer = self.server.answer(self.command, self.path, self.headers, body)
        if answer is None:
            self.close_connection = True
            return
        status, said, headers = answer
        data = said if isinstance(said, bytes) else json.dumps(said).encode()
        self.send_response_only(status)
        for name, value in {"Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = _serve  # noqa: N815  as http.server has it

    def log_message(self, *_args) -> None:
        pass
