"""casbd and the receiver are killed while a thousand alerts with anything in their fields are delivered: each id arrives."""

import json
import os
import random
import time

import pytest
from collectors import ENVIRONMENT, Collecting
from receivers import Receiving
from running import external_id, free_port, wait_until

from casbd.records.timestamps import iso
from tests.wire.items import HOSTILE

KILLS = int(os.environ.get("CASBD_E2E_KILLS", "4"))
"""How often each of the two, in one run; 50 in the long one."""
ALERTS = 1000
START = 1_767_268_800_000
RULE = "name: Export\nseverity: medium\nfilters: {activity_type: {eq: Export}}\n"
MAPPING = {
    "activity_id": "id",
    "timestamp": "time",
    "user": "user",
    "user_agent": "agent",
    "ip_address": "ip",
    "country": "country",
    "object_name": "name",
    "object_id": "object",
    "action_type": "action",
    "app_instance": "instance",
}


class OverTcp(Receiving):
    """Syslog receivers that read everything, one after the other."""

    def output(self):
        return {"type": "syslog", "host": "127.0.0.1", "port": self.port}

    def start(self, how="reads"):
        super().start(how)

    def ids(self):
        return [external_id(line) for line in self.read()]


@pytest.fixture(params=["tcp", "splunk", "splunk_acks", "azure", "elastic", "otlp"])
def receiver(request, tmp_path, monkeypatch):
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    made = (OverTcp if request.param == "tcp" else Collecting)(tmp_path / "received", free_port(), request.param)
    yield made
    made.kill()


def records(chance: random.Random) -> list[bytes]:
    """Of users who did this once, with pieces that break what writes them carelessly."""

    pieces = ["word", " ", *(piece for piece in HOSTILE if not "\ud800" <= piece <= "\udfff")]  # half a pair is a reject

    def text() -> str:
        return "".join(chance.choice(pieces) for _ in range(chance.randrange(1, 9)))

    known = {"id", "time", "user"}
    return [
        json.dumps(
            {path: text() for path in MAPPING.values() if path not in known}
            | {"id": f"id{number}", "time": iso(START + number), "user": f"{text()}{number}@example.com"}
        ).encode()
        for number in range(ALERTS)
    ]


def test_each_id_arrives_whoever_is_killed(make_site, receiver):
    chance = random.Random(7)
    site, lines = make_site(rules={"export": RULE}), records(chance)
    own = {"name": "own", "path": f"{site.inputs}/*", "format": "json", "mapping": MAPPING}
    site.configure(inputs=[own | {"constants": {"app": "Own", "activity_type": "Export"}}], outputs=[{"name": "siem", **receiver.output()}])
    receiver.start()
    daemon = site.start()
    for turn in range(KILLS):
        part = lines[ALERTS * turn // KILLS : ALERTS * (turn + 1) // KILLS]
        killed, back, end = sorted(chance.randrange(len(part)) for _ in range(3))
        for number, line in enumerate(part):
            site.write("audit.ndjson", [line])
            time.sleep(0.005)
            if number == killed:
                receiver.kill()
            if number == back and chance.random() < 0.5:  # else it is away until casbd runs again
                receiver.start()
            if number == end:
                daemon.kill()
        daemon = site.start()
        if receiver.process is None:
            receiver.start()
    site.wait_for_records(ALERTS)
    wanted = {alert["alert_id"] for alert in site.listed("alerts", "list", "--limit", "0") if alert["category"] != "system"}
    assert len(wanted) == ALERTS
    wait_until(lambda: wanted <= {*receiver.ids()}, 60, lambda: f"{len(wanted - {*receiver.ids()})} are missing\n{site.log()}")
    assert {*receiver.ids()} == wanted, "nothing else is taken for a message"
    assert daemon.terminate() == 0
    (siem,) = site.status()["outputs"]
    assert (siem["pending"], siem["in_doubt"], siem["refused"]) == (0, 0, 0)
