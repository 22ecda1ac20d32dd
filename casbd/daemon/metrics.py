"""Prometheus metrics, read from the store at each scrape: the numbers survive a restart and cost nothing in between."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from socketserver import ThreadingMixIn
from threading import BoundedSemaphore, Thread
from typing import Any, get_args
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import make_wsgi_app
from prometheus_client.metrics_core import Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector, CollectorRegistry

from casbd.config.settings import Metrics
from casbd.model.governance import CommandStatus
from casbd.store.database import Store
from casbd.store.state import governance_breaker, governance_log, governance_stop, input_progress, outbox, policy_counts, service_status

MOST_AT_A_TIME = 16
"""Connections; whoever is on this host may open them, and each has a thread of the few that the unit allows."""
PATIENCE = 10.0
"""Seconds that one may say nothing."""


def serve(options: Metrics, state_dir: Path) -> Callable[[], None]:
    """Serve `/metrics`; returns what ends it. OSError where the port is taken."""
    registry = CollectorRegistry()
    registry.register(StoreCollector(state_dir))
    ProcessCollector(registry=registry)
    server = _Server(options.host, options.port)
    server.set_app(make_wsgi_app(registry))
    thread = Thread(target=server.serve_forever, name="metrics", daemon=True)
    thread.start()

    def stop() -> None:
        server.shutdown()
        server.server_close()
        thread.join(5)

    return stop


class _Handler(WSGIRequestHandler):
    timeout = PATIENCE

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name in the standard library
        """Nobody needs to know of each scrape."""


class _Server(ThreadingMixIn, WSGIServer):
    """A thread a connection, and no more of them than are bearable: what comes then is closed at once."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 2 * MOST_AT_A_TIME

    def __init__(self, host: str, port: int) -> None:
        self.address_family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
        self._free = BoundedSemaphore(MOST_AT_A_TIME)
        super().__init__((host, port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except RuntimeError:  # no thread can be started
            self._free.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who hangs up, or is too slow, is no news."""


class StoreCollector(Collector):
    """Counts since the store began."""

    def __init__(self, state_dir: Path) -> None:
        self._state_dir = state_dir

    def collect(self) -> Iterator[Metric]:
        """All metrics; a connection of its own, as each scrape comes in another thread."""
        with Store(self._state_dir, readonly=True) as store:
            yield from _inputs(store)
            yield from _destinations(store)
            matches = CounterMetricFamily("casbd_policy_matches", "Activities that met a policy's filters", labels=["policy"])
            alerts = CounterMetricFamily("casbd_policy_alerts", "Alerts raised", labels=["policy"])
            for policy, (matched, raised) in policy_counts.counts(store.connection).items():
                matches.add_metric([policy], matched)
                alerts.add_metric([policy], raised)
            yield matches
            yield alerts
            yield from _governance(store)
            yield _set_aside(store)
            yield GaugeMetricFamily("casbd_store_bytes", "Size of the SQLite file", value=store.size())


def _inputs(store: Store) -> Iterator[Metric]:
    by_input = input_progress.counts(store.connection)
    for name in ("received", "records", "activities", "duplicates", "rejects"):
        metric = CounterMetricFamily(f"casbd_input_{name}", f"{name.capitalize()} of an input", labels=["input"])
        for entry, counts in by_input.items():
            metric.add_metric([entry], getattr(counts, name))
        yield metric
    last = GaugeMetricFamily("casbd_input_last_record_seconds", "When the last record was read, seconds since 1970", labels=["input"])
    for entry, counts in by_input.items():
        if counts.last_record is not None:
            last.add_metric([entry], counts.last_record / 1000)
    yield last
    newest = GaugeMetricFamily("casbd_input_newest_record_seconds", "Own time of the newest record, seconds since 1970", labels=["input"])
    for entry, counts in by_input.items():
        if counts.newest is not None:
            newest.add_metric([entry], counts.newest / 1000)
    yield newest
    unread = GaugeMetricFamily("casbd_input_unread", "Files that are not read, as `casbd status` lists them", labels=["input"])
    listed = Counter(one.input for one in service_status.load(store).unread if one.kind != "left_out")
    for entry in by_input:
        unread.add_metric([entry], listed[entry])
    yield unread


def _set_aside(store: Store) -> Metric:
    aside = GaugeMetricFamily("casbd_policy_set_aside", "Policies that cost too much and are not asked", labels=["policy"])
    for one in service_status.load(store).set_aside:
        aside.add_metric([one.policy_id], 1)
    return aside


def _destinations(store: Store) -> Iterator[Metric]:
    deliveries = outbox.deliveries(store.connection)
    for name, meaning in (("pending", "Messages waiting"), ("size", "Bytes waiting"), ("in_doubt", "Messages sent, but perhaps not read")):
        gauge = GaugeMetricFamily(f"casbd_outbox_{name}", meaning, labels=["destination"])
        for entry in deliveries.values():
            gauge.add_metric([entry.name], getattr(entry, name))
        yield gauge
    down = GaugeMetricFamily("casbd_outbox_down_since_seconds", "Since when it takes nothing, seconds since 1970", labels=["destination"])
    for entry in deliveries.values():
        if entry.down_since is not None:
            down.add_metric([entry.name], entry.down_since / 1000)
    yield down
    counted = {
        "delivered": "Messages delivered",
        "sent": "Messages sent that nobody acknowledges (UDP)",
        "refused": "Messages refused for good",
        "failures": "Failed tries",
    }
    for name, meaning in counted.items():
        counter = CounterMetricFamily(f"casbd_outbox_{name}", meaning, labels=["destination"])
        for entry in deliveries.values():
            counter.add_metric([entry.name], getattr(entry, name))
        yield counter


def _governance(store: Store) -> Iterator[Metric]:
    stopped = governance_stop.stopped(store.connection)
    yield GaugeMetricFamily("casbd_governance_stopped", "Whether `casbd governance stop` holds commands back", value=stopped is not None)
    broken = governance_breaker.opened(store.connection) is not None
    yield GaugeMetricFamily("casbd_governance_breaker_open", "Whether a ceiling was reached: new commands are blocked", value=broken)
    commands = GaugeMetricFamily("casbd_governance_commands", "Commands of the governance log, by what became of them", labels=["status"])
    numbers = governance_log.numbers(store.connection)
    for status in get_args(CommandStatus):
        commands.add_metric([status], numbers.get(status, 0))
    yield commands
