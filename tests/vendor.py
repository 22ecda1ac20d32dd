"""A vendor's API on loopback that keeps what is done to its users, and the tests that hold for every connector of one.

A vendor's test module has a `Server` with `answer`, and a class derived of `VendorTests`, which says what is particular.
"""

import json
import logging
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from casbd.errors import Rejected, Retry
from casbd.model.governance import GovernanceCommand
from casbd.plugins import registry

NOW = 1_769_860_800_123
ANNA = "anna@contoso.com"
SECRET = "s3cret-of-the-operator"
PEOPLE = (ANNA, "o'brien+x/y@contoso.com", "bo@contoso.com")


class Request(NamedTuple):
    """path: decoded, its parts as they were apart. body: of JSON or a form."""

    method: str
    path: tuple[str, ...]
    query: dict[str, str]
    headers: Any
    body: Any


class Reply(NamedTuple):
    status: int
    body: Any = None
    headers: dict[str, str] = {}  # noqa: RUF012  never changed


class Fault(NamedTuple):
    """Instead of an answer to the first request of such a method. done: the action is carried out before the connection ends."""

    method: str
    reply: Reply | None = None
    done: bool = False


TROUBLE = [(None, False), (None, True), (Reply(503), False), (Reply(503), True), (Reply(429, None, {"Retry-After": "1"}), False)]
"""What `Fault` has behind the method: no answer or a bad one, whether it was done or not."""


class Server(HTTPServer):
    """asked: all requests. acted: those that were carried out and change something. tokens: what is valid."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.asked: list[Request] = []
        self.acted: list[Request] = []
        self.faults: list[Fault] = []
        self.tokens: set[str] = set()
        self.issued = 0
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def answer(self, request: Request) -> Reply:
        raise NotImplementedError

    def token(self, request: Request) -> Reply:
        """The token endpoint's: a new one each time."""
        self.issued += 1
        self.tokens.add(f"token-{self.issued}-s3cret")
        return Reply(200, {"access_token": f"token-{self.issued}-s3cret", "token_type": "Bearer", "expires_in": 3600})

    def is_token(self, request: Request) -> bool:
        return request.method == "POST" and request.path[-1] == "token"

    def kind(self, request: Request) -> str:
        """The method that a request would have of a vendor that asks by GET alone."""
        return request.method

    def reply(self, request: Request) -> Reply | None:
        self.asked.append(request)
        if self.is_token(request):
            return self.token(request)
        if request.headers["Authorization"].rpartition(" ")[2] not in self.tokens:
            return Reply(401, {"error": {"code": "InvalidToken", "message": f"no such token: {request.headers['Authorization']}"}})
        fault = next((fault for fault in self.faults if fault.method == self.kind(request)), None)
        if fault is not None:
            self.faults.remove(fault)
            if fault.done:
                self.carry_out(request)
            return fault.reply
        return self.carry_out(request)

    def carry_out(self, request: Request) -> Reply:
        reply = self.answer(request)
        if self.kind(request) != "GET" and reply.status < 300:
            self.acted.append(request)
        return reply


class _Handler(BaseHTTPRequestHandler):
    def _serve(self) -> None:
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        said = json.loads(body) if "json" in self.headers.get("Content-Type", "") else dict(parse_qsl(body.decode()))
        path = tuple(unquote(part) for part in url.path.split("/")[1:])
        reply = self.server.reply(Request(self.command, path, dict(parse_qsl(url.query)), self.headers, said))
        if reply is None:  # the connection ends, and nobody knows what was done
            self.close_connection = True
            return
        data = reply.body if isinstance(reply.body, bytes) else b"" if reply.body is None else json.dumps(reply.body).encode()
        self.send_response_only(reply.status)  # without a Date of its own
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.status != 204:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if reply.status != 204:
            self.wfile.write(data)

    def __getattr__(self, name: str):
        """For `do_GET` and the others."""
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)

    def log_message(self, *_args) -> None:
        pass


def command(action: str = "suspend_user", target: str = ANNA, **more) -> GovernanceCommand:
    return GovernanceCommand(
        command_id=more.pop("command_id", f"c-{action}"),
        action=action, connector="app", target=target, status="queued", created=NOW - 1000, **more
    )  # fmt: skip


