"""The output against a collector that answers as Splunk's documentation says, and breaks down as tests say."""

import gzip
import json
import logging

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from casbd.errors import Mistakes, Rejected, Retry
from casbd.model.activity import Activity
from casbd.model.governance import GovernanceCommand
from casbd.outputs.splunk_hec import SplunkHec, SplunkHecOptions
from casbd.plugins import Output, Uncertain
from tests.outputs.answering import NOON, alert, alerts, ids
from tests.outputs.hec import TOKEN, Splunk


@pytest.fixture(autouse=True)
def token(monkeypatch):
    monkeypatch.setenv("CASBD_TEST_TOKEN", TOKEN)


@pytest.fixture
def splunk(until_the_end):
    def start(**options) -> Splunk:
        return until_the_end(Splunk(**options))

    return start


@pytest.fixture
def output(clock, until_the_end):
    def make(server: Splunk, **options) -> SplunkHec:
        about = {"url": server.url, "token": {"env": "CASBD_TEST_TOKEN"}, "hostname": "siem-1"}
        return until_the_end(SplunkHec(SplunkHecOptions.model_validate(about | options), clock=lambda: NOON, timer=clock))

    return make


def test_it_is_an_output_that_may_be_in_doubt(splunk, output):
    one: Output = output(splunk())
    assert isinstance(one, Uncertain)


class TestEvents:
    def test_each_kind_has_its_source_type_and_its_time(self, splunk, output):
        server = splunk()
        command = GovernanceCommand(command_id="c", action="suspend_user", connector="entra", target="eva@contoso.com", status="succeeded")
        system = alert(2, category="system", policy_type="system")
        output(server, index="security").send([alert(1), system, Activity(activity_id="a", timestamp=NOON + 1), command])
        assert [(event["sourcetype"], event["event"]["type"]) for event in server.indexed] == [
            ("casbd:alert", "alert"),
            ("casbd:alert", "system"),
            ("casbd:activity", "activity"),
            ("casbd:governance", "governance"),
        ]
        assert [event["time"] for event in server.indexed[:3]] == [1_769_860_800.123, 1_769_860_800.123, 1_769_860_800.124]
        assert {(event["host"], event["source"], event["index"]) for event in server.indexed} == {("siem-1", "casbd", "security")}

    def test_without_an_index_the_tokens_own_counts(self, splunk, output):
        server = splunk()
        output(server).send(alerts(1))
        assert "index" not in server.indexed[0]

    @pytest.mark.parametrize("compress", [True, False])
    def test_hostile_text_is_text(self, splunk, output, compress):
        server = splunk()
        title = 'x"}\n{"event":"forged"}\u2028\x00\ud800 =|\\ {{{ ' + "é" * 10
        output(server, compress=compress).send([alert(1, title=title), alert(2)])
        assert server.ids() == ids(1, 2)
        assert server.indexed[0]["event"]["title"] == title.replace("\ud800", "\ufffd")
        (_, headers, body) = server.requests[0]
        assert (headers.get("Content-Encoding") == "gzip") is compress
        assert b"forged" in (gzip.decompress(body) if compress else body)

    def test_a_connection_is_kept(self, splunk, output):
        server = splunk()
        one = output(server)
        for number in range(5):
            one.send(alerts(number))
        assert server.ids() == ids(*range(5))
        assert len(server.connections) == 1

    def test_a_request_is_no_larger_than_it_may_be(self, splunk, output):
        server = splunk(most=10_000)
        output(server, max_request=10_000, compress=False).send(alerts(*range(100)))
        assert server.ids() == ids(*range(100))
        assert 5 < len(server.requests) < 20
        assert max(len(body) for *_, body in server.requests) <= 10_000


