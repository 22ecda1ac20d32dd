import json
import logging

import pytest
from google.protobuf.json_format import Parse
from hypothesis import given
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from pydantic import ValidationError

from casbd.errors import Mistakes, Rejected, Retry
from casbd.model.activity import Activity
from casbd.model.governance import GovernanceCommand
from casbd.outputs._message import json_message, kind_of, message_id
from casbd.plugins import registry
from casbd.wire import otlp
from tests.outputs.answering import NOON, alert, alerts, ids
from tests.outputs.collector import TOKEN, Collector, attributes
from tests.own_events import casbd, lay_out
from tests.wire import items

Otlp = registry.load("outputs", "otlp")


@pytest.fixture
def collector(until_the_end):
    def make(**options) -> Collector:
        return until_the_end(Collector(**options))

    return make


@pytest.fixture
def output(monkeypatch, until_the_end):
    monkeypatch.setenv("CASBD_TEST_SECRET", TOKEN)

    def make(server, **options):
        about = {"url": server.url, "token": {"env": "CASBD_TEST_SECRET"}, "hostname": "casbd.example.com"}
        return until_the_end(Otlp(Otlp.Options.model_validate(about | options), clock=lambda: NOON))

    return make


class TestRecords:
    def test_each_says_what_it_is(self, collector, output):
        one = collector()
        command = GovernanceCommand(command_id="c", action="suspend_user", connector="entra", target="eva", status="failed", created=NOON)
        activity = Activity(
            activity_id="a", timestamp=NOON - 9, activity_type="Log on", user="anna", user_id="7", ip_address="203.0.113.7", ip_port=443,
        )  # fmt: skip
        several = [alert(1, severity="medium", user="anna", app="Box"), activity, alert(2, category="system"), command]
        output(one).send(several)
        got = one.records
        assert [record.event_name for record in got] == ["casbd.alert", "casbd.activity", "casbd.system", "casbd.governance"]
        assert [record.body.string_value.encode() for record in got] == [json_message(item) for item in several]
        assert [record.time_unix_nano for record in got] == [NOON * 1_000_000, (NOON - 9) * 1_000_000, NOON * 1_000_000, NOON * 1_000_000]
        assert [(record.severity_number, record.severity_text) for record in got] == [
            (13, "WARN"),
            (9, "INFO"),
            (17, "ERROR"),
            (13, "WARN"),
        ]
        assert one.uids() == [message_id(json_message(item)) for item in several]
        assert attributes(got[1]) == {
            "log.record.uid": one.uids()[1], "casbd.type": "activity", "casbd.id": "a", "casbd.event": "Log on", "user.name": "anna",
            "user.id": "7", "client.address": "203.0.113.7", "client.port": 443,
        }  # fmt: skip
        assert one.resources[0]["host.name"] == "casbd.example.com"
        assert one.resources[0]["service.name"] == "casbd"

    @pytest.mark.parametrize("timestamp", [-1, 1 << 63])
    def test_a_time_that_no_receiver_can_count_is_unknown(self, collector, output, timestamp):
        one = collector()
        output(one).send([Activity(activity_id="a", timestamp=timestamp)])
        assert one.records[0].time_unix_nano == 0

    @given(item=items.activities | items.alerts | items.commands)
    def test_the_protocol_takes_whatever_a_record_holds(self, item):
        message = json_message(item)
        found = Parse(otlp.record(item, message, message_id(message), kind_of(item)), LogRecord())
        assert found.body.string_value.encode() == message


def test_every_message_of_all_samples_arrives_once(collector, tmp_path):
    one = collector()
    send = "send: [alerts, activities, governance]"
    lay_out(
        tmp_path,
        f"{{name: otel, type: otlp, url: {one.url}, token: {{env: TOKEN}}, {send}}}",
        f"{{name: json, type: file, path: sent, format: json, {send}}}",
    )
    done = casbd(tmp_path, "run", "--once", TOKEN=TOKEN)
    assert done.returncode == 0, done.stderr
    expected = (tmp_path / "sent").read_text().splitlines()
    assert [record.body.string_value for record in one.records] == expected
    assert len(expected) > 1000
    assert casbd(tmp_path, "outputs", "test", "otel", TOKEN=TOKEN).returncode == 0
    assert casbd(tmp_path, "outputs", "test", "otel", TOKEN="wrong").returncode != 0