def noted(app, one: GovernanceCommand) -> GovernanceCommand:
    """The command as the outbox gives it to a connector: with what the way back is going to need."""
    return replace(one, restore=app.look(one).restore)


class Vendor:
    """A connector and its vendor, for tests. name: of the connector. options: of a server, all that it needs."""

    name: ClassVar[str]
    Server: ClassVar[type[Server]]

    def options(self, server) -> dict[str, Any]:
        raise NotImplementedError

    def make(self, server, clock=lambda: NOW, **options):
        plugin = registry.load("connectors", self.name)
        return plugin(plugin.Options.model_validate(self.options(server) | options), clock=clock)

    @pytest.fixture(autouse=True)
    def _secrets(self, monkeypatch):
        monkeypatch.setenv("CASBD_TEST_SECRET", SECRET)

    @pytest.fixture
    def server(self):
        server = self.Server()
        yield server
        server.shutdown()
        server.server_close()

    @pytest.fixture
    def app(self, server):
        return self.make(server)


class VendorTests(Vendor):
    """What holds for each connector of a vendor.

    renews: whether its token can be had anew. changing: the method of the request that suspends; acted: how many requests of any method
    do that. suspended: how a server's user stands.
    """

    renews: ClassVar[bool] = True
    changing: ClassVar[str]
    acted: ClassVar[int] = 1

    def suspended(self, server, name: str = ANNA) -> bool:
        raise NotImplementedError

    def test_suspends_and_takes_it_back(self, server, app):
        for person in PEOPLE:
            done = app.execute(command(target=person))
            assert self.suspended(server, person)
            assert done.request.startswith(f"{self.changing} {server.url}/")
            assert [self.suspended(server, other) for other in PEOPLE].count(True) == 1
            assert app.is_done(command(target=person)) is True
            back = app.ways_back["suspend_user"]
            assert app.is_done(command(back, person, restore=done.restore)) is False
            app.execute(command(back, person, restore=done.restore))
            assert not self.suspended(server, person)
            assert app.is_done(command(target=person)) is False

    def test_what_is_done_is_not_done_again(self, server, app):
        app.execute(command())
        app.execute(command())
        assert self.suspended(server)
        assert len(server.acted) == self.acted

    def test_a_connection_that_ends_when_it_was_done(self, server, app):
        server.faults = [Fault(self.changing, done=True)]
        with pytest.raises(Retry):
            app.execute(command())
        assert app.is_done(command()) is True
        app.execute(command())
        assert self.suspended(server)
        assert len(server.acted) == self.acted

    def test_a_connection_that_ends_before(self, server, app):
        server.faults = [Fault(self.changing)]
        with pytest.raises(Retry):
            app.execute(command())
        assert app.is_done(command()) is False
        app.execute(command())
        assert self.suspended(server)
        assert len(server.acted) == self.acted

    @pytest.mark.parametrize(
        ("method", "status", "headers", "after"),
        [("GET", 429, {}, None), ("changing", 429, {"Retry-After": "17"}, 17.0), ("changing", 503, {}, None)],
    )
    def test_a_passing_failure_is_another_try(self, server, app, method, status, headers, after):
        server.faults = [Fault(self.changing if method == "changing" else method, Reply(status, b"<html>oops", headers))]
        with pytest.raises(Retry, match=f"answered {status}") as caught:
            app.execute(command())
        assert caught.value.after == (after if after is None else pytest.approx(after))
        assert not self.suspended(server)
        app.execute(command())
        assert self.suspended(server)

    @settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors])
    @given(plans=st.tuples(*[st.lists(st.tuples(st.booleans(), st.sampled_from(TROUBLE)), max_size=3)] * 2))
    def test_whatever_fails_how_often_it_is_done_once_and_taken_back_once(self, server, app, plans):
        """As the outbox does it."""
        del server.acted[:]
        back = None
        for suspends, plan in zip((True, False), plans, strict=True):
            server.faults = [Fault(self.changing if changing else "GET", *trouble) for changing, trouble in plan]
            one = command() if back is None else back
            back = replace(
                command(self.make(server).ways_back["suspend_user"]), restore=self.carried_out(server, one), reverts=one.command_id
            )
            assert [name for name in PEOPLE if self.suspended(server, name)] == ([ANNA] if suspends else [])
            assert len(server.acted) == self.acted * (1 if suspends else 2)
        server.faults = []

    def carried_out(self, server, one):
        """What the way back needs of a command that is done."""
        app = self.make(server)
        for tries in range(10):
            try:
                looked = app.look(one)
                one = one if one.restore else replace(one, restore=looked.restore)
                if tries and app.is_done(one):
                    return one.restore
                return app.execute(one).restore or one.restore
            except Retry:
                pass
        raise AssertionError("it is never done")

    @pytest.mark.parametrize("status", [302, 403])
    def test_a_no_is_final_and_told_in_the_vendors_words(self, server, app, status):
        reply = Reply(status, {"message": "not\x1b[31m you"}, {"Location": "http://127.0.0.1:1/"})
        server.faults = [Fault(self.changing, reply)]
        with pytest.raises(Rejected, match=rf"answered {status}: not \[31m you"):
            app.execute(command())
        assert not self.suspended(server)

    def test_a_page_of_a_proxy_is_no_answer(self, server, app):
        server.faults = [Fault("GET", Reply(200, b"<html>Please accept our terms"))]
        with pytest.raises(Retry, match="something else than expected"):
            app.execute(command())

    def test_an_answer_without_end_is_none(self, server, app):
        server.faults = [Fault("GET", Reply(200, b" " * (9 << 20)))]
        with pytest.raises(Retry, match="more than"):
            app.execute(command())

    def test_a_revoked_token(self, server, app):
        app.execute(command())
        server.tokens.clear()
        if self.renews:
            app.execute(command(app.ways_back["suspend_user"]))
            assert not self.suspended(server)
        else:
            with pytest.raises(Rejected, match="answered 401"):
                app.execute(command(app.ways_back["suspend_user"]))
            assert self.suspended(server)

    @pytest.mark.parametrize("target", ["nobody@contoso.com", "no/../body@contoso.com"])
    def test_nobody_of_that_name(self, server, app, target):
        for ask in (app.execute, app.is_done):
            with pytest.raises(Rejected, match="not found"):
                ask(command(target=target))
        assert not server.acted

    def test_another_action_is_refused_without_asking(self, server, app):
        for ask in (app.execute, app.is_done, app.preview):
            with pytest.raises(Rejected, match=r"open_ticket is none of suspend_user, .*"):
                ask(command("open_ticket"))
        assert not server.asked

    def test_a_preview_of_every_action_asks_nobody(self, server, app):
        for action in app.actions:
            text = app.preview(command(action))
            assert text.split()[0] in ("GET", "POST", "PUT", "PATCH", "DELETE")
            assert text.split()[1].startswith("http://127.0.0.1:")
            assert SECRET not in text
        assert not server.asked

    def test_looks_at_all_names_and_changes_nothing(self, server, app):
        looked = app.look(command())
        assert ANNA in looked.names
        assert len(looked.names) > 1 or self.name == "github"
        assert not server.acted

    def test_ways_back_are_actions(self, app):
        assert {*app.ways_back, *app.ways_back.values()} <= {*app.actions}

    def test_no_secret_is_told(self, server, app, caplog):
        caplog.set_level(logging.DEBUG)
        said = [str(app.execute(command())), app.preview(command())]
        sent = {request.headers["Authorization"].rpartition(" ")[2] for request in server.asked if request.headers["Authorization"]}
        forms = [value for request in server.asked if isinstance(request.body, dict) for value in request.body.values()]
        sent |= {value for value in forms if isinstance(value, str) and len(value) > 200} | {SECRET, "s3cret"}
        for status in (400, 500):
            server.faults = [Fault("GET", Reply(status, {"message": f"you sent {' '.join(sorted(sent))}"}))]
            with pytest.raises((Retry, Rejected)) as caught:
                app.execute(command())
            said.append(str(caught.value))
        token = server.asked[-1].headers["Authorization"].rpartition(" ")[2]
        assert not [text for text in (*said[:2], caplog.text) for secret in sent if secret in text]
        assert token not in "".join(said)

    def test_a_missing_secret_is_told_later_as_another_try(self, server, app, monkeypatch):
        monkeypatch.delenv("CASBD_TEST_SECRET")
        with pytest.raises(Retry, match="CASBD_TEST_SECRET"):
            app.execute(command())
