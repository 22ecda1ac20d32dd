"""`casbd status --json`: programs of others read it, so its keys and their order stay."""

import json

import msgspec
import pytest
from builders import HOUR, NOON

from casbd.model.service_status import ServiceStatus
from casbd.store.database import Store
from casbd.store.state import governance_stop, habits_late, service_status

UNREAD = {"input": "m365", "path": "/in/b", "why": "no format", "advice": "name one", "size": 7, "kind": "unread"}
COST = {"policy_id": "failed", "seconds": 0.5, "activities": 1, "characters": 9, "since": NOON, "place": "/in/a, byte 0"}
SERVICE = {
    "pid": 7,
    "version": "1",
    "started": NOON,
    "problems": {"silent": "no such file"},
    "set_aside": [{"policy_id": "failed", "meaning": "ab12", "at": NOON + HOUR, "cost": COST}],
    "unread": [UNREAD],
    "more_unread": 3,
    "paused": "siem",
    "warnings": ["an exception has expired"],
    "learning": {"policy_id": "idle", "judged_since": NOON, "more": 2, "waiting": 0},
}
DONE = {"at": NOON + HOUR, "ok": True, "added": ["a"], "changed": [], "removed": ["b"]}
REFUSED = {"at": NOON + HOUR, "ok": False, "mistakes": ["rules/a.yaml:2:1: unknown key `filter`"]}
KEYS = {
    "inputs": "name received records activities duplicates rejects last_record last_read problem files",
    "outputs": "name configured pending pending_bytes oldest_pending in_doubt delivered sent refused failures last_error last_error_at"
    " last_delivery down_since",
    "policies": "policy_id matches alerts",
    "set_aside": "policy_id since took seconds activities characters first_activity place",
    "governance": "stopped queued pending_approval breaker",
    "unread": "input path why advice size kind",
    "more_unread": "",
    "paused": "",
    "reload": "at ok added changed removed",
    "warnings": "",
    "version": "",
    "pid": "",
    "started": "",
    "store_bytes": "",
    "learning": "policy_id judged_since more waiting",
    "late": "activities oldest policies judged_at",
}


@pytest.fixture
def told(run, place):
    """What is told once the daemon has saved this."""

    def told(service):
        with Store(place / "core/state") as store:
            service_status.save(store, msgspec.convert(service, ServiceStatus))
            with store.transaction() as connection:
                connection.execute("DELETE FROM habits_late")
                habits_late.note(connection, {"one": (NOON, 7), "other": (NOON + HOUR, 3)}, NOON + HOUR)
                governance_stop.stop(connection, governance_stop.Stopped(NOON, "eva", "a drill"))
        return json.loads(run("status", "--json"))

    return told


def keys(value):
    one = value[0] if isinstance(value, list) else value
    return " ".join(one) if isinstance(one, dict) else ""


def test_the_keys(told):
    status = told({**SERVICE, "reload": DONE})
    assert {key: keys(value) for key, value in status.items()} == KEYS
    assert [*status] == [*KEYS]
    assert keys(status["inputs"][0]["files"]) == "path position size"
    assert keys(status["governance"]["stopped"]) == "since by reason"


def test_what_the_daemon_said_of_itself(told):
    status = told({**SERVICE, "reload": DONE})
    assert status["unread"] == [UNREAD]
    assert status["set_aside"] == [
        {
            "policy_id": "failed",
            "since": "2026-01-01T13:00:00.000Z",
            "took": "0.500 s of processor time for 1 activity of 9 characters (/in/a, byte 0)",
            "seconds": 0.5,
            "activities": 1,
            "characters": 9,
            "first_activity": "2026-01-01T12:00:00.000Z",
            "place": "/in/a, byte 0",
        }
    ]
    stopped = {"since": "2026-01-01T12:00:00.000Z", "by": "eva", "reason": "a drill"}
    assert status["governance"] == {"stopped": stopped, "queued": 0, "pending_approval": 0, "breaker": None}
    assert status["reload"] == {**DONE, "at": "2026-01-01T13:00:00.000Z"}
    plain = ("more_unread", "paused", "warnings", "version", "pid", "started")
    assert [status[name] for name in plain] == [3, "siem", ["an exception has expired"], "1", 7, "2026-01-01T12:00:00.000Z"]
    assert [one["problem"] for one in status["inputs"]] == [None, "no such file"]


def test_a_refused_reload(told, run):
    assert told({**SERVICE, "reload": REFUSED})["reload"] == {**REFUSED, "at": "2026-01-01T13:00:00.000Z"}
    shown = run("status")
    assert "Last reload: 2026-01-01T13:00:00.000Z, refused; the last good configuration stays" in shown
    assert "  rules/a.yaml:2:1: unknown key `filter`" in shown


def test_a_daemon_that_has_never_run(told):
    status = told({})
    nothing = ("unread", "set_aside", "warnings", "more_unread", "paused", "reload", "version", "pid", "started")
    assert [status[name] for name in nothing] == [[], [], [], 0, None, None, None, None, None]


def test_what_is_read_back_from_the_log(told, run, place):
    status = told(SERVICE)
    assert status["learning"] == {"policy_id": "idle", "judged_since": "2026-01-01T12:00:00.000Z", "more": 2, "waiting": 0}
    assert status["late"] == {"activities": 7, "oldest": "2026-01-01T12:00:00.000Z", "policies": 2, "judged_at": None}
    assert (
        "What came late, from 2026-01-01 12:00:00 on, is judged from the log for idle, and for 2 more; all go on watching meanwhile\n"
        in run("status")
    )
    told({**SERVICE, "learning": {**SERVICE["learning"], "waiting": 1}})
    assert "for idle, and for 2 more; alerts of what comes meanwhile are raised when it is done for 1 of 3\n" in run("status")
    told({**SERVICE, "learning": {**SERVICE["learning"], "judged_since": None, "more": 0, "waiting": 1}})
    line = "What was usual is learned from the log for idle; alerts of what comes meanwhile are raised when it is done for 1 of 1\n"
    assert line in run("status")
    told({})
    late = "2 policies, up to 7 activities each, back to 2026-01-01 12:00:00; judged from the log"
    assert f"Too late to be judged by what was usual then: {late}" in run("status")
    assert f"{late} as soon as the inputs are read" in run("status")
    with Store(place / "core/state") as store, store.transaction() as connection:
        connection.execute("UPDATE habits_late SET observed = 10000, took = 60000")
    assert f"{late} at 2026-01-01 13:40:00 or later" in run("status")
