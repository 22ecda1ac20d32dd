"""The metrics' port is open to whoever is on the host: nobody takes all threads, or keeps others from it for long."""

import socket
import threading
import time
from contextlib import ExitStack

import pytest

from casbd.config.settings import Metrics
from casbd.daemon import metrics
from casbd.store.database import Store


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
