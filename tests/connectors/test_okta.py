import json
import re

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from pydantic import ValidationError
from vendor import ANNA, NOW, PEOPLE, SECRET, Fault, Reply, Server, Vendor, VendorTests, command

from casbd.errors import Mistakes, Rejected, Retry
from casbd.plugins import registry

Plugin = registry.load("connectors", "okta")


class Okta(Server):
    def __init__(self) -> None:
        self.users = {f"00u{number}": self.user(f"00u{number}", name) for number, name in enumerate(PEOPLE)}
        super().__init__()
        self.tokens.add(SECRET)

    def user(self, ident, login, mail=None, status="ACTIVE"):
        return {"id": ident, "status": status, "profile": {"login": login, "email": mail or login}}

    def reply(self, request):
        scheme = request.headers["Authorization"].partition(" ")[0] if request.headers["Authorization"] else ""
        assert scheme in ("", "Bearer", "SSWS")
        return super().reply(request)

    def answer(self, request):
        match request.method, request.path[3:]:
            case "GET", ():
                mail = json.loads(re.fullmatch("profile.email eq (.*)", request.query["search"])[1])
                return Reply(200, [user for user in self.users.values() if user["profile"]["email"] == mail])
            case "GET", (name,):
                if name == "me":
                    return Reply(200, self.user("00uadmin", "admin@contoso.com"))
                return next((Reply(200, user) for user in self.users.values() if self.is_called(user, name)), self.missing(name))
            case "POST", (ident, "lifecycle", what):
                return self.lifecycle(self.users[ident], what)
            case "DELETE", (ident, "sessions"):
                assert request.query == {"oauthTokens": "true"}
                self.users[ident]["sessions"] = 0
                return Reply(204)
        return Reply(405)

    def is_called(self, user, name):
        login = user["profile"]["login"].lower()
        return name.lower() in (user["id"], login, login.partition("@")[0])

    def lifecycle(self, user, what):
        before, after = {
            "suspend": ("ACTIVE", "SUSPENDED"), "unsuspend": ("SUSPENDED", "ACTIVE"), "expire_password": ("ACTIVE", "PASSWORD_EXPIRED"),
        }[what]  # fmt: skip
        if user["status"] != before:
            return Reply(400, {"errorCode": "E0000001", "errorSummary": f"Api validation failed: {what}", "errorCauses": []})
        user["status"] = after
        return Reply(200, {})

    def missing(self, name):
        return Reply(404, {"errorCode": "E0000007", "errorSummary": f"Not found: Resource not found: {name} (User)"})


class TestOkta(VendorTests):
    name = "okta"
    Server = Okta
    renews = False
    changing = "POST"

    def options(self, server):
        return {"base_url": server.url, "token": {"env": "CASBD_TEST_SECRET"}}

    def suspended(self, server, name=ANNA):
        return next(user["status"] == "SUSPENDED" for user in server.users.values() if user["profile"]["login"] == name)

    def test_a_suspension_by_somebody_else_meanwhile_is_one(self, server, app):
        before = server.answer

        def overtaken(request):
            if request.method == "POST":
                server.users["00u0"]["status"] = "SUSPENDED"
            return before(request)

        server.answer = overtaken
        assert app.execute(command()).answer == "it was so already"
        assert not server.acted

    @pytest.mark.parametrize("status", ["STAGED", "LOCKED_OUT", "PASSWORD_EXPIRED", "DEPROVISIONED"])
    def test_who_is_not_active_cannot_be_suspended(self, server, app, status):
        server.users["00u0"]["status"] = status
        with pytest.raises(Rejected, match=f"is {status}, and Okta does this only where somebody is ACTIVE"):
            app.execute(command())
        assert not server.acted

    def test_sessions_and_tokens_are_ended(self, server, app):
        assert app.is_done(command("require_sign_in_again")) is None
        done = app.execute(command("require_sign_in_again"))
        assert server.users["00u0"]["sessions"] == 0
        assert (done.request, done.answer) == (f"DELETE {server.url}/api/v1/users/00u0/sessions?oauthTokens=true", "204")

    def test_a_password_expires_once(self, server, app):
        app.execute(command("expire_password"))
        app.execute(command("expire_password"))
        assert server.users["00u0"]["status"] == "PASSWORD_EXPIRED"
        assert len(server.acted) == 1
        assert "expire_password" not in app.ways_back

    def test_everybody_is_found_by_what_is_his_alone(self, server, app):
        server.users |= {f"00u{n}": server.user(f"00u{n}", f"login{n}", "twin@contoso.com") for n in (7, 8)}
        server.users["00u9"] = server.user("00u9", "login9", "only@contoso.com")
        with pytest.raises(Rejected, match="ambiguous"):
            app.execute(command(target="twin@contoso.com"))
        app.execute(command(target="only@contoso.com"))
        app.execute(command(target="00u1"))
        assert [ident for ident, user in server.users.items() if user["status"] == "SUSPENDED"] == ["00u1", "00u9"]

    @pytest.mark.parametrize("name", ["me", "anna"])
    def test_who_asks_and_half_a_login_are_nobodys_names(self, server, app, name):
        with pytest.raises(Rejected, match="not found"):
            app.execute(command(target=name))
        assert not server.acted

    def test_oktas_own_header_says_how_long_to_wait(self, server, app):
        """By Okta's clock: ours is a year behind here."""
        headers = {"X-Rate-Limit-Reset": "1801396860", "Date": "Sun, 31 Jan 2027 12:00:00 GMT"}
        server.faults = [Fault("POST", Reply(429, {"errorCode": "E0000047", "errorSummary": "Too many"}, headers))]
        with pytest.raises(Retry, match="E0000047: Too many") as caught:
            app.execute(command())
        assert caught.value.after == 60.0

    def test_a_token_that_was_replaced_is_read_again(self, server, app, monkeypatch):
        server.tokens = {"another-s3cret"}
        before = server.reply

        def replaced(request):
            monkeypatch.setenv("CASBD_TEST_SECRET", "another-s3cret")
            return before(request)

        server.reply = replaced
        app.execute(command())
        assert self.suspended(server)

    @pytest.mark.parametrize("more", [{"client_id": "x"}, {"private_key": {"env": "X"}}, {"client_id": "x", "private_key": {"env": "X"}}])
    def test_a_token_and_a_key_are_one_too_many(self, server, more):
        with pytest.raises(ValidationError, match="needs either `token`, or `client_id` and `private_key`"):
            self.make(server, **more)


