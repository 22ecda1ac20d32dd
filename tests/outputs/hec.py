"""An HTTP Event Collector on loopback that answers as Splunk's documentation says, and keeps what it took until it is indexed.

Source: Splunk, "HTTP Event Collector REST API endpoints", "Possible error codes", "About HTTP Event Collector Indexer Acknowledgment".
"""

import gzip
import json
import threading
from collections import defaultdict
from urllib.parse import parse_qs, urlsplit

from tests.outputs.answering import Answering

TOKEN = "11111111-2222-3333-4444-555555555555"


class Splunk(Answering):
    """queue: what was taken and is lost in a crash; indexed: what is on the disk. at_once: it is indexed when it is taken.

    faults: instead of the next answers to events: (status, body, headers), "drops" (the connection ends), "takes and drops",
    "crashes" (and comes back before it answers); None is none.
    refuses: which events are bad ones. says_which, takes_those_before: what becomes known of them, and of the events before one.
    """

    def __init__(
        self, *, port=0, acknowledges=False, at_once=True, most=1_000_000, refuses=None, says_which=True, takes_those_before=False
    ):
        self.acknowledges, self.at_once, self.most = acknowledges, at_once, most
        self.refuses, self.says_which, self.takes_those_before = refuses or (lambda event: False), says_which, takes_those_before
        self.tokens, self.indexes = {TOKEN: "enabled"}, {None, "main", "security"}
        self.indexed: list[dict] = []
        self.queue: list[tuple[str, int, list[dict]]] = []
        self.faults: list = []
        self.requests: list[tuple[str, dict, bytes]] = []
        self._next: dict[str, int] = defaultdict(int)
        self._written: dict[str, set[int]] = defaultdict(set)
        self.lock = threading.RLock()
        super().__init__(port)

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

    def answer(self, method: str, path: str, headers, body: bytes):
        self.requests.append((path, dict(headers), body))
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
