"""The layer below the vendors' connectors: requests, answers, tokens."""

import json
import ssl
import threading
from typing import ClassVar

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from vendor import ANNA, NOW, SECRET, Fault, Reply, Server, Vendor, command

from casbd.connectors import _vendor
from casbd.connectors._vendor import Step
from casbd.documents.secrets import Secret
from casbd.errors import Mistakes, Rejected, Retry
from casbd.web.answers import complaint, wait
from casbd.web.api import Api, BaseUrl, Http, HttpOptions, linked_pages, segment
from casbd.web.tokens import Fixed
from casbd.wire.plain_text import single_line


class Echo(Server):
    def __init__(self) -> None:
        super().__init__()
        self.tokens.add(SECRET)

    def answer(self, request):
        return Reply(200, {"path": request.path, "query": request.query, "said": request.body})


class Said(msgspec.Struct):
    path: list[str]


class TestApi(Vendor):
    Server = Echo

    @pytest.fixture
    def api(self, server):
        return self.make(server)

    def make(self, server, url=None, **options):
        return Api(Http(HttpOptions.model_validate(options), lambda: NOW), url or server.url, Fixed(Secret(env="CASBD_TEST_SECRET")))

    def test_a_name_is_one_part_of_a_path(self, server, api):
        for name in ("a/b", "a?b=c", "a#b", "a%2fb", "..a", "ä b", "a;b"):
            assert api.get(f"/x/{segment(name)}/y", Said).path == ["x", name, "y"]
        for name in ("", ".", ".."):
            with pytest.raises(Rejected, match="nobody's name"):
                segment(name)

    def test_a_redirect_is_not_followed(self, server, api):
        server.faults = [Fault("GET", Reply(307, None, {"Location": f"{server.url}/elsewhere"}))]
        with pytest.raises(Rejected, match="answered 307"):
            api.get("/x", Said)
        assert len(server.asked) == 1

    def test_an_answer_that_does_not_come_in_time_although_it_was_done(self, server):
        done = threading.Event()

        def slow(request):
            done.wait(5)
            return Reply(204)

        server.answer = slow
        with pytest.raises(Retry, match="timed out"):
            self.make(server, timeout="1s").call("POST", "/x")
        done.set()

    def test_nobody_is_there(self, server):
        server.shutdown()
        server.server_close()
        with pytest.raises(Retry, match="refused"):
            self.make(server).get("/x", Said)

    def test_tls_is_checked(self, server, authority, other_authority):
        certificate, key = authority.issue("localhost")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        url = f"https://localhost:{server.server_port}"
        assert self.make(server, url, ca_file=authority.certificate).get("/x", Said).path == ["x"]
        for more in ({"ca_file": other_authority.certificate}, {}):
            with pytest.raises(Retry, match=r"(?i)certificate"):
                self.make(server, url, **more).get("/x", Said)
        assert len(server.asked) == 1

    def test_a_ca_file_that_is_none_is_told_at_the_start(self, server, tmp_path):
        with pytest.raises(Mistakes, match=r"none\.pem"):
            self.make(server, ca_file=tmp_path / "none.pem")

    @pytest.mark.parametrize("token", ["two\nlines", "nüll", "a\x7f"])
    def test_a_token_that_no_header_can_hold_is_not_quoted(self, server, api, monkeypatch, token):
        monkeypatch.setenv("CASBD_TEST_SECRET", token)
        with pytest.raises(Rejected, match="no header can hold") as caught:
            api.get("/x", Said)
        assert token not in str(caught.value)

    def test_a_vendor_that_repeats_what_it_was_sent_tells_no_secret(self, server, api):
        server.faults = [Fault("GET", Reply(400, {"error": SECRET, "message": f"Authorization: Bearer {SECRET}"}))]
        with pytest.raises(Rejected, match=r"answered 400: \*\*\*: Authorization: Bearer \*\*\*"):
            api.get("/x", Said)

    def test_a_secret_that_is_cut_or_escaped_is_not_told_either(self, server, api, monkeypatch):
        secret = "s3/c" + "r" * 200
        monkeypatch.setenv("CASBD_TEST_SECRET", secret)
        server.tokens = {secret}
        body = json.dumps({"message": "x" * 250 + secret}).replace("/", "\\/").encode()
        server.faults = [Fault("GET", Reply(400, body))]
        with pytest.raises(Rejected, match=r"x\*\*\*$"):
            api.get("/x", Said)

    def test_what_was_asked_for_is_as_it_was_sent(self, server, api, monkeypatch):
        """Whatever the token is: part of an answer may look like it."""
        monkeypatch.setenv("CASBD_TEST_SECRET", "path")
        server.tokens = {"path"}
        assert api.get("/path", Said).path == ["path"]

    def test_pages_by_links(self, server, api):
        link = {"Link": f'<{server.url}/x?page=1>; rel="prev", <{server.url}/x?page=3>; rel="next"'}
        server.faults = [Fault("GET", Reply(200, [1, 2], link)), Fault("GET", Reply(200, [3], {"Link": f'<{server.url}/x>; rel="prev"'}))]
        assert [*linked_pages(api, "/x", list[int], {"a": "b c"})] == [[1, 2], [3]]
        assert [request.query for request in server.asked] == [{"a": "b c"}, {"page": "3"}]

    @pytest.mark.parametrize("link", ["http://127.0.0.1:1/x", "https://attacker.example/x", "{url}.example/x", "{url}@example/", "x"])
    def test_no_page_of_somebody_else(self, server, api, link):
        server.faults = [Fault("GET", Reply(200, [1], {"Link": f'<{link.format(url=server.url)}>; rel="next"'}))]
        with pytest.raises(Rejected, match="somebody else"):
            [*linked_pages(api, "/x", list[int])]

    def test_a_page_without_a_host_is_the_vendors_own(self, server, api):
        server.faults = [Fault("GET", Reply(200, [1], {"Link": '<//attacker.example/x>; rel="next"'})), Fault("GET", Reply(200, [2]))]
        assert [*linked_pages(api, "/x", list[int])] == [[1], [2]]


