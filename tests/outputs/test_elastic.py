import importlib.util
import json
import logging
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from pydantic import ValidationError

from casbd.errors import Mistakes, Rejected, Retry
from casbd.model.activity import Activity, ActivityObject
from casbd.outputs._message import json_fields, json_message, message_id
from casbd.plugins import registry
from casbd.wire import ecs, json_lines
from casbd.wire.ocsf_activity import table
from tests.outputs.answering import NOON, alert, alerts, ids
from tests.outputs.elasticsearch import KEY, PASSWORD, Elasticsearch, indexed
from tests.own_events import casbd, lay_out
from tests.wire import items

ROOT = Path(__file__).parents[2]
Elastic = registry.load("outputs", "elastic")
BUSY = 429, "es_rejected_execution_exception", "rejected execution of primary operation"
BAD = 400, "document_parsing_exception", "failed to parse"
READ_ONLY = 403, "cluster_block_exception", "index blocked by: [FORBIDDEN/8/index write (api)]"
ANNA = Activity(
    timestamp=NOON,
    activity_id="a",
    activity_type="Download file",
    action_type="FileDownloaded",
    app="Box",
    app_instance="contoso",
    user="anna@contoso.com",
    ip_address="203.0.113.7",
    country="DE",
    city="Berlin",
    latitude=52.5,
    longitude=13.4,
    asn=64_500,
    result="success",
    objects=(ActivityObject("1", "plan.docx", "File"), ActivityObject("2", "eva@contoso.com", "User")),
    object_name="plan.docx",
    raw='{"Id": "a"}',
)


@pytest.fixture
def server(until_the_end):
    def make(**options) -> Elasticsearch:
        return until_the_end(Elasticsearch(**options))

    return make


@pytest.fixture
def output(monkeypatch, until_the_end):
    monkeypatch.setenv("CASBD_TEST_SECRET", KEY)

    def make(server, **options):
        about = {"url": server.url} | ({} if "user" in options else {"api_key": {"env": "CASBD_TEST_SECRET"}})
        return until_the_end(Elastic(Elastic.Options.model_validate(about | options), clock=lambda: NOON))

    return make


def document(item):
    return ecs.document(item, json_fields(item), "default")


