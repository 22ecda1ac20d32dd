"""`casbd outputs list`, `test` and `refused`, beside a store that a daemon may be using."""

import json
import socket
import threading

import pytest
from builders import MINUTE, NOON, Core, record, settings

from casbd.errors import Rejected
from casbd.outbox.to_output import ToOutput
from casbd.plugins import registry
from casbd.store.state import audit, outbox, refused
from tests.cli.conftest import HOSTILE, lines


class Refusing:
    def send(self, items):
        raise Rejected(f"no {HOSTILE}")

    def close(self):
        pass


@pytest.fixture
def core(tmp_path):
    (tmp_path / "casbd.yaml").write_text(
        "state_dir: core/state\n"
        "outputs:\n  - {name: siem, type: file, path: alerts, format: json, send: [alerts, activities]}\n  - {name: idle, type: stdout}\n"
        "  - {name: gone, type: syslog, host: 127.0.0.1, port: 1}\n"
    )
    core = Core(tmp_path / "core", rules={"failed": {}}, settings=settings({"siem": ["alerts", "activities"], "old": ["alerts"]}))
    core.feed_records(record(), record(at=MINUTE))
    yield core
    core.close()


@pytest.fixture
def outputs(run, core, tmp_path):
    return lambda *arguments, **more: run("outputs", *arguments, config=tmp_path / "casbd.yaml", **more)


def refuse(core, output=None):
    """Have all that waits for `siem` refused."""
    delivering = ToOutput("siem", output or Refusing(), lambda: core.now)
    while delivering.deliver(core.store):
        with core.store.transaction() as connection:
            delivering.write(connection)
        delivering.written()


class TestList:
    def test_tells_of_all_that_are_configured_and_of_others_for_which_something_waits(self, core, outputs):
        with core.store.transaction() as connection:
            outbox.failed(connection, "siem", "down", NOON + MINUTE)
        found = {one["name"]: one for one in lines(outputs("list", "--json"))}
        assert [*found] == ["siem", "idle", "gone", "old"]
        siem = found["siem"]
        assert (siem["pending"], siem["delivered"], siem["refused"], siem["last_error"]) == (4, 0, 0, "down")
        assert (siem["down_since"], siem["oldest_pending"]) == ("2026-01-01T12:01:00.000Z", "2026-01-01T12:00:00.000Z")
        assert (found["idle"]["pending"], found["old"]["configured"], found["old"]["pending"]) == (0, False, 2)

    def test_is_a_table_for_people(self, outputs):
        text = outputs("list")
        assert "old (not configured)" in text
        assert "2026-01-01 12:00:00" in text


class TestTest:
    def test_the_message_says_what_it_is(self, core, outputs, tmp_path):
        assert outputs("test", "siem") == "siem: taken\n"
        (line,) = [json.loads(line) for line in (tmp_path / "alerts").read_text().splitlines()]
        assert [line[key] for key in ("type", "severity", "title", "policy_id")] == [
            "system",
            "informational",
            "Test message",
            "casbd.test",
        ]
        assert len(core.waiting("siem")) == 3, "what waits is left alone"

    def test_one_that_nobody_takes_is_told_with_the_reason(self, outputs):
        (told,) = lines(outputs("test", "gone", "--json", code=1))
        assert (told["name"], told["taken"]) == ("gone", False)
        assert "127.0.0.1:1: Connection refused" in told["answer"]

    def test_a_secret_that_is_not_there_is_told_in_words(self, core, outputs, tmp_path, monkeypatch):
        monkeypatch.delenv("CASBD_TEST_TOKEN", raising=False)
        options = "url: https://splunk.example.com, token: {env: CASBD_TEST_TOKEN}"
        (tmp_path / "casbd.yaml").write_text(f"state_dir: core/state\noutputs:\n  - {{name: hec, type: splunk_hec, {options}}}\n")
        assert outputs("test", "hec", code=1) == "hec: cannot be used: $CASBD_TEST_TOKEN: the secret is empty or not set\n"

    def test_a_receiver_that_takes_it_and_does_not_read_is_seen(self, core, outputs, tmp_path):
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            (tmp_path / "casbd.yaml").write_text(
                f"outputs: [{{name: tcp, type: syslog, host: 127.0.0.1, port: {port}, send_timeout: 1s}}]\n"
            )
            taken = []

            def accept():
                taken.append(server.accept()[0])

            thread = threading.Thread(target=accept)
            thread.start()
            assert "tcp: failed: " in outputs("test", "tcp", code=1)
            thread.join()
            taken[0].close()

    def test_over_udp_nobody_answers(self, outputs, tmp_path):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
            server.bind(("127.0.0.1", 0))
            (tmp_path / "casbd.yaml").write_text(
                f"outputs: [{{name: udp, type: syslog, host: 127.0.0.1, port: {server.getsockname()[1]}, transport: udp}}]\n"
            )
            assert outputs("test", "udp") == "udp: sent; over this way no receiver answers\n"
            assert b"Test message" in server.recv(65536)

    def test_one_with_a_mistake_is_not_unknown(self, outputs, tmp_path):
        (tmp_path / "casbd.yaml").write_text("outputs: [{name: hook, type: webhook, url: http://127.0.0.1:1/}]\n")
        assert "there is a mistake in the output hook: see `casbd check`" in outputs("test", "hook", code=2)

    def test_an_unknown_name_is_wrong_use(self, outputs):
        assert "no such output: siemens. There are: siem, idle, gone" in outputs("test", "siemens", code=2)


