"""The output against an Azure on loopback that answers as Microsoft's documentation says."""

import json
import logging
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from pydantic import ValidationError

from casbd.errors import Mistakes, Rejected, Retry
from casbd.model.activity import Activity, ActivityObject
from casbd.model.governance import GovernanceCommand
from casbd.outputs.sentinel import Sentinel, SentinelOptions
from tests.outputs.answering import NOON, alert, alerts, ids
from tests.outputs.azure import RULE, SECRET, Azure

JSON = st.recursive(st.none() | st.integers() | st.floats() | st.text(), lambda one: st.lists(one) | st.dictionaries(st.text(), one))


class Time:
    now = NOON

    def __call__(self) -> int:
        return self.now


@pytest.fixture(autouse=True)
def secret(monkeypatch):
    monkeypatch.setenv("CASBD_TEST_SECRET", SECRET)


@pytest.fixture
def azure(until_the_end):
    def start(**options) -> Azure:
        return until_the_end(Azure(**options))

    return start


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def output(time, until_the_end):
    def make(server: Azure, **options) -> Sentinel:
        about = {"endpoint": server.url, "rule_id": RULE, "login_url": server.url, "tenant": "contoso", "client_id": "casbd-app"}
        about |= {"client_secret": {"env": "CASBD_TEST_SECRET"}}
        return until_the_end(Sentinel(SentinelOptions.model_validate(about | options), clock=time))

    return make


class TestRows:
    def test_each_kind_goes_to_its_stream_in_order(self, azure, output):
        server = azure()
        command = GovernanceCommand(
            command_id="c", action="suspend_user", connector="entra", target="eva@contoso.com", status="succeeded", created=NOON
        )
        system = alert(2, category="system", policy_type="system")
        activity = Activity(
            activity_id="a", timestamp=NOON - 9, user="anna@contoso.com", ip_address="203.0.113.7", asn=64500, is_admin_operation=True,
            objects=(ActivityObject("1", "plan.docx", "File", "target"),), raw='{"Id": "a", "Parameters": [{"Name": "ForwardTo"}]}',
        )  # fmt: skip
        output(server).send([alert(1), activity, system, command, replace(activity, activity_id="b")])
        assert [(row["AlertId"], row["RecordType"]) for row in server.rows["Custom-CasbdAlert"]] == [("1", "alert"), ("2", "system")]
        first, second = server.rows["Custom-CasbdActivity"]
        assert (first["ReportId"], second["ReportId"]) == ("a", "b")
        assert (first["TimeGenerated"], first["Timestamp"]) == ("2026-01-31T12:00:00.114Z",) * 2
        assert (first["AccountId"], first["IPAddress"], first["ASN"], first["IsAdminOperation"]) == (
            "anna@contoso.com", "203.0.113.7", 64500, True,
        )  # fmt: skip
        assert first["RawEventData"]["Parameters"] == [{"Name": "ForwardTo"}]
        assert first["ActivityObjects"] == [{"id": "1", "name": "plan.docx", "type": "File", "role": "target"}]
        (done,) = server.rows["Custom-CasbdGovernance"]
        assert (done["CommandId"], done["RecordType"], done["Action"]) == ("c", "governance", "suspend_user")
        assert "City" not in first  # what is unknown is not there, and null in the table

    def test_a_request_is_smaller_than_azure_takes(self, azure, output):
        server = azure()
        output(server).send([Activity(activity_id=f"{n}", raw=json.dumps({"x": "é" * 20_000})) for n in range(80)])
        assert len(server.rows["Custom-CasbdActivity"]) == 80
        assert len(server.bodies) > 2
        assert max(map(len, server.bodies)) <= 900_100

    @settings(max_examples=60)
    @given(
        raw=JSON.map(json.dumps) | st.text() | st.text().map(lambda text: text * 3000),
        title=st.text() | st.text().map(lambda text: text * 9000),
    )  # fmt: skip
    def test_whatever_a_record_holds_the_row_is_json_and_no_field_is_cut_by_azure(self, raw, title):
        from casbd.outputs._message import json_fields
        from casbd.wire.sentinel_rows import row

        for item in (Activity(activity_id="a", raw=raw, object_name=title), alert(1, title=title, activity_ids=(title,) * 30)):
            values = json.loads(row(item, json_fields(item)))
            assert max(len(json.dumps(value, ensure_ascii=False).encode(errors="replace")) for value in values.values()) < 64 << 10
            assert json.loads(row(item, json_fields(item) | {"raw": None})).keys() <= values.keys()