class TestAnswers:
    @pytest.mark.parametrize(
        ("fault", "after", "lasting", "reason"),
        [
            ((429, b"", {"Retry-After": "7"}), 7.0, False, "answered 429"),
            ((503, b"<html>", {}), None, False, "answered 503"),
            ((200, b"<html>", {}), None, False, "something else than expected"),
            ((404, b"", {}), 60.0, True, "answered 404"),
            ((415, b"", {}), 60.0, True, "answered 415"),
            ((301, b"", {"Location": "http://127.0.0.1:1/"}), 60.0, True, "answered 301"),
        ],
    )
    def test_everything_waits_and_nothing_is_refused(self, collector, output, fault, after, lasting, reason):
        one = collector()
        one.faults = [fault]
        exporter = output(one)
        with pytest.raises(Retry, match=reason) as caught:
            exporter.send(alerts(1, 2))
        assert (caught.value.sent, caught.value.after, caught.value.lasting) == (0, after, lasting)
        exporter.send(alerts(1, 2))
        assert one.ids() == ids(1, 2)

    @pytest.mark.parametrize("bad", [0, 3, 6])
    def test_of_a_partial_success_the_refused_one_is_found_and_set_aside(self, collector, output, bad):
        one = collector(refuses=lambda record: attributes(record)["casbd.id"] == f"{bad}")
        exporter = output(one)
        with pytest.raises(Rejected, match="refused it: too old") as caught:
            exporter.send(alerts(*range(7)))
        assert caught.value.sent == bad
        exporter.send(alerts(*range(7))[bad + 1 :])
        assert sorted({*one.ids()}) == [number for number in ids(*range(7)) if number != f"{bad}"]
        assert len({*one.uids()}) == 6  # those that are there twice are known by that

    def test_a_warning_refuses_nothing_and_is_told_once(self, collector, output, caplog):
        one = collector(warning="attributes\nare old-fashioned")
        exporter = output(one)
        exporter.send(alerts(1))
        exporter.send(alerts(2))
        assert one.ids() == ids(1, 2)
        assert [record.message.partition(": ")[2] for record in caplog.records] == ["attributes are old-fashioned"]

    @pytest.mark.parametrize("status", [400, 413, 422])
    def test_a_request_that_is_refused_is_halved(self, collector, output, status):
        one = collector()
        one.faults = [(status, b"", {})] * 3
        with pytest.raises(Rejected, match=f"answered {status}") as caught:
            output(one).send(alerts(1, 2, 3, 4))
        assert caught.value.sent == 0

    def test_requests_are_as_large_as_configured(self, collector, output):
        one = collector(most=12_000)
        output(one, max_request=10_000, compress=False).send([alert(number, title="x" * 3000) for number in range(9)])
        assert one.ids() == ids(*range(9))

    def test_what_comes_again_has_the_same_uid(self, collector, output):
        one = collector()
        one.faults = ["takes and drops"]
        exporter = output(one)
        with pytest.raises(Retry):
            exporter.send(alerts(1))
        exporter.send(alerts(1))
        assert len(one.uids()) == 2
        assert len({*one.uids()}) == 1


class TestToken:
    def test_a_wrong_one_waits_and_is_not_told(self, collector, output, monkeypatch, caplog):
        caplog.set_level(logging.DEBUG)
        exporter = output(collector())
        monkeypatch.setenv("CASBD_TEST_SECRET", "wr0ng-token")
        with pytest.raises(Retry, match=r"answered 401: 16: no: Bearer \*\*\*") as caught:
            exporter.send(alerts(1))
        assert (caught.value.lasting, "wr0ng" in caplog.text) == (True, False)

    def test_one_in_a_header_of_its_own(self, collector, output):
        one = collector(header="x-api-key", token=TOKEN)
        output(one, header="X-Api-Key").send(alerts(1))
        assert one.ids() == ids(1)

    def test_one_that_no_header_can_hold_is_not_quoted(self, collector, output, monkeypatch):
        exporter = output(collector())
        monkeypatch.setenv("CASBD_TEST_SECRET", "two\nlines")
        with pytest.raises(Retry, match="no header can hold") as caught:
            exporter.send(alerts(1))
        assert "two" not in str(caught.value)

    def test_one_that_is_not_there_is_found_at_the_start(self, collector, output, monkeypatch):
        monkeypatch.delenv("CASBD_TEST_SECRET")
        with pytest.raises(Mistakes, match="is empty or not set"):
            output(collector())

    @pytest.mark.parametrize(
        ("options", "complaint"),
        [
            ({"url": "http://example.com"}, "must be https"),
            ({"url": "https://example.com/v1/logs"}, "must end before `/v1/logs`"),
            ({"header": "a: b"}, "pattern"),
            ({"token": "plain"}, "never a plain value"),
        ],
        ids=["url", "path", "header", "token"],
    )
    def test_options_that_are_wrong(self, options, complaint):
        with pytest.raises(ValidationError, match=complaint):
            Otlp.Options.model_validate({"url": "https://otel.example.com:4318"} | options)


def test_a_record_of_json_is_json():
    message = json_message(alert(1))
    assert json.loads(otlp.request(otlp.record(alert(1), message, "u", "alert"), "h"))["resourceLogs"][0]["scopeLogs"][0]["logRecords"]