class TestRefused:
    def test_tells_which_and_why(self, core, outputs):
        refuse(core)
        found = lines(outputs("refused", "siem", "--json"))
        assert [one["type"] for one in found] == ["activity", "activity", "alert", "alert"]
        assert [one["refused_id"] for one in found] == [1, 2, 3, 4]
        assert {one["id"] for one in found} >= {alert.alert_id for alert in core.alerts()}
        assert found[0]["reason"].startswith("no evil")
        text = outputs("refused", "siem")
        assert "Failed log on" in text
        assert "\x1b" not in text

    def test_sent_again_they_go_in_order_and_the_trail_says_who_did_it(self, core, outputs, tmp_path):
        refuse(core)
        assert outputs("refused", "siem", "2", "3", "--retry", errors=True) == "2 messages sent again within seconds\n"
        assert [one["refused_id"] for one in lines(outputs("refused", "siem", "--json"))] == [1, 4]
        file = registry.load("outputs", "file")
        refuse(core, file(file.Options(path=tmp_path / "alerts", format="json")))
        got = [json.loads(line) for line in (tmp_path / "alerts").read_text().splitlines()]
        assert [one["type"] for one in got] == ["activity", "alert"]
        assert got[1]["alert_id"] in {alert.alert_id for alert in core.alerts()}
        (entry,) = audit.listed(core.store.connection, action="outputs refused")
        assert (entry.target, entry.detail) == ("siem", {"sent again": 2})

    def test_are_dropped_after_a_question(self, core, outputs):
        refuse(core)
        outputs("refused", "siem", "--drop", code=130)
        assert len(refused.listed(core.store.connection, "siem")) == 4
        outputs("refused", "siem", "--drop", "--yes")
        assert refused.listed(core.store.connection, "siem") == []
        assert [row.kind for row in core.waiting("siem")] == []
        (entry,) = audit.listed(core.store.connection, action="outputs refused")
        assert entry.detail == {"dropped": 4}

    def test_of_another_output_or_number_nothing_is_touched(self, core, outputs):
        refuse(core)
        assert "idle has refused no message 1" in outputs("refused", "idle", "1", "--retry", code=1)
        assert "no such output" in outputs("refused", "nobody", code=2)
        assert "either --retry or --drop" in outputs("refused", "siem", "--retry", "--drop", code=2)
        assert len(refused.listed(core.store.connection, "siem")) == 4

    def test_of_what_an_older_casbd_kept_there_is_the_record_alone_and_a_replay_sends_it(self, core, outputs):
        query = "INSERT INTO refused (destination, kind, body, reason, stored) VALUES ('siem', 'activities', ?, 'odd', ?)"
        core.store.connection.execute(query, (f'{{"UserId": "eva", "Name": "{HOSTILE}{"x" * 500}"}}'.encode(), NOON))
        told = outputs("refused", "siem", "--retry", errors=True)
        assert "1 stay" in told
        assert "`casbd outputs replay siem --from T --to T`" in told
        assert "before 2026-01-01T12:00:00.000Z" in told
        (one,) = lines(outputs("refused", "siem", "--json"))
        assert (one["type"], one["id"], one["reason"]) == ("activity", "", "odd")
        assert one["title"].startswith('{"UserId": "eva", "Name": "evil')
        assert len(one["title"]) <= 200
        assert "\x1b" not in outputs("refused", "siem")
