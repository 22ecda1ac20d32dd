"""A policy that cost too much stays set aside over restarts and reloads, until what it says changes; and who looks is told."""

import json
import random

import pytest
from click.testing import CliRunner

from casbd.cli import casbd
from casbd.clock import monotonic
from casbd.daemon import reloading
from casbd.daemon.metrics import StoreCollector
from casbd.daemon.service import Service
from casbd.policies import asking

COSTLY = json.dumps({"name": "costly", "filters": {"raw": {"substring": [f"xyxyxyxyxy{number}" for number in range(20_000)]}}})
HONEST = "name: honest\nfilters: {user: {eq: a}}\n"
MAPPING = "mapping: {timestamp: time, activity_id: id, user: user}"


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setattr(asking, "CHUNK_SECONDS", 0.05)
    monkeypatch.setattr(reloading, "LEAST_REST", 0.0)
    monkeypatch.setattr(reloading, "SHARE", 1)
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


def started(place):
    service = Service(place / "casbd.yaml", once=True)
    for step in service.STEPS:
        step(service)
    return service


def read(service):
    """All there is, and no delivery."""
    while service._work():
        pass
    service.inputs.finish()
    while service._work():
        pass
    service.save_status()


def asked(service):
    return [policy.id for policy in service.engine.matcher.policies]


def reload(service):
    service._reloading.ask()
    until = monotonic() + 30
    while service._reloading.is_under_way:
        service.reload()
        assert monotonic() < until


@pytest.fixture
def service(place):
    """One that has set a policy aside."""
    write(place)
    service = started(place)
    with service._exit:
        read(service)
        assert asked(service) == ["honest"]
        yield service


def run(place, *arguments):
    found = CliRunner().invoke(casbd, ["-c", str(place / "casbd.yaml"), *arguments])
    assert found.exit_code == 0, found.output
    return found.stdout


def test_a_restart_changes_nothing(place):
    for _ in range(2):
        write(place)
        service = started(place)
        with service._exit:
            before = asked(service)
            read(service)
    assert before == asked(service) == ["honest"]


@pytest.mark.parametrize(
    ("written", "left"),
    [
        (COSTLY.replace('"name": "costly"', '"name": "another name", "severity": "low"'), ["honest"]),
        (COSTLY.replace("xyxyxyxyxy0", "xyxyxyxyxy-0"), ["costly", "honest"]),
    ],
    ids=["another name", "another filter"],
)
def test_it_comes_back_when_it_asks_for_something_else(service, place, written, left):
    (place / "rules" / "costly.yaml").write_text(written)
    reload(service)
    assert asked(service) == left
    service.save_status()
    assert bool(json.loads(run(place, "status", "--json"))["set_aside"]) is ("costly" not in left)


def test_not_because_its_file_was_away(service, place):
    (place / "rules" / "costly.yaml").rename(place / "away")
    reload(service)
    service.save_status()
    assert json.loads(run(place, "status", "--json"))["set_aside"] == []
    (place / "away").rename(place / "rules" / "costly.yaml")
    reload(service)
    assert asked(service) == ["honest"]


def test_an_exception_changes_what_it_asks_for(service, place):
    (place / "rules" / "exceptions.yaml").write_text(
        "exceptions: [{policy: costly, filters: {user: {eq: b}}, reason: a test, expires: 2099-01-01}]\n"
    )
    reload(service)
    assert service._reloaded["ok"], service._reloaded
    assert asked(service) == ["costly", "honest"]


def test_a_refused_reload_changes_nothing(service, place):
    (place / "rules" / "honest.yaml").write_text("name: 1\n")
    reload(service)
    assert asked(service) == ["honest"]


class TestIsShown:
    """Wherever people look."""

    def test_status(self, service, place):
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

    def test_policies(self, service, place):
        listed = [json.loads(line) for line in run(place, "policies", "list", "--json").splitlines()]
        assert [(one["policy_id"], bool(one["set_aside"])) for one in listed] == [("costly", True), ("honest", False)]
        assert "set aside" in run(place, "policies", "list")
        assert json.loads(run(place, "policies", "show", "costly", "--json"))["set_aside"]
        assert "set aside" in run(place, "policies", "explain", "costly")
        assert "set aside" not in run(place, "policies", "explain", "honest")

    def test_metrics(self, service, place):
        metrics = {metric.name: metric for metric in StoreCollector(place / "state").collect()}
        assert [sample.labels for sample in metrics["casbd_policy_set_aside"].samples] == [{"policy": "costly"}]

    def test_an_alert_and_the_audit_trail(self, service, place):
        (told,) = [one for one in map(json.loads, run(place, "alerts", "list", "--json").splitlines()) if one["policy_type"] == "system"]
        assert told["title"] == "costly costs too much and is set aside"
        assert "policies set aside" in run(place, "audit", "list")

    def test_backtest_tells_what_it_would_have_found(self, service, place):
        write(place, 1, "xyxyxyxyxy7 ")
        read(service)
        (told,) = [one for one in map(json.loads, run(place, "alerts", "list", "--json").splitlines()) if one["policy_type"] == "system"]
        command = told["description"].rpartition("`casbd ")[2].rstrip("`.")
        found = [json.loads(line) for line in run(place, *command.split(), "--json").splitlines()]
        assert [one["policy_id"] for one in found] == ["costly"]