class TestTokens:
    def test_one_for_many_requests_until_it_expires(self, azure, output, time):
        server = azure()
        one = output(server)
        one.send(alerts(1))
        one.send(alerts(2))
        assert server.issued == 1
        time.now += 3_600_000
        one.send(alerts(3))
        assert (server.issued, server.ids()) == (2, ids(1, 2, 3))
        assert {*server.scopes} == {"https://monitor.azure.com/.default"}

    def test_a_revoked_one_is_renewed_once(self, azure, output):
        server = azure()
        one = output(server)
        one.send(alerts(1))
        server.tokens.clear()
        one.send(alerts(2))
        assert (server.issued, server.ids()) == (2, ids(1, 2))

    def test_one_that_is_never_taken_waits_a_minute(self, azure, output):
        server = azure()
        server.takes_none = True
        with pytest.raises(Retry, match=r"answered 401: AuthenticationFailed: no: Bearer \*\*\*") as caught:
            output(server).send(alerts(1))
        assert (server.issued, caught.value.after) == (2, 60.0)

    def test_a_wrong_secret_refuses_no_event(self, azure, output, monkeypatch, caplog):
        caplog.set_level(logging.DEBUG)
        server = azure()
        monkeypatch.setenv("CASBD_TEST_SECRET", "s3cret-wrong")
        one = output(server)
        with pytest.raises(Retry, match=r"answered 401: invalid_client: Invalid secret \*\*\*") as caught:
            one.send(alerts(1))
        assert caught.value.after == 60.0
        assert "s3cret" not in caplog.text
        monkeypatch.setenv("CASBD_TEST_SECRET", SECRET)
        one.send(alerts(1))
        assert server.ids() == ids(1)

    def test_without_a_credential_it_is_the_hosts_managed_identity(self, azure, output):
        server = azure()
        one = output(server, tenant=None, client_id=None, client_secret=None, identity_url=f"{server.url}/metadata/identity/oauth2/token")
        one.send(alerts(1))
        assert (server.ids(), server.scopes) == (ids(1), ["https://monitor.azure.com"])

    @pytest.mark.parametrize(
        ("options", "complaint"),
        [
            ({"tenant": "contoso"}, "needs `client_secret` or `certificate`"),
            ({"client_secret": {"env": "X"}}, "needs `tenant` and `client_id`"),
            ({"tenant": "c", "client_id": "i", "client_secret": {"env": "X"}, "certificate": {"env": "Y"}}, "either `client_secret` or"),
            ({"tenant": "c", "client_id": "i", "client_secret": "plain"}, "never a plain value"),
            ({"rule_id": "dcr-../x"}, "not the rule's immutable id"),
            ({"rule_id": "11111111-2222-3333-4444-555555555555"}, "not the rule's immutable id"),
            ({"endpoint": f"https://x.ingest.monitor.azure.com/dataCollectionRules/{RULE}"}, "must end before `/dataCollectionRules`"),
            ({"endpoint": "http://example.com"}, "must be https"),
        ],
    )
    def test_what_does_not_go_together_is_a_mistake(self, options, complaint):
        with pytest.raises(ValidationError, match=complaint):
            SentinelOptions.model_validate({"endpoint": "https://x.ingest.monitor.azure.com", "rule_id": RULE} | options)

    def test_a_secret_that_is_not_there_is_found_at_the_start(self, azure, output, monkeypatch):
        monkeypatch.delenv("CASBD_TEST_SECRET")
        with pytest.raises(Mistakes, match="is empty or not set"):
            output(azure())


class TestAnswers:
    @pytest.mark.parametrize(
        ("fault", "after", "reason"),
        [
            ((429, {"error": {"code": "TooManyRequests", "message": "slow down"}}, {"Retry-After": "13"}), 13.0, "slow down"),
            ((503, b"<html>", {}), None, "answered 503"),
            ((408, b"", {}), None, "answered 408"),
            ((425, b"", {}), None, "answered 425"),
            ((403, {"error": {"code": "OperationFailed", "message": "no access"}}, {}), 300.0, "Monitoring Metrics Publisher"),
            ((404, {"error": {"code": "NotFound", "message": "no such rule"}}, {}), 60.0, "no such rule"),
            ((400, {"error": {"code": "InvalidStream", "message": "no such stream"}}, {}), 60.0, "no such stream"),
            ((302, b"", {"Location": "http://127.0.0.1:1/"}), 60.0, "answered 302"),
        ],
    )
    def test_everything_waits_and_nothing_is_refused(self, azure, output, fault, after, reason):
        server = azure()
        server.faults = [fault]
        one = output(server)
        with pytest.raises(Retry, match=reason) as caught:
            one.send(alerts(1, 2))
        assert (caught.value.after, caught.value.sent) == (after if after is None else pytest.approx(after), 0)
        one.send(alerts(1, 2))
        assert server.ids() == ids(1, 2)

    @pytest.mark.parametrize("bad", [0, 3, 6])
    def test_the_bad_row_alone_is_refused(self, azure, output, bad):
        server = azure(refuses=lambda row: row.get("AlertId") == f"{bad}")
        with pytest.raises(Rejected, match="answered 400: InvalidRequest: Could not read the data") as caught:
            output(server).send([*alerts(*range(7))])
        assert caught.value.sent == bad
        assert server.ids() == ids(*range(bad))

    def test_what_was_sent_before_counts_across_streams(self, azure, output):
        server = azure()
        server.faults = [None, None, (503, b"", {})]
        with pytest.raises(Retry) as caught:
            output(server).send([*alerts(1, 2), Activity(activity_id="a"), *alerts(3)])
        assert caught.value.sent == 3
        assert server.ids() == ids(1, 2)

    def test_no_host(self, azure, output):
        server = azure()
        server.stop()
        with pytest.raises(Retry, match=r"127\.0\.0\.1: Connection refused"):
            output(server).send(alerts(1))


def test_the_metadata_service_is_asked_through_no_proxy(monkeypatch):
    from casbd.web import api

    assert api._is_near(urlsplit("http://169.254.169.254/metadata").hostname)
    assert not api._is_near("example.com")
    assert not api._is_near("10.0.0.1")