class TestRefused:
    @pytest.mark.parametrize("bad", [0, 3, 6])
    @pytest.mark.parametrize("says_which", [True, False])
    @pytest.mark.parametrize("takes_those_before", [True, False])
    def test_the_bad_one_alone_is_refused(self, splunk, output, bad, says_which, takes_those_before):
        server = splunk(refuses=lambda event: event["alert_id"] == str(bad), says_which=says_which, takes_those_before=takes_those_before)
        one = output(server)
        with pytest.raises(Rejected, match=r"127\.0\.0\.1 answered 400: Event field cannot be blank \(code 13\)") as caught:
            one.send(alerts(*range(7)))
        assert caught.value.sent == bad
        assert list(dict.fromkeys(server.ids())) == ids(*range(bad))
        one.send(alerts(*range(bad + 1, 7)))
        assert list(dict.fromkeys(server.ids())) == [one for one in ids(*range(7)) if one != str(bad)]
        assert len(server.requests) < 12

    def test_what_is_too_large_goes_in_smaller_requests_and_alone_it_is_refused(self, splunk, output):
        server = splunk(most=5_000)
        with pytest.raises(Rejected, match="Content too large") as caught:
            output(server).send([*alerts(*range(20)), alert(20, title="x" * 5_000), alert(21)])
        assert caught.value.sent == 20
        assert server.ids() == ids(*range(20))

    @settings(max_examples=30)
    @given(
        bad=st.sets(st.integers(0, 30), max_size=4),
        most=st.integers(1_500, 20_000),
        says_which=st.booleans(),
        takes_those_before=st.booleans(),
    )
    def test_whatever_is_refused_all_others_arrive_in_order(self, bad, most, says_which, takes_those_before):
        server = Splunk(
            refuses=lambda event: int(event["alert_id"]) in bad, most=most, says_which=says_which, takes_those_before=takes_those_before
        )
        options = {"url": server.url, "token": {"env": "CASBD_TEST_TOKEN"}, "max_request": 10_000}
        one = SplunkHec(SplunkHecOptions.model_validate(options))
        left, refused = alerts(*range(31)), set()
        try:
            while left:
                try:
                    one.send(left)
                    left = []
                except Rejected as error:
                    refused.add(int(left[error.sent].alert_id))
                    left = left[error.sent + 1 :]
        finally:
            one.close()
            server.stop()
        assert refused == bad
        assert list(dict.fromkeys(server.ids())) == [f"{number}" for number in range(31) if number not in bad]


class TestLater:
    @pytest.mark.parametrize(
        ("fault", "after", "reason"),
        [
            ((503, {"text": "Server is busy", "code": 9}, {"Retry-After": "7"}), 7.0, r"Server is busy \(code 9\)"),
            ((503, {"text": "Server is shutting down", "code": 23}, {}), None, "shutting down"),
            ((429, {"text": "Ack channel is at capacity", "code": 26}, {}), None, "capacity"),
            ((500, {"text": "Internal server error", "code": 8}, {}), None, "code 8"),
            ((425, b"", {}), None, "answered 425$"),
            ((502, b"<html>bad gateway", {}), None, "answered 502$"),
            ((200, b"<html>Please accept our terms", {}), None, "answered 200 with something else than a collector's answer$"),
            ("drops", None, "127.0.0.1: "),
            ((302, b"", {"Location": "http://127.0.0.1:1/"}), 60.0, "answered 302"),
            ((404, b"<html>", {}), 60.0, "answered 404"),
            ((400, b"<html>", {}), 60.0, "answered 400"),
            ((403, {"text": "Token disabled", "code": 1}, {}), 60.0, "Token disabled"),
            ((400, {"text": "Incorrect index", "code": 7}, {}), 60.0, "Incorrect index"),
        ],
    )
    def test_everything_waits_and_nothing_is_refused(self, splunk, output, fault, after, reason):
        server = splunk()
        server.faults = [fault]
        one = output(server)
        with pytest.raises(Retry, match=reason) as caught:
            one.send(alerts(1, 2))
        assert caught.value.after == (after if after is None else pytest.approx(after))
        assert not server.indexed
        one.send(alerts(1, 2))
        assert server.ids() == ids(1, 2)

    def test_what_was_sent_before_the_failure_is_not_sent_again(self, splunk, output):
        server = splunk()
        server.faults = [None, (503, {"text": "Server is busy", "code": 9}, {})]
        with pytest.raises(Retry) as caught:
            output(server, max_request=10_000).send(alerts(*range(60)))
        assert 0 < caught.value.sent < 60
        assert server.ids() == ids(*range(caught.value.sent))

    def test_no_host(self, splunk, output):
        server = splunk()
        server.stop()
        with pytest.raises(Retry, match=r"127\.0\.0\.1: Connection refused"):
            output(server).send(alerts(1))


