"""What is measured, under which names; and that nobody takes all threads of the port, which is open to whoever is on the host."""

import socket
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from builders import NOON, chunk, record, reject, settings
from prometheus_client.exposition import generate_latest

from casbd.config.settings import Metrics
from casbd.daemon import metrics
from casbd.model.costly import Costly, SetAside
from casbd.model.service_status import ServiceStatus
from casbd.model.unread import Unread
from casbd.store.database import Store
from casbd.store.state import outbox, service_status


@pytest.fixture
def port(tmp_path, monkeypatch):
    assert metrics._Handler.timeout == metrics.PATIENCE
    monkeypatch.setattr(metrics._Handler, "timeout", 0.5)
    Store(tmp_path / "state").close()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    stop = metrics.serve(Metrics(host="127.0.0.1", port=port), tmp_path / "state")
    yield port
    stop()


def answer(port):
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.settimeout(10)
        try:
            connection.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
            return b"".join(iter(lambda: connection.recv(65536), b""))
        except ConnectionError:
            return b""


def threads():
    return sum("process_request_thread" in thread.name for thread in threading.enumerate())


def test_it_answers(port):
    assert b"casbd_store_bytes" in answer(port)


def test_who_says_nothing_takes_no_thread_for_ever(port):
    with ExitStack() as held:
        for _ in range(3 * metrics.MOST_AT_A_TIME):
            held.enter_context(socket.create_connection(("127.0.0.1", port), 10))
        answer(port)  # behind them in the queue
        assert threads() <= metrics.MOST_AT_A_TIME
        deadline = time.monotonic() + 20
        while b"casbd_store_bytes" not in answer(port):
            assert time.monotonic() < deadline


def test_all_metrics_of_a_store(make_core):
    """Dashboards and alerts go by the names, the units and the labels: `metrics.txt` has all of them."""
    rules = {"failed": {"governance": [{"action": "suspend_user", "connector": "entra"}]}}
    core = make_core(rules=rules, settings=settings({"siem": ["alerts"]}, mode="enforce"))
    core.now += 5000
    core.feed(chunk([record(), record(at=1000, UserId="b@contoso.com"), b"{"], rejects=[reject()]))
    first, gone = core.waiting("siem")[0].seq, 10**6
    with core.store.transaction() as connection:
        outbox.failed(connection, "siem", "down", NOON + 2000)
        outbox.settle(connection, "siem", [outbox.Part(gone, 3, 0, whole=True)])
        outbox.settle(connection, "siem", [outbox.Part(gone, 4, 0, whole=True)], acknowledged=False)
        outbox.handed_over(connection, "siem", first, NOON)
    aside = SetAside("failed", "ab", NOON, Costly("failed", 1.0, 1, 1, NOON, "/in/a"))
    unread = [Unread(input="m365", path="/in/a", why="a test", kind=kind) for kind in ("unread", "waiting", "left_out")]
    service_status.save(core.store, ServiceStatus(set_aside=(aside,), unread=(*unread,)))

    scraped = generate_latest(metrics.StoreCollector(core.store.directory)).decode().splitlines()

    sizes = [line for line in scraped if line.startswith(("casbd_store_bytes ", "casbd_outbox_size{"))]
    assert all(float(line.rpartition(" ")[2]) > 100 for line in sizes)
    assert len(sizes) == 3
    expected = (Path(__file__).parent / "metrics.txt").read_text().splitlines()
    assert [line for line in scraped if line not in sizes] == expected
