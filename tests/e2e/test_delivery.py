"""A destination that is dead delays only itself, and gets everything in order when it is back."""

import statistics
import time
from concurrent.futures import ThreadPoolExecutor

import m365_records
import pytest
from running import DOWNLOADS, PATIENCE, Receiver, external_id, free_port, wait_until

ALERTS = 300


def siem(port):
    return {"name": "siem", "type": "syslog", "host": "127.0.0.1", "port": port, "transport": "tcp"}


@pytest.fixture
def dead(make_site):
    """A site whose SIEM does not listen, and which has a file to write to as well."""
    site = make_site(rules={"downloads": DOWNLOADS})
    site.port = free_port()
    site.configure(outputs=[siem(site.port), {"name": "file", "type": "file", "path": str(site.alerts_file)}])
    site.lines = [m365_records.download(m365_records.USERS[n], m365_records.START + n, seed=n) for n in range(ALERTS)]
    return site


def test_dead_for_a_whole_run_then_alive(dead):
    daemon = dead.start()
    dead.write("audit.ndjson", dead.lines)
    wait_until(lambda: len(dead.alert_lines()) == ALERTS)  # the file does not wait for the SIEM
    assert daemon.terminate() == 0
    waiting = {output["name"]: output for output in dead.status()["outputs"]}
    assert waiting["siem"]["pending"] == ALERTS
    assert waiting["siem"]["last_error"]
    assert waiting["file"]["pending"] == 0

    receiver = Receiver(dead.port)
    daemon = dead.start()
    try:
        messages = receiver.take(ALERTS)
        assert not receiver.take(1, within=0.5)
    finally:
        receiver.close()
    assert daemon.terminate() == 0
    assert [external_id(message) for message in messages] == dead.delivered()
    assert len(set(dead.delivered())) == ALERTS


def test_back_while_the_daemon_runs(dead):
    daemon = dead.start()
    dead.write("audit.ndjson", dead.lines[:50])
    wait_until(lambda: len(dead.alert_lines()) == 50)
    receiver = Receiver(dead.port)
    try:
        messages = receiver.take(50)
    finally:
        receiver.close()
    assert [external_id(message) for message in messages] == dead.delivered()
    assert daemon.terminate() == 0


def test_once_says_that_not_everything_is_delivered(dead):
    dead.write("audit.ndjson", dead.lines)
    finished = dead.once(code=75)
    assert "casbd status" in finished.err
    assert len(dead.delivered()) == ALERTS
    receiver = Receiver(dead.port)
    try:
        with ThreadPoolExecutor(1) as aside:
            messages = aside.submit(receiver.take, ALERTS, to_the_end=True)
            dead.once()
            assert [external_id(message) for message in messages.result()] == dead.delivered()
    finally:
        receiver.close()


def test_latency(make_site):
    site, receiver = make_site(rules={"downloads": DOWNLOADS}), Receiver()
    site.configure(outputs=[siem(receiver.port)])
    site.start()
    taken = []
    try:
        for n in range(40):
            line = m365_records.download(m365_records.USERS[n], m365_records.START, seed=n)
            begun = time.monotonic()
            site.write("audit.ndjson", [line])
            assert receiver.take(1, within=PATIENCE)
            taken.append(time.monotonic() - begun)
            time.sleep(0.02)
    finally:
        receiver.close()
    tenths = statistics.quantiles(taken, n=10)
    print(f"\nlatency: p50 {statistics.median(taken) * 1e3:.0f} ms, p90 {tenths[8] * 1e3:.0f} ms, most {max(taken) * 1e3:.0f} ms")
    assert tenths[8] < 1.0