class TestSecret:
    def test_a_wrong_token_is_told_without_it(self, splunk, output, monkeypatch, caplog):
        caplog.set_level(logging.DEBUG)
        server = splunk()
        monkeypatch.setenv("CASBD_TEST_TOKEN", "s3cret-wrong")
        with pytest.raises(Retry, match=r"answered 403: Invalid token \*\*\* \(code 4\)"):
            output(server).send(alerts(1))
        assert "s3cret" not in caplog.text

    def test_a_new_token_counts_at_the_next_try(self, splunk, output, monkeypatch):
        server = splunk()
        monkeypatch.setenv("CASBD_TEST_TOKEN", "wrong")
        one = output(server)
        with pytest.raises(Retry):
            one.send(alerts(1))
        monkeypatch.setenv("CASBD_TEST_TOKEN", TOKEN)
        one.send(alerts(1))
        assert server.ids() == ids(1)

    def test_one_that_no_header_can_hold(self, splunk, output, monkeypatch):
        monkeypatch.setenv("CASBD_TEST_TOKEN", "s3cret\nX-Evil: 1")
        with pytest.raises(Retry, match="no header can hold") as caught:
            output(splunk()).send(alerts(1))
        assert "s3cret" not in str(caught.value)

    def test_without_one_it_does_not_start(self, monkeypatch):
        monkeypatch.delenv("CASBD_TEST_TOKEN")
        with pytest.raises(Mistakes, match="is empty or not set"):
            SplunkHec(SplunkHecOptions.model_validate({"url": "https://splunk", "token": {"env": "CASBD_TEST_TOKEN"}}))

    @pytest.mark.parametrize("path", ["/services/collector", "/services/collector/event", "/splunk/services/collector/raw/"])
    def test_a_path_that_is_put_behind_the_url_is_not_in_it(self, path):
        SplunkHecOptions.model_validate({"url": "https://splunk/services/collectors", "token": {"env": "X"}})
        with pytest.raises(ValidationError, match="must end before `/services/collector`"):
            SplunkHecOptions.model_validate({"url": f"https://splunk:8088{path}", "token": {"env": "X"}})

    @pytest.mark.parametrize("url", ["http://splunk.example.com:8088", "https://splunk:8088/?token=1", "https://u:p@splunk", "splunk:8088"])
    def test_urls_that_are_none(self, url):
        with pytest.raises(ValidationError, match="url"):
            SplunkHecOptions.model_validate({"url": url, "token": {"env": "X"}})


