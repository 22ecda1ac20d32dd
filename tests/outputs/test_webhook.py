"""The output against a service on loopback: what it gets, who sent it, and what its answers mean."""

import hashlib
import hmac
import json

import pytest

from casbd.errors import Mistakes, Rejected, Retry
from casbd.model.activity import Activity
from casbd.outputs.webhook import Webhook, WebhookOptions
from tests.outputs.answering import NOON, Answering, alert

KEY = "a key of the operator's"


class Service(Answering):
    """answers: (status, body, headers) by turns, 204 then. taken: what each request that it took had: headers and body."""

    def __init__(self):
        self.answers: list = []
        self.taken: list[tuple[dict, bytes]] = []
        super().__init__()

    def ids(self):
        bodies = [json.loads(body) for _, body in self.taken]
        return [int(one["alert_id"]) for body in bodies for one in (body if isinstance(body, list) else [body])]

    def answer(self, method, path, headers, body):
        answer = self.answers.pop(0) if self.answers else (204, b"", {})
        if answer[0] < 300:
            self.taken.append((dict(headers), body))
        return answer


@pytest.fixture
def service(monkeypatch):
    monkeypatch.setenv("CASBD_TEST_KEY", KEY)
    server = Service()
    yield server
    server.stop()


@pytest.fixture
def output(service, until_the_end):
    def make(**options):
        about = {"url": f"{service.url}/hook", "secret": {"env": "CASBD_TEST_KEY"}}
        return until_the_end(Webhook(WebhookOptions.model_validate(about | options), clock=lambda: NOON))

    return make


def test_each_is_a_request_that_is_signed(service, output):
    output().send([alert(1), Activity(activity_id="x\r\nX-Evil: 1", object_name="e\u0301\u2028")])
    assert [json.loads(body)["type"] for _, body in service.taken] == ["alert", "activity"]
    for headers, body in service.taken:
        signed = hmac.new(KEY.encode(), headers["X-Casbd-Timestamp"].encode() + b"." + body, hashlib.sha256).hexdigest()
        assert headers["X-Casbd-Signature"] == f"sha256={signed}"
        assert headers["X-Casbd-Timestamp"] == str(NOON // 1000)
        assert headers["Content-Type"] == "application/json"
        assert "X-Evil" not in headers


def test_the_same_has_the_same_key_and_what_became_of_it_another(service, output):
    for one in (alert(1), alert(1), alert(1, event="closed", status="closed")):
        output().send([one])
    first, again, closed = (headers["Idempotency-Key"] for headers, _ in service.taken)
    assert first == again != closed


def test_some_go_together_in_order(service, output):
    output(batch=4).send([alert(number) for number in range(10)])
    assert [len(json.loads(body)) for _, body in service.taken] == [4, 4, 2]
    assert service.ids() == [*range(10)]


@pytest.mark.parametrize("batch", [1, 3])
def test_what_it_will_never_take_is_refused_alone(service, output, batch):
    bad = (422, b'{"error": "no such field"}', {})
    service.answers = [(204, b"", {}), (204, b"", {}), bad] if batch == 1 else [bad, (204, b"", {}), bad, (204, b"", {}), bad]
    with pytest.raises(Rejected, match="answered 422: no such field") as caught:
        output(batch=batch).send([alert(number) for number in range(3)])
    assert service.ids() == [*range(caught.value.sent)]
    assert caught.value.sent == 2


@pytest.mark.parametrize(
    ("answer", "after", "lasting"),
    [
        ((503, b"", {"Retry-After": "9"}), 9.0, False),
        ((429, b"", {}), None, False),
        ((425, b"", {}), None, False),
        ((500, b"<html>", {}), None, False),
        ((401, b"", {}), 60.0, True),
        ((404, b"", {}), 60.0, True),
        ((302, b"", {"Location": "http://127.0.0.1:1/"}), 60.0, True),
    ],
)
def test_all_else_waits(service, output, answer, after, lasting):
    service.answers = [(204, b"", {}), answer]
    with pytest.raises(Retry) as caught:
        output().send([alert(1), alert(2)])
    assert (caught.value.sent, caught.value.after, caught.value.lasting) == (1, after, lasting)
    assert service.ids() == [1]


def test_without_a_key_it_does_not_start(monkeypatch):
    monkeypatch.delenv("CASBD_TEST_KEY", raising=False)
    with pytest.raises(Mistakes, match="is empty or not set"):
        Webhook(WebhookOptions.model_validate({"url": "https://x.example.com", "secret": {"env": "CASBD_TEST_KEY"}}))
