"""A policy that cost too much stays set aside over restarts and reloads, until what it says changes; and who looks is told."""

import json
import random
from contextlib import ExitStack, contextmanager

import pytest
from builders import reload
from click.testing import CliRunner

from casbd.cli import casbd
from casbd.daemon import reload_thread
from casbd.daemon.metrics import StoreCollector
from casbd.daemon.service import start
from casbd.policies import asking

COSTLY = json.dumps({"name": "costly", "filters": {"raw": {"substring": [f"xyxyxyxyxy{number}" for number in range(20_000)]}}})
HONEST = "name: honest\nfilters: {user: {eq: a}}\n"
MAPPING = "mapping: {timestamp: time, activity_id: id, user: user}"


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setattr(asking, "CHUNK_SECONDS", 0.05)
    monkeypatch.setattr(reload_thread, "LEAST_REST", 0.0)
    monkeypatch.setattr(reload_thread, "SHARE", 1)
    for name in ("rules", "in"):
        (tmp_path / name).mkdir()
    (tmp_path / "rules" / "costly.yaml").write_text(COSTLY)
    (tmp_path / "rules" / "honest.yaml").write_text(HONEST)
    inputs = f"inputs: [{{name: a, path: in/*, format: json, {MAPPING}}}]"
    (tmp_path / "casbd.yaml").write_text(f"state_dir: state\nrules: [rules]\n{inputs}\n")
    return tmp_path


def write(place, number=3, text="xyxyxyxyxyz " * 4000):
    made = random.random()
    lines = [json.dumps({"time": "2026-01-01T12:00:00Z", "id": f"{made}{one}", "user": "a", "text": text}) for one in range(number)]
    (place / "in" / f"{made}.json").write_text("\n".join(lines) + "\n")


@contextmanager
def started(place):
    with ExitStack() as undo:
        yield start(place / "casbd.yaml", undo, once=True)


def read(running):
    """All there is, and no delivery."""
    while running.loop.work():
        pass
    running.parts.inputs.finish()
    while running.loop.work():
        pass
    running.status.save()


def asked(running):
    return [policy.id for policy in running.parts.engine.matcher.policies]


@pytest.fixture
def running(place):
    """One that has set a policy aside."""
    write(place)
    with started(place) as running:
        read(running)
        assert asked(running) == ["honest"]
        yield running


def run(place, *arguments):
    found = CliRunner().invoke(casbd, ["-c", str(place / "casbd.yaml"), *arguments])
    assert found.exit_code == 0, found.output
    return found.stdout


def test_a_restart_changes_nothing(place):
    for _ in range(2):
        write(place)
        with started(place) as running:
            before = asked(running)
            read(running)
    assert before == asked(running) == ["honest"]


@pytest.mark.parametrize(
    ("written", "left"),
    [
        (COSTLY.replace('"name": "costly"', '"name": "another name", "severity": "low"'), ["honest"]),
        (COSTLY.replace("xyxyxyxyxy0", "xyxyxyxyxy-0"), ["costly", "honest"]),
    ],
    ids=["another name", "another filter"],
)
def test_it_comes_back_when_it_asks_for_something_else(running, place, written, left):
    (place / "rules" / "costly.yaml").write_text(written)
    reload(running)
    assert asked(running) == left
    running.status.save()
    assert bool(json.loads(run(place, "status", "--json"))["set_aside"]) is ("costly" not in left)


def test_not_because_its_file_was_away(running, place):
    (place / "rules" / "costly.yaml").rename(place / "away")
    reload(running)
    running.status.save()
    assert json.loads(run(place, "status", "--json"))["set_aside"] == []
    (place / "away").rename(place / "rules" / "costly.yaml")
    reload(running)
    assert asked(running) == ["honest"]


def test_an_exception_changes_what_it_asks_for(running, place):
    (place / "rules" / "exceptions.yaml").write_text(
        "exceptions: [{policy: costly, filters: {user: {eq: b}}, reason: a test, expires: 2099-01-01}]\n"
    )
    reload(running)
    assert running.status.reloaded.ok, running.status.reloaded
    assert asked(running) == ["costly", "honest"]


def test_a_refused_reload_changes_nothing(running, place):
    (place / "rules" / "honest.yaml").write_text("name: 1\n")
    reload(running)
    assert asked(running) == ["honest"]


class TestIsShown:
    """Wherever people look."""

    def test_status(self, running, place):
        (told,) = json.loads(run(place, "status", "--json"))["set_aside"]
        assert told["policy_id"] == "costly"
        assert told["seconds"] > 0.004
        assert told["activities"] == 1
        assert told["characters"] > 48_000
        assert told["place"].endswith(", byte 0")
        assert told["first_activity"] == "2026-01-01T12:00:00.000Z"
        shown = run(place, "status")
        assert f"SET ASIDE since {told['since'][:10]}" in shown
        assert "the policy costly took 0.0" in shown

    def test_policies(self, running, place):
        listed = [json.loads(line) for line in run(place, "policies", "list", "--json").splitlines()]
        assert [(one["policy_id"], bool(one["set_aside"])) for one in listed] == [("costly", True), ("honest", False)]
        assert "set aside" in run(place, "policies", "list")
        assert json.loads(run(place, "policies", "show", "costly", "--json"))["set_aside"]
        assert "set aside" in run(place, "policies", "explain", "costly")
        assert "set aside" not in run(place, "policies", "explain", "honest")

    def test_metrics(self, running, place):
        metrics = {metric.name: metric for metric in StoreCollector(place / "state").collect()}
        assert [sample.labels for sample in metrics["casbd_policy_set_aside"].samples] == [{"policy": "costly"}]

    def test_an_alert_and_the_audit_trail(self, running, place):
        (told,) = [one for one in map(json.loads, run(place, "alerts", "list", "--json").splitlines()) if one["policy_type"] == "system"]
        assert told["title"] == "costly costs too much and is set aside"
        assert "policies set aside" in run(place, "audit", "list")

    def test_backtest_tells_what_it_would_have_found(self, running, place):
        write(place, 1, "xyxyxyxyxy7 ")
        read(running)
        (told,) = [one for one in map(json.loads, run(place, "alerts", "list", "--json").splitlines()) if one["policy_type"] == "system"]
        command = told["description"].rpartition("`casbd ")[2].rstrip("`.")
        found = [json.loads(line) for line in run(place, *command.split(), "--json").splitlines()]
        assert [one["policy_id"] for one in found] == ["costly"]