class TestDocuments:
    def test_an_activity(self):
        found = document(ANNA)
        assert found["@timestamp"] == "2026-01-31T12:00:00.123Z"
        assert found["event"] | {"original": ""} == {
            "module": "casbd", "dataset": "casbd.activity", "id": "a", "kind": "event", "category": ["file"], "type": ["access"],
            "action": "FileDownloaded", "outcome": "success", "original": "",
        }  # fmt: skip
        assert found["event"]["original"] == '{"Id": "a"}'
        assert found["source"] == {
            "ip": "203.0.113.7", "as": {"number": 64_500},
            "geo": {"country_iso_code": "DE", "city_name": "Berlin", "location": {"lat": 52.5, "lon": 13.4}},
        }  # fmt: skip
        assert found["user"] == {"name": "anna@contoso.com", "email": "anna@contoso.com"}
        assert found["related"] == {"ip": ["203.0.113.7"], "user": ["anna@contoso.com", "eva@contoso.com"]}
        assert found["file"] == {"name": "plan.docx"}
        assert found["cloud"] == {"service": {"name": "Box"}, "account": {"id": "contoso"}}
        assert found["casbd"]["activity"]["activity_type"] == "Download file"

    def test_an_alert(self):
        found = document(
            alert(1, severity="high", risk_score=80, tags=("attack.t1110.003", "x"), user="anna", event="updated", changed=NOON + 1)
        )
        assert (found["event"]["kind"], found["event"]["action"], found["event"]["severity"]) == ("alert", "updated", 3)
        assert (found["rule"], found["threat"], found["tags"]) == (
            {"id": "p", "name": "P"}, {"technique": {"id": ["T1110.003"]}}, ("attack.t1110.003", "x"),
        )  # fmt: skip
        assert found["@timestamp"] == "2026-01-31T12:00:00.124Z"

    @pytest.mark.parametrize(
        ("kind", "category", "types"),
        [
            ("Log on", "authentication", ["start"]),
            ("Log out", "authentication", ["end"]),
            ("Reset password", "iam", ["user", "change"]),
            ("Create user", "iam", ["user", "creation"]),
            ("Add member to role", "iam", ["user", "change"]),
            ("Delete group", "iam", ["group", "deletion"]),
            ("Create inbox rule", "configuration", ["creation"]),
            ("Access mail items", "email", ["info"]),
            ("Unspecified", "api", ["info"]),
            ("Security alert", "intrusion_detection", ["info"]),
        ],
    )
    def test_categories(self, kind, category, types):
        found = document(replace(ANNA, activity_type=kind))["event"]
        assert (found["category"], found["type"]) == ([category], types)
        assert found["kind"] == ("alert" if kind == "Security alert" else "event")

    def test_the_types_of_a_category_are_those_that_ecs_expects(self):
        """Elastic, "ECS categorization field: event.category", expected event types."""
        expected = {
            "authentication": {"start", "end", "info"},
            "iam": {"admin", "change", "creation", "deletion", "group", "info", "user"},
            "configuration": {"access", "change", "creation", "deletion", "info"},
            "file": {"access", "change", "creation", "deletion", "info"},
            "api": {"access", "admin", "allowed", "change", "creation", "deletion", "denied", "end", "info", "start", "user"},
            "email": {"info"},
            "intrusion_detection": {"allowed", "denied", "info"},
        }
        for kind in [kind for kinds in table().classes.values() for kind in kinds]:
            found = document(replace(ANNA, activity_type=kind))["event"]
            assert set(found["type"]) <= expected[found["category"][0]], kind

    @settings(max_examples=60)
    @given(item=items.activities | items.alerts | items.commands, place=st.floats() | st.none())
    @pytest.mark.parametrize("template", ["elasticsearch.json", "opensearch.json"])
    def test_an_index_takes_whatever_a_record_holds(self, item, place, template):
        if isinstance(item, Activity):
            item = replace(item, latitude=place, longitude=place, raw="x" * 40_000, object_name="x" * 40_000)
        properties = json.loads((ROOT / "conf" / "elastic" / template).read_text())["template"]["mappings"]["properties"]
        assert list(indexed(json.loads(json_lines.line(document(item))), properties)) == []

    @pytest.mark.parametrize("name", ["elasticsearch.json", "opensearch.json"])
    def test_the_templates_are_those_of_the_fields(self, name):
        """`python docs/renew_elastic.py` writes them."""
        spec = importlib.util.spec_from_file_location("renew_elastic", ROOT / "docs" / "renew_elastic.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        assert (ROOT / "conf" / "elastic" / name).read_text() == module.text(name)


def test_every_message_of_all_samples_is_stored_as_it_was_sent(server, tmp_path):
    one = server()
    send = "send: [alerts, activities, governance]"
    elastic = f"{{name: es, type: elastic, url: {one.url}, api_key: {{env: KEY}}, {send}}}"
    lay_out(tmp_path, elastic, f"{{name: json, type: file, path: sent, format: json, {send}}}")
    done = casbd(tmp_path, "run", "--once", KEY=KEY)
    assert done.returncode == 0, done.stderr
    sent = [json.loads(line) for line in (tmp_path / "sent").read_text().splitlines()]
    stored = [document["casbd"] for stream in one.streams.values() for document in stream.values()]
    kinds = {"system": "alert"}
    fields = [{"type": found["type"]} | found[kinds.get(found["type"], found["type"])] for found in stored]
    expected = [{name: value for name, value in found.items() if name != "raw" and (value or value == 0)} for found in sent]
    key = lambda found: json.dumps(found, sort_keys=True)  # noqa: E731
    assert sorted(fields, key=key) == sorted(expected, key=key)
    assert len(fields) > 1000
    tried = casbd(tmp_path, "outputs", "test", "es", KEY=KEY)
    assert tried.returncode == 0, tried.stderr
    assert casbd(tmp_path, "outputs", "test", "es", KEY="wrong").returncode != 0


@pytest.mark.parametrize(
    ("changes", "lacks"), [({"latitude": 91.0}, "location"), ({"longitude": None}, "location"), ({"ip_address": "fe80::1%eth0"}, "ip")]
)
def test_what_an_index_would_refuse_is_not_in_a_field_of_places_or_addresses(changes, lacks):
    whole, found = document(ANNA)["source"], document(replace(ANNA, **changes))["source"]
    (whole if lacks in whole else whole["geo"]).pop(lacks)
    assert found == whole


class TestDelivery:
    def test_each_kind_goes_to_its_stream_in_order(self, server, output):
        one = server()
        output(one, namespace="prod").send([alert(1), ANNA, alert(2), replace(ANNA, activity_id="b")])
        assert one.ids("logs-casbd.alert-prod") == ids(1, 2)
        assert one.ids("logs-casbd.activity-prod") == ["a", "b"]

    def test_what_comes_again_is_there_once(self, server, output):
        one = server()
        one.faults = ["stores and drops"]
        elastic = output(one)
        with pytest.raises(Retry) as caught:
            elastic.send(alerts(1, 2))
        assert caught.value.sent == 0
        elastic.send(alerts(1, 2, 3))
        assert one.ids() == ids(1, 2, 3)

    def test_all_messages_about_an_alert_are_there(self, server, output):
        one = server()
        several = [alert(1), alert(1, event="updated", changed=NOON + 1), alert(1, event="closed", changed=NOON + 2)]
        output(one).send([*several, *several])
        stream = one.streams["logs-casbd.alert-default"]
        assert [found["event"]["action"] for found in stream.values()] == ["raised", "updated", "closed"]
        assert list(stream) == [message_id(json_message(each)) for each in several]

    def test_requests_are_as_large_as_configured(self, server, output):
        one = server()
        output(one, max_request=100_000).send([replace(ANNA, activity_id=f"{n}", raw="x" * 30_000) for n in range(9)])
        assert len(one.ids("logs-casbd.activity-default")) == 9
        assert max(one.sizes) <= 100_000

    def test_too_large_a_request_is_halved_and_a_document_that_is_so_alone_refused(self, server, output):
        one = server(most=30_000)
        with pytest.raises(Rejected, match="answered 413") as caught:
            output(one).send([*alerts(1, 2, 3, 4, 5, 6), alert(7, title="x" * 40_000), alert(8)])
        assert caught.value.sent == 6
        assert one.ids() == ids(1, 2, 3, 4, 5, 6)

    def test_without_compression(self, server, output):
        one = server()
        output(one, compress=False).send(alerts(1))
        assert one.ids() == ids(1)


class TestAnswers:
    @pytest.mark.parametrize(
        ("fault", "after", "lasting", "reason"),
        [
            ((429, {"error": {"type": "circuit_breaking_exception"}}, {"Retry-After": "7"}), 7.0, False, "answered 429"),
            ((503, b"<html>", {}), None, False, "answered 503"),
            ((200, b"<html>", {}), None, False, "something else than expected"),
            ((200, {"errors": False, "items": []}, {}), None, False, "something else than expected"),
            ((404, b"", {}), 60.0, True, "answered 404"),
            ((400, {"error": {"type": "parse_exception", "reason": "request body is required"}}, {}), 60.0, True, "request body"),
            ((301, b"", {"Location": "http://127.0.0.1:1/"}), 60.0, True, "answered 301"),
        ],
    )  # fmt: skip
    def test_of_a_whole_request_everything_waits(self, server, output, fault, after, lasting, reason):
        one = server()
        one.faults = [fault]
        elastic = output(one)
        with pytest.raises(Retry, match=reason) as caught:
            elastic.send(alerts(1, 2))
        assert (caught.value.sent, caught.value.after, caught.value.lasting) == (0, after, lasting)
        elastic.send(alerts(1, 2))
        assert one.ids() == ids(1, 2)

    @pytest.mark.parametrize("place", [0, 2, 4])
    @pytest.mark.parametrize(("refusal", "lasting"), [(BUSY, False), (READ_ONLY, True), ((503, "unavailable_shards_exception", ""), False)])
    def test_of_a_document_that_passes_all_behind_it_wait_and_come_again(self, server, output, place, refusal, lasting):
        refused = {f"{place}"}
        one = server(refuses=lambda found: refusal if found["event"]["id"] in refused else None)
        elastic = output(one)
        with pytest.raises(Retry, match=f"answered {refusal[0]} of a document") as caught:
            elastic.send(alerts(*range(5)))
        assert (caught.value.sent, caught.value.lasting) == (place, lasting)
        refused.clear()
        elastic.send(alerts(*range(5))[caught.value.sent :])
        assert sorted(one.ids()) == ids(*range(5))

    @pytest.mark.parametrize("place", [0, 2, 4])
    def test_a_bad_document_alone_is_refused(self, server, output, place):
        one = server(refuses=lambda found: BAD if found["event"]["id"] == f"{place}" else None)
        elastic = output(one)
        with pytest.raises(Rejected, match="answered 400 of a document: document_parsing_exception: failed to parse") as caught:
            elastic.send(alerts(*range(5)))
        assert caught.value.sent == place
        elastic.send(alerts(*range(5))[place + 1 :])
        assert sorted(one.ids()) == [number for number in ids(*range(5)) if number != f"{place}"]

    def test_what_was_sent_before_counts_across_requests(self, server, output):
        one = server(refuses=lambda found: BAD if found["event"]["id"] == "7" else None)
        several = [alert(number, title="x" * 30_000) for number in range(9)]
        with pytest.raises(Rejected) as caught:
            output(one, max_request=100_000).send(several)
        assert caught.value.sent == 7
        assert len(one.sizes) > 1

    def test_no_host(self, server, output):
        one = server()
        one.stop()
        with pytest.raises(Retry, match=r"127\.0\.0\.1: Connection refused"):
            output(one).send(alerts(1))


class TestSecrets:
    def test_a_wrong_key_waits_and_is_not_told(self, server, output, monkeypatch, caplog):
        caplog.set_level(logging.DEBUG)
        one = server()
        elastic = output(one)
        monkeypatch.setenv("CASBD_TEST_SECRET", "wr0ng-key")
        with pytest.raises(Retry, match=r"answered 401: unable to authenticate ApiKey \*\*\*") as caught:
            elastic.send(alerts(1))
        assert (caught.value.lasting, "wr0ng" in caplog.text) == (True, False)
        monkeypatch.setenv("CASBD_TEST_SECRET", KEY)
        elastic.send(alerts(1))
        assert one.ids() == ids(1)

    def test_a_key_that_no_header_can_hold_is_not_quoted(self, server, output, monkeypatch):
        elastic = output(server())
        monkeypatch.setenv("CASBD_TEST_SECRET", "two\nlines")
        with pytest.raises(Retry, match="no header can hold") as caught:
            elastic.send(alerts(1))
        assert "two" not in str(caught.value)

    def test_a_user_and_a_password(self, server, output, monkeypatch):
        monkeypatch.setenv("PASSWORD", PASSWORD)
        one = server(template="opensearch.json")
        output(one, user="casbd", password={"env": "PASSWORD"}).send([*alerts(1), ANNA])
        assert one.ids() == ids(1)

    def test_one_that_is_not_there_is_found_at_the_start(self, server, output, monkeypatch):
        monkeypatch.delenv("CASBD_TEST_SECRET")
        with pytest.raises(Mistakes, match="is empty or not set"):
            output(server())

    @pytest.mark.parametrize(
        ("options", "complaint"),
        [
            ({}, "needs either `api_key`"),
            ({"api_key": {"env": "X"}, "user": "u", "password": {"env": "X"}}, "needs either `api_key`"),
            ({"user": "u"}, "belong together"),
            ({"user": "u:v", "password": {"env": "X"}}, "pattern"),
            ({"api_key": "plain"}, "never a plain value"),
            ({"api_key": {"env": "X"}, "namespace": "a-b"}, "pattern"),
            ({"api_key": {"env": "X"}, "url": "http://example.com"}, "must be https"),
            ({"api_key": {"env": "X"}, "url": "https://example.com/_bulk/"}, "must end before `/_bulk`"),
        ],
        ids=str,
    )
    def test_what_does_not_go_together_is_a_mistake(self, options, complaint):
        with pytest.raises(ValidationError, match=complaint):
            Elastic.Options.model_validate({"url": "https://elastic.example.com:9200"} | options)
