"""Services of Apprise against a real HTTP server: what its answers lead to, and that no secret and no print comes of it."""

from __future__ import annotations

import logging
from io import StringIO

import pytest
from chat_service import TOKEN, ChatService

from casbd.errors import DeliveryError, Rejected, Retry
from casbd.wire import apprise_service


@pytest.fixture
def service():
    with ChatService() as service:
        yield service


@pytest.fixture
def logged():
    """What comes to the root logger, as casbd's own log does; pytest's handler hears of loggers that do not propagate, too."""
    text, root = StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(text), root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield text
    root.removeHandler(handler)
    root.setLevel(level)


def test_it_goes(service):
    apprise_service.send(service.url, "[casbd] High: Travel", "HIGH Travel: Oslo and Lima\nand 3 more")
    assert service.got == [(f"/{TOKEN}", "(casbd) High: Travel", "HIGH Travel: Oslo and Lima\nand 3 more")]


def test_one_that_breaks_over_a_message_says_nothing_of_its_url(service, monkeypatch, logged):
    def breaks(*_, **__):
        raise ValueError(f"no header value: {TOKEN}")

    monkeypatch.setattr("requests.Session.request", breaks)
    with pytest.raises(Retry) as caught:
        apprise_service.send(service.url, "title", "body")
    assert TOKEN not in str(caught.value) + logged.getvalue()


@pytest.mark.parametrize("status", [401, 403, 408, 429, 500, 503])
def test_a_passing_answer_is_tried_again(service, status):
    service.status = status
    with pytest.raises(Retry, match=f"^the service answered {status}$"):
        apprise_service.send(service.url, "title", "body")


@pytest.mark.parametrize("status", [302, 400, 404, 410, 413])
def test_another_is_final_and_nothing_goes_elsewhere(service, status):
    service.status = status
    with pytest.raises(Rejected, match=f"^the service answered {status}$"):
        apprise_service.send(service.url, "title", "body")
    assert len(service.got) == 1


def test_nobody_there(service):
    service.server.server_close()
    with pytest.raises(Retry, match="the service could not be reached"):
        apprise_service.send(service.url, "title", "body")


@pytest.mark.parametrize("url", ["nonsense://x", "", "slack://", "https", "json://"])
def test_what_no_service_knows(url):
    assert not apprise_service.is_known(url)
    with pytest.raises(Retry, match="no service"):
        apprise_service.send(url, "title", "body")


def test_it_says_nothing_anywhere(service, logged, capfd):
    """Neither with every logger open, nor on the terminal; of a URL that is wrong, too."""
    apprise_service.send(service.url, "title", "body")
    for status in (404, 500):
        service.status = status
        with pytest.raises(DeliveryError, match="the service answered"):
            apprise_service.send(service.url, "title", "body")
    apprise_service.is_known(f"json://{TOKEN}:{TOKEN}@")
    assert logged.getvalue() == ""
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<!channel> <@U123> <https://evil.example|click>", "‹!channel› ‹@U123› ‹https://evil.example|click›"),
        ("@everyone @here @Channel anna@contoso.com", "@ everyone @ here @ Channel anna@contoso.com"),
        ("[click](https://evil.example) `rm`", "(click)(https://evil.example) 'rm'"),
    ],
)
def test_marks_and_mentions_mean_nothing(service, text, shown):
    apprise_service.send(service.url, text, text)
    assert service.got[0][1:] == (shown, shown)