@pytest.fixture(scope="module")
def key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key):
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()  # fmt: skip


class TestOktaByItsKey(Vendor):
    name = "okta"
    Server = Okta

    @pytest.fixture(autouse=True)
    def _secrets(self, key, monkeypatch):
        monkeypatch.setenv("CASBD_TEST_SECRET", pem(key))

    def options(self, server):
        return {"base_url": server.url, "client_id": "0oa1", "private_key": {"env": "CASBD_TEST_SECRET"}, "key_id": "k1"}

    def test_the_request_for_a_token_is_signed(self, server, app, key):
        app.is_done(command())
        asked = next(request for request in server.asked if server.is_token(request))
        assert asked.path == ("oauth2", "v1", "token")
        assert (asked.body["grant_type"], asked.body["scope"]) == ("client_credentials", "okta.users.manage okta.users.read")
        assertion = asked.body["client_assertion"]
        claims = jwt.decode(assertion, key.public_key(), ["RS256"], audience=f"{server.url}/oauth2/v1/token", options={"verify_exp": False})
        assert (claims["iss"], claims["sub"], claims["iat"], claims["exp"]) == ("0oa1", "0oa1", NOW // 1000, NOW // 1000 + 300)
        assert jwt.get_unverified_header(assertion)["kid"] == "k1"

    @pytest.mark.parametrize("text", ["no key", "ec"])
    def test_what_is_no_key_is_told_at_the_start(self, server, monkeypatch, text):
        if text == "ec":
            text = pem(ec.generate_private_key(ec.SECP256R1()))
        monkeypatch.setenv("CASBD_TEST_SECRET", text)
        with pytest.raises(Mistakes, match=r"\$CASBD_TEST_SECRET.* is no private RSA key in PEM"):
            self.make(server)

    def test_a_revoked_token_is_asked_for_anew(self, server, app):
        app.is_done(command())
        server.tokens.clear()
        app.execute(command())
        assert server.users["00u0"]["status"] == "SUSPENDED"
        assert server.issued == 2
        server.token = lambda request: Reply(200, {"access_token": "not-valid-s3cret"})
        server.tokens.clear()
        with pytest.raises(Rejected, match="answered 401") as caught:
            app.execute(command("unsuspend_user"))
        assert "s3cret" not in str(caught.value)

    @pytest.mark.parametrize("said", [b"<html>", {"token_type": "Bearer"}, {"access_token": 5}])
    def test_no_token_is_another_try(self, server, app, said):
        server.token = lambda request: Reply(200, said)
        with pytest.raises(Retry, match="answered 200 with no token"):
            app.execute(command())

    def test_how_long_a_token_is_good_may_be_text(self, server, app):
        server.tokens.add("t-s3cret")
        server.token = lambda request: Reply(200, {"access_token": "t-s3cret", "expires_in": "3600"})
        app.execute(command())
        assert server.users["00u0"]["status"] == "SUSPENDED"

    def test_a_token_that_would_be_a_header_more_is_refused(self, server, app):
        server.token = lambda request: Reply(200, {"access_token": "a\r\nX-Admin: yes"})
        with pytest.raises(Rejected, match="no header can hold"):
            app.execute(command())
