import json

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import ValidationError
from vendor import ANNA, PEOPLE, Fault, Reply, Server, VendorTests, command

from casbd.connectors.google_workspace import GoogleWorkspaceOptions
from casbd.errors import Mistakes, Rejected, Retry


class Google(Server):
    def __init__(self) -> None:
        self.users = {str(1000 + number): self.user(str(1000 + number), name) for number, name in enumerate(PEOPLE)}
        self.apps = {ident: [] for ident in self.users}
        super().__init__()

    def user(self, ident, name):
        return {"id": ident, "primaryEmail": name, "suspended": False, "isAdmin": False, "isDelegatedAdmin": False}

    def answer(self, request):
        user = next((user for user in self.users.values() if self.is_called(user, request.path[4])), None)
        if user is None:
            said = {"code": 404, "message": "Resource Not Found: userKey", "errors": [{"domain": "global", "reason": "notFound"}]}
            return Reply(404, {"error": said})
        apps = self.apps[user["id"]]
        match request.method, request.path[5:]:
            case "GET", ():
                return Reply(200, user)
            case "PATCH", ():
                user |= request.body
                return Reply(200, user)
            case "POST", ("makeAdmin",):
                user["isAdmin"] = request.body["status"]
                return Reply(204)
            case "POST", ("signOut",):
                user["sessions"] = 0
                return Reply(204)
            case "GET", ("tokens",):
                return Reply(200, {"kind": "tokens", **({"items": apps} if apps else {})})
            case "DELETE", ("tokens", client):
                found = [app for app in apps if app["clientId"] == client]
                self.apps[user["id"]] = [app for app in apps if app not in found]
                return Reply(204) if found else Reply(404)
        return Reply(405)

    def is_called(self, user, name):
        return name.lower() in (user["id"], user["primaryEmail"], *user.get("aliases", ()))


@pytest.fixture(scope="module")
def key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class TestGoogleWorkspace(VendorTests):
    name = "google_workspace"
    Server = Google
    changing = "PATCH"

    @pytest.fixture(autouse=True)
    def _secrets(self, key, monkeypatch):
        text = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
        account = {"type": "service_account", "client_email": "casbd@x.example", "private_key": text, "private_key_id": "k1"}
        monkeypatch.setenv("CASBD_TEST_SECRET", json.dumps(account))

    def options(self, server):
        return {
            "service_account": {"env": "CASBD_TEST_SECRET"}, "admin": "admin@contoso.com",
            "base_url": server.url, "login_url": f"{server.url}/token",
        }  # fmt: skip

    def suspended(self, server, name=ANNA):
        return next(user["suspended"] for user in server.users.values() if user["primaryEmail"] == name)

    def test_it_asks_for_an_administrator(self, server, app, key):
        app.is_done(command())
        asked = next(request for request in server.asked if server.is_token(request))
        assert asked.body["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
        assertion = asked.body["assertion"]
        claims = jwt.decode(assertion, key.public_key(), ["RS256"], audience=f"{server.url}/token", options={"verify_exp": False})
        assert (claims["iss"], claims["sub"]) == ("casbd@x.example", "admin@contoso.com")
        assert claims["scope"].endswith("/auth/admin.directory.user.security")
        assert jwt.get_unverified_header(assertion)["kid"] == "k1"

    def test_aliases_are_the_users_own(self, server, app):
        server.users["1000"]["aliases"] = ["a.berg@contoso.com"]
        app.execute(command(target="A.Berg@contoso.com"))
        app.execute(command(target="1002"))
        assert [user["suspended"] for user in server.users.values()] == [True, False, True]

    def test_an_answer_about_somebody_else_is_none(self, server, app):
        server.faults = [Fault("GET", Reply(200, server.users["1002"]))]
        with pytest.raises(Rejected, match="not found"):
            app.execute(command())

    @pytest.mark.parametrize("reason", ["quotaExceeded", "userRateLimitExceeded"])
    def test_some_of_its_403_pass(self, server, app, reason):
        said = {"error": {"code": 403, "message": "Slow down", "errors": [{"reason": reason}]}}
        server.faults = [Fault("PATCH", Reply(403, said))]
        with pytest.raises(Retry, match=f"{reason}: Slow down"):
            app.execute(command())
        server.faults = [Fault("PATCH", Reply(403, json.loads(json.dumps(said).replace(reason, "forbidden"))))]
        with pytest.raises(Rejected, match="forbidden: Slow down"):
            app.execute(command())

    def test_signs_out(self, server, app):
        assert app.execute(command("require_sign_in_again")).request.endswith("/users/1000/signOut")
        assert server.users["1000"]["sessions"] == 0

    def test_a_super_administrator_is_one_no_more_and_again(self, server, app):
        server.users["1000"]["isAdmin"] = True
        app.execute(command("revoke_admin_privileges"))
        app.execute(command("revoke_admin_privileges"))
        assert not server.users["1000"]["isAdmin"]
        with pytest.raises(Rejected, match="took away"):
            app.execute(command("restore_admin_privileges"))
        app.execute(command("restore_admin_privileges", reverts="c1"))
        assert server.users["1000"]["isAdmin"]
        assert len(server.acted) == 2

    def test_delegated_roles_are_not_passed_over(self, server, app):
        server.users["1000"]["isDelegatedAdmin"] = True
        assert app.is_done(command("revoke_admin_privileges")) is False
        with pytest.raises(Rejected, match="delegated roles"):
            app.execute(command("revoke_admin_privileges"))

    def test_apps_lose_their_tokens(self, server, app):
        server.apps["1000"] = [{"clientId": f"{n}.apps/x", "displayText": f"App\x1b{n}"} for n in range(7)]
        server.faults = [Fault("DELETE", done=True)]
        with pytest.raises(Retry):
            app.execute(command("revoke_tokens"))
        assert app.is_done(command("revoke_tokens")) is False
        done = app.execute(command("revoke_tokens"))
        assert done.answer == "taken from 6 apps: App 1, App 2, App 3 and 3 more"
        assert not server.apps["1000"]
        assert app.is_done(command("revoke_tokens")) is True

    @pytest.mark.parametrize("text", ["{}", "no JSON", '{"client_email": "a", "private_key": "s3cret"}'])
    def test_what_is_no_service_account_is_told_at_the_start(self, server, monkeypatch, text):
        monkeypatch.setenv("CASBD_TEST_SECRET", text)
        with pytest.raises(Mistakes, match=r"key") as caught:
            self.make(server)
        assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("admin", ["x", "admin", "admin@contoso.com\nx", "Admin <admin@contoso.com>"])
def test_the_administrator_is_an_address(admin):
    with pytest.raises(ValidationError, match="is no e-mail address"):
        GoogleWorkspaceOptions.model_validate({"service_account": {"env": "X"}, "admin": admin})
