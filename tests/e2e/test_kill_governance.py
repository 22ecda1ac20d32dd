"""casbd is killed between any two steps of a command: what was done is not done again, and what was not is done."""

import json
import os
import random
import signal
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

import pytest
from running import CASBD, PATIENCE

from casbd.records.timestamps import iso

KILLS = int(os.environ.get("CASBD_GOVERNANCE_KILLS", "1"))
"""At moments by chance; hundreds in the long run."""
RULE = "name: Evil\nfilters: {action_type: {eq: Evil}}\ngovernance: [{action: suspend_user, connector: okta}]\n"
ANNA = "anna@contoso.com"


class Okta(ThreadingHTTPServer):
    """Of Okta what suspending takes: who is suspended cannot be again (400). step: called before and after a request is carried out."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status, self.suspensions, self.refusals, self.steps = "ACTIVE", 0, 0, 0
        self.kill_at = None
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def step(self):
        self.steps += 1
        if self.steps == self.kill_at:
            self.victim.send_signal(signal.SIGKILL)
            self.victim.wait()

    def carry_out(self, method, path):
        if method == "GET":
            name = unquote(path.rpartition("/")[2])
            return 200, {"id": "00u1" if name != "me" else "00uadmin", "status": self.status, "profile": {"login": ANNA, "email": ANNA}}
        if self.status != "ACTIVE":
            self.refusals += 1
            return 400, {"errorCode": "E0000001", "errorSummary": "Api validation failed: suspend"}
        self.status = "SUSPENDED"
        self.suspensions += 1
        return 200, {}


class _Handler(BaseHTTPRequestHandler):
    def _serve(self):
        self.rfile.read(int(self.headers["Content-Length"] or 0))
        self.server.step()
        status, body = self.server.carry_out(self.command, self.path.partition("?")[0])
        self.server.step()
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = _serve  # noqa: N815  as the handler has them

    def log_message(self, *_):
        pass


@pytest.fixture
def okta():
    server = Okta()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def place(make_site, okta, monkeypatch):
    """A site with one activity that has Anna suspended."""
    monkeypatch.setenv("CASBD_TEST_SECRET", "s3cret")

    def place(name="site"):
        site = make_site(name, rules={"evil": RULE})
        connector = {
            "name": "okta",
            "type": "okta",
            "base_url": f"http://127.0.0.1:{okta.server_port}",
            "token": {"env": "CASBD_TEST_SECRET"},
        }
        told = {"name": "told", "type": "file", "path": str(site.directory / "told"), "format": "json", "send": ["governance"]}
        site.configure(connectors=[connector], governance={"mode": "enforce"}, outputs=[told])
        fields = {"Id": "1", "CreationTime": iso(time.time_ns() // 1_000_000 - 60_000)[:-1], "UserId": ANNA, "Operation": "Evil"}
        fields |= {"Workload": "SharePoint", "RecordType": 6, "OrganizationId": "o", "UserType": 0}
        site.write("export.ndjson", [json.dumps(fields).encode()])
        return site

    return place


def begin(site, okta):
    okta.victim = subprocess.Popen([*CASBD, "-c", site.configuration, "run", "--once"], stderr=subprocess.DEVNULL)
    return okta.victim


def all_is_well(site, okta):
    (command,) = site.listed("governance", "list")
    assert (command["status"], okta.status, okta.suspensions, okta.refusals) == ("succeeded", "SUSPENDED", 1, 0), command
    told = [json.loads(line) for line in (site.directory / "told").read_text().splitlines()]
    assert {(one["command_id"], one["status"]) for one in told} == {(command["command_id"], "succeeded")}


def test_between_any_two_steps(place, okta):
    """What is there of them is counted in a run that is not killed: each request before and after it is carried out."""
    site = place("undisturbed")
    site.once()
    all_is_well(site, okta)
    steps = okta.steps
    assert steps >= 4

    for kill_at in range(1, steps + 1):
        okta.status, okta.suspensions, okta.steps, okta.kill_at = "ACTIVE", 0, 0, kill_at
        site = place(f"killed-{kill_at}")
        assert begin(site, okta).wait(PATIENCE) == -signal.SIGKILL
        okta.kill_at = None
        site.once()
        all_is_well(site, okta)


def test_at_any_moment(place, okta):
    chance = random.Random(15)
    for number in range(KILLS):
        okta.status, okta.suspensions = "ACTIVE", 0
        site = place(f"site-{number}")
        victim = begin(site, okta)
        with_luck = threading.Timer(chance.uniform(0.3, 2.0), victim.kill)
        with_luck.start()
        victim.wait(PATIENCE)
        with_luck.cancel()
        site.once()
        all_is_well(site, okta)
