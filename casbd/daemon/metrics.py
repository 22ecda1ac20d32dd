"""Prometheus metrics, read from the store at each scrape: the numbers survive a restart and cost nothing in between."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import get_args

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import start_http_server
from prometheus_client.metrics_core import Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector, CollectorRegistry

from casbd.config.settings import Metrics
from casbd.model.governance import CommandStatus
from casbd.store import governance, governance_stop, outbox, service_status
from casbd.store import inputs as input_store
from casbd.store import policies as policy_store
from casbd.store.database import Store


def serve(options: Metrics, state_dir: Path) -> Callable[[], None]:
    """Serve `/metrics`; returns what ends it. OSError where the port is taken."""
    registry = CollectorRegistry()
    registry.register(StoreCollector(state_dir))
    ProcessCollector(registry=registry)
    server, thread = start_http_server(options.port, options.host, registry=registry)

    def stop() -> None:
        server.shutdown()
        server.server_close()
        thread.join(5)

    return stop


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
            for policy, (matched, raised) in policy_store.counts(store.connection).items():
                matches.add_metric([policy], matched)
                alerts.add_metric([policy], raised)
            yield matches
            yield alerts
            yield from _governance(store)
            yield _set_aside(store)
            yield GaugeMetricFamily("casbd_store_bytes", "Size of the SQLite file", value=store.size())


def _inputs(store: Store) -> Iterator[Metric]:
    found = input_store.counts(store.connection)
    for name in ("received", "records", "activities", "duplicates", "rejects"):
        metric = CounterMetricFamily(f"casbd_input_{name}", f"{name.capitalize()} of an input", labels=["input"])
        for entry, counts in found.items():
            metric.add_metric([entry], getattr(counts, name))
        yield metric
    last = GaugeMetricFamily("casbd_input_last_record_seconds", "When the last record was read, seconds since 1970", labels=["input"])
    for entry, counts in found.items():
        if counts.last_record is not None:
            last.add_metric([entry], counts.last_record / 1000)
    yield last
    newest = GaugeMetricFamily("casbd_input_newest_record_seconds", "Own time of the newest record, seconds since 1970", labels=["input"])
    for entry, counts in found.items():
        if counts.newest is not None:
            newest.add_metric([entry], counts.newest / 1000)
    yield newest
    unread = GaugeMetricFamily("casbd_input_unread", "Files that are not read, as `casbd status` lists them", labels=["input"])
    listed = Counter(one["input"] for one in service_status.load(store).get("unread", ()) if one["kind"] != "left_out")
    for entry in found:
        unread.add_metric([entry], listed[entry])
    yield unread


def _set_aside(store: Store) -> Metric:
    aside = GaugeMetricFamily("casbd_policy_set_aside", "Policies that cost too much and are not asked", labels=["policy"])
    for one in service_status.load(store).get("set_aside", ()):
        aside.add_metric([one["policy_id"]], 1)
    return aside


def _destinations(store: Store) -> Iterator[Metric]:
    found = outbox.deliveries(store.connection)
    for name, meaning in (("pending", "Messages waiting"), ("size", "Bytes waiting"), ("in_doubt", "Messages sent, but perhaps not read")):
        gauge = GaugeMetricFamily(f"casbd_outbox_{name}", meaning, labels=["destination"])
        for entry in found.values():
            gauge.add_metric([entry.name], getattr(entry, name))
        yield gauge
    down = GaugeMetricFamily("casbd_outbox_down_since_seconds", "Since when it takes nothing, seconds since 1970", labels=["destination"])
    for entry in found.values():
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
        for entry in found.values():
            counter.add_metric([entry.name], getattr(entry, name))
        yield counter


def _governance(store: Store) -> Iterator[Metric]:
    stopped = governance_stop.stopped(store.connection)
    yield GaugeMetricFamily("casbd_governance_stopped", "Whether `casbd governance stop` holds commands back", value=stopped is not None)
    commands = GaugeMetricFamily("casbd_governance_commands", "Commands of the governance log, by what became of them", labels=["status"])
    numbers = governance.numbers(store.connection)
    for status in get_args(CommandStatus):
        commands.add_metric([status], numbers.get(status, 0))
    yield commands
