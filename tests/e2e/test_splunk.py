"""Alerts to a collector that loses what it has not written whenever it crashes, with casbd killed too: each id arrives."""

from __future__ import annotations

import random
import time

import pytest
from receivers import write
from running import DOWNLOADS, wait_until

from tests.outputs.hec import TOKEN, Splunk


@pytest.fixture
def splunk(monkeypatch):
    monkeypatch.setenv("CASBD_TEST_TOKEN", TOKEN)
    started = [Splunk(acknowledges=True, at_once=False)]

    def again() -> Splunk:
        """It crashes, and another process comes up that has what is on the disk."""
        before = started.pop()
        before.crash()
        before.stop()
        started.append(Splunk(port=before.server_port, acknowledges=True, at_once=False))
        started[0].indexed = before.indexed
        return started[0]

    yield again
    started.pop().stop()


def hec(server: Splunk) -> dict:
    return {"name": "splunk", "type": "splunk_hec", "url": server.url, "token": {"env": "CASBD_TEST_TOKEN"}, "acknowledge": True}


@pytest.mark.parametrize("killed", [True, False])
def test_what_was_taken_and_never_written_is_sent_again(make_site, splunk, killed):
    """Fifty events lie in the collector's memory as it crashes. casbd, killed or not, has to have kept them."""
    site, server = make_site(rules={"downloads": DOWNLOADS}), splunk()
    site.configure(outputs=[hec(server), {"name": "file", "type": "file", "path": str(site.alerts_file)}])
    daemon = site.start()
    write(site, 0, 50)
    wait_until(lambda: sum(len(events) for _, _, events in server.queue) == 50, tell=site.log)
    wait_until(lambda: site.status()["outputs"][0]["in_doubt"] == 50, tell=site.log)
    if killed:
        daemon.kill()
    server = splunk()
    if killed:
        daemon = site.start()
    else:
        write(site, 50, 51)  # its number tells that all before it is unknown there
    wait_until(lambda: server.index() or {*server.ids()} == {*site.delivered()}, tell=site.log)
    wait_until(lambda: site.status()["outputs"][0]["in_doubt"] == 0, tell=site.log)
    assert daemon.terminate() == 0


def test_killed_again_and_again_on_both_sides(make_site, splunk):
    site, turns, chance = make_site(rules={"downloads": DOWNLOADS}), 8, random.Random(7)
    server = splunk()
    site.configure(outputs=[hec(server), {"name": "file", "type": "file", "path": str(site.alerts_file)}])
    daemon = site.start()
    for turn in range(turns):
        write(site, turn * 50, turn * 50 + 50)
        time.sleep(0.2 + chance.random() / 3)
        server.index(chance.randrange(3))
        if turn % 2:
            daemon.kill()
            daemon = site.start()
        if turn % 3 != 1:
            server = splunk()

    def all_written() -> bool:
        server.index()
        return len({*server.ids()}) == turns * 50

    wait_until(all_written, 60, site.log)
    wait_until(lambda: len({*site.delivered()}) == turns * 50)  # a kill may have had some of them written twice
    assert {*server.ids()} == {*site.delivered()}
    wait_until(lambda: server.index() or site.status()["outputs"][0]["delivered"] >= turns * 50, 30, site.log)
    (status, _) = site.status()["outputs"]
    assert (status["pending"], status["in_doubt"], status["refused"]) == (0, 0, 0)