class TestAcknowledged:
    @pytest.fixture
    def server(self, splunk):
        return splunk(acknowledges=True, at_once=False)

    @pytest.fixture
    def one(self, server, output):
        return output(server, acknowledge=True)

    def test_in_doubt_until_an_indexer_says_so_in_order(self, server, one, clock):
        one.send(alerts(1, 2))
        one.send(alerts(3))
        one.send(alerts(4, 5, 6))
        assert one.unread() == 6
        server.index(1)
        assert one.unread() == 6  # asked a moment ago
        clock.now += 1
        assert one.unread() == 4
        server.queue.reverse()
        server.index(1)
        clock.now += 1
        assert one.unread() == 4  # the last are written, those before them are not
        server.index()
        clock.now += 1
        assert one.unread() == 0
        asked = len(server.requests)
        clock.now += 1
        assert one.unread() == 0
        assert len(server.requests) == asked

    def test_what_is_never_acknowledged_is_sent_again(self, server, one, clock):
        one.send(alerts(1, 2))
        clock.now += 299
        assert one.unread() == 2
        clock.now += 2
        with pytest.raises(Retry, match=r"did not acknowledge within 300 s \(it says so of none\)") as caught:
            one.unread()
        assert caught.value.unread == 2
        assert not caught.value.stands
        assert one.unread() == 0

    def test_a_collector_that_cannot_be_asked_says_why_in_the_end(self, server, one, clock):
        one.send(alerts(1, 2))
        server.stop()
        clock.now += 10
        assert one.unread() == 2
        clock.now += 300
        with pytest.raises(Retry, match="Connection refused"):
            one.unread()

    def test_a_restart_is_seen_by_its_numbers(self, server, one):
        one.send(alerts(1, 2))
        one.send(alerts(3))
        server.crash()
        with pytest.raises(Retry, match="was restarted") as caught:
            one.send(alerts(4))
        assert (caught.value.unread, caught.value.sent) == (3, 0)
        one.send(alerts(1, 2, 3, 4))
        server.index()
        one.conclude()
        assert list(dict.fromkeys(server.ids())) == ids(4, 1, 2, 3)  # the fourth was taken by it

    def test_what_the_same_call_had_sent_before_a_restart_is_sent_again_too(self, server, output):
        server.faults = [None, "crashes"]
        with pytest.raises(Retry, match="was restarted") as caught:
            output(server, acknowledge=True, max_request=10_000).send(alerts(*range(60)))
        assert (caught.value.unread, caught.value.sent) == (0, 0)

    @pytest.mark.parametrize("fault", ["takes and drops", "drops"])
    def test_a_number_of_a_request_without_an_answer_acknowledges_nothing_else(self, server, one, clock, fault):
        """The collector crashes with the first event, takes the second as its number 0, and nobody hears of it."""
        one.send(alerts(1))
        server.crash()
        server.faults = [fault]
        with pytest.raises(Retry) as caught:
            one.send(alerts(2))
        assert (caught.value.stands, caught.value.sent, caught.value.unread) == (False, 0, 1)
        one.send(alerts(1, 2))
        server.index(1)
        clock.now += 1
        assert one.unread() == (2 if fault == "takes and drops" else 0)
        server.index()
        clock.now += 1
        assert one.unread() == 0

    def test_a_restart_with_nothing_in_doubt_is_none(self, server, one, clock):
        one.send(alerts(1))
        one.send(alerts(2))
        server.index()
        clock.now += 1
        assert one.unread() == 0
        server.crash()
        one.send(alerts(3))
        assert one.unread() == 1

    def test_a_busy_collector_does_not_put_in_question_what_it_took(self, server, one):
        one.send(alerts(1, 2))
        server.faults = [(503, {"text": "Server is busy", "code": 9}, {})]
        with pytest.raises(Retry) as caught:
            one.send(alerts(3))
        assert caught.value.stands
        assert one.unread() == 2

    def test_a_token_without_it_is_found_out_before_anything_is_sent(self, splunk, output):
        server = splunk(acknowledges=False)
        one = output(server, acknowledge=True)
        for _ in range(2):
            with pytest.raises(Retry, match="turn on the token's indexer acknowledgement, or set acknowledge: false"):
                one.send(alerts(1))
        assert not server.indexed

    def test_the_end_waits_for_it(self, server, one):
        one.send(alerts(1))
        server.index()
        one.conclude()
        assert one.unread() == 0


def test_tls(splunk, output, authority, other_authority):
    import ssl

    certificate, key = authority.issue("127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = splunk()
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.url = server.url.replace("http:", "https:")
    output(server, ca_file=authority.certificate).send(alerts(1))
    with pytest.raises(Retry, match="certificate verify failed"):
        output(server, ca_file=other_authority.certificate).send(alerts(2))
    with pytest.raises(Retry, match="certificate verify failed"):
        output(server).send(alerts(2))
    output(server, verify=False).send(alerts(3))
    assert server.ids() == ids(1, 3)
    assert json.loads(gzip.decompress(server.requests[0][2]))["event"]["alert_id"] == "1"