@pytest.mark.parametrize(
    "url",
    ["http://graph.example.com", "ftp://x", "https:///x", "https://u:p@x", "https://x:99999999", "https://x?a=b", "https://x#a", "x", ""],
)
def test_urls_that_are_not_secure_are_mistakes(url):
    with pytest.raises(ValidationError):
        TypeAdapter(BaseUrl).validate_python(url)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "120"}, 120.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "99999999"}, 3600.0),
        ({"retry-after": "Sat, 31 Jan 2026 12:01:00 GMT"}, 59.877),
        ({"retry-after": "Sat, 31 Jan 2026 11:00:00 GMT"}, 0.0),
        ({"x-rate-limit-reset": "1769860860"}, 59.877),
        ({"x-ratelimit-reset": "1769860860", "date": "Sat, 31 Jan 2026 12:00:30 GMT"}, 30.0),
        ({"x-rate-limit-reset": "never"}, None),
        ({"x-rate-limit-reset": "1"}, 0.0),
        ({"retry-after": "7", "x-rate-limit-reset": "1769860860"}, 7.0),
    ],
)
def test_how_long_to_wait(headers, seconds):
    assert wait(headers, NOW) == (None if seconds is None else pytest.approx(seconds))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"error": {"code": "Request_BadRequest", "message": "no", "innerError": {"date": "x"}}}, ("Request_BadRequest", "no")),
        ({"error": {"code": 403, "message": "no", "errors": [{"reason": "forbidden", "message": "no"}]}}, ("forbidden", "no")),
        ({"errorCode": "E0000007", "errorSummary": "no", "errorCauses": []}, ("E0000007", "no")),
        ({"error": "invalid_client", "error_description": "no"}, ("invalid_client", "no")),
        ({"schemas": ["urn"], "detail": "no", "status": "404"}, ("404", "no")),
        ({"Errors": {"description": "no", "code": 404}}, ("404", "no")),
        ([{"message": "no", "errorCode": "INVALID_SESSION_ID"}], ("INVALID_SESSION_ID", "no")),
        ({"message": "Not Found", "documentation_url": "https://x"}, ("", "Not Found")),
        ({"type": "error", "code": "not_found", "message": "no"}, ("not_found", "no")),
        ({"ok": False, "error": "user_not_found"}, ("user_not_found", "")),
        ({"message": "a\r\nb\x1b[2J" + "c" * 1000}, ("", f"a  b [2J{'c' * 289}...")),
        ({"password": "s3cret", "token": "s3cret"}, ("", "")),
        ([], ("", "")),
        (5, ("", "")),
    ],
)
def test_the_vendors_words(body, said):
    assert complaint(json.dumps(body).encode()) == said


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["error", "errors", "code", "message", "Errors", "x"]), inner),
)


@settings(max_examples=50)
@given(st.binary() | JSON.map(lambda value: json.dumps(value).encode()) | st.just(b"[" * 100_000))
def test_any_body_gives_two_short_lines(body):
    for text in complaint(body):
        assert len(text) <= 300
        assert text == single_line(text)


class TestStep:
    step: ClassVar = Step("POST", "/users/{id}/x", {"ids": ["{id}"], "other": {"n": 5, "who": "{id}"}})

    def test_an_id_is_one_part_of_the_path_and_as_it_is_in_the_body(self):
        assert self.step.of("a/b") == Step("POST", "/users/a%2Fb/x", {"ids": ["a/b"], "other": {"n": 5, "who": "a/b"}})

    def test_for_people_it_is_in_words(self):
        assert self.step.about(ANNA).path == "/users/{id of anna@contoso.com}/x"


def test_a_target_that_cannot_be_written_is_nobody():
    class App(_vendor.Vendor):
        steps: ClassVar = {"suspend_user": Step("POST", "/x")}

    for target in ("a\ud800b", "a\nb", "a\0"):
        with pytest.raises(Rejected, match="not found"):
            App().execute(command(target=target))
