import base64
import re
from datetime import UTC, datetime

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from pydantic import ValidationError
from vendor import ANNA, NOW, PEOPLE, Fault, Reply, Server, Vendor, VendorTests, command, noted

from casbd.errors import Mistakes, Rejected, Retry
from casbd.web import api

GUEST = "guest_fabrikam.com#EXT#@contoso.onmicrosoft.com"
IDS = {name: f"00000000-0000-0000-0000-00000000000{number}" for number, name in enumerate((*PEOPLE, GUEST, "twin1@x.y", "twin2@x.y"))}
ROLES = {"62e90394": "Global Administrator", "fe930be7": "User Administrator", "729827e3": "Helpdesk Administrator"}


class Entra(Server):
    def __init__(self) -> None:
        self.users = {
            ident: {"id": ident, "userPrincipalName": name, "mail": None, "userType": "Member", "accountEnabled": True}
            for name, ident in IDS.items()
        }
        self.users[IDS[GUEST]] |= {"mail": "guest@fabrikam.com", "userType": "Guest"}
        self.users[IDS["twin1@x.y"]]["mail"] = self.users[IDS["twin2@x.y"]]["mail"] = "twin@contoso.com"
        self.users[IDS["bo@contoso.com"]]["mail"] = ANNA  # a user principal name is more than a mail address
        self.risks: dict[str, str] = {}
        self.roles: dict[str, dict] = {}
        super().__init__()

    def answer(self, request):
        match request.method, request.path[1:]:
            case "GET", ("users",):
                name, value = re.fullmatch(r"(\w+) eq '((?:[^']|'')*)'", request.query["$filter"]).groups()
                value = value.replace("''", "'")
                return Reply(200, {"value": [user for user in self.users.values() if (user[name] or "").lower() == value.lower()]})
            case "GET", ("users", ident):
                return Reply(200, self.users[ident]) if ident in self.users else self.missing()
            case "PATCH", ("users", ident):
                self.users[ident] |= request.body
                return Reply(204)
            case "POST", ("users", ident, "revokeSignInSessions"):
                self.users[ident]["signInSessionsValidFromDateTime"] = datetime.fromtimestamp(NOW / 1000, UTC).isoformat()
                return Reply(200, {"value": True})
            case "GET", ("identityProtection", "riskyUsers", ident):
                return Reply(200, {"id": ident, "riskState": self.risks[ident]}) if ident in self.risks else self.missing()
            case "POST", ("identityProtection", "riskyUsers", what):
                for ident in request.body["userIds"]:
                    self.risks[ident] = {"confirmCompromised": "confirmedCompromised", "dismiss": "dismissed"}[what]
                return Reply(204)
            case method, ("roleManagement", "directory", "roleAssignments", *rest):
                return self.of_roles(method, rest, request)
        return Reply(400, {"error": {"code": "BadRequest", "message": str(request.path)}})

    def of_roles(self, method, rest, request):
        """Pages of one, the way the vendor's own are of a hundred."""
        if method == "DELETE":
            return Reply(204) if self.roles.pop(rest[0], None) else self.missing()
        if method == "POST":
            self.give(**{key: request.body[key] for key in ("principalId", "roleDefinitionId", "directoryScopeId")})
            return Reply(201, {})
        ident = re.fullmatch("principalId eq '(.*)'", request.query["$filter"])[1]
        held = [role for role in self.roles.values() if role["principalId"] == ident]
        at = int(request.query.get("$skiptoken", 0))
        page = {"value": held[at : at + 1]}
        if at + 1 < len(held):
            link = f"{self.url}/v1.0/{'/'.join(request.path[1:])}?$filter=principalId%20eq%20'{ident}'&$skiptoken={at + 1}"
            page["@odata.nextLink"] = link
        return Reply(200, page)

    def give(self, principalId, roleDefinitionId, directoryScopeId="/"):  # noqa: N803  the vendor's names
        number = f"assignment-{len(self.roles)}-{len(self.asked)}"
        self.roles[number] = {
            "id": number, "principalId": principalId, "roleDefinitionId": roleDefinitionId, "directoryScopeId": directoryScopeId,
            "roleDefinition": {"displayName": ROLES[roleDefinitionId]},
        }  # fmt: skip

    def missing(self):
        return Reply(404, {"error": {"code": "Request_ResourceNotFound", "message": "Resource does not exist."}})

    def held(self, name=ANNA):
        return sorted(
            (role["roleDefinitionId"], role["directoryScopeId"]) for role in self.roles.values() if role["principalId"] == IDS[name]
        )


class TestEntra(VendorTests):
    name = "entra"
    Server = Entra
    changing = "PATCH"

    def options(self, server):
        return {
            "tenant": "contoso.com", "client_id": "id", "client_secret": {"env": "CASBD_TEST_SECRET"},
            "base_url": server.url, "login_url": f"{server.url}/",
        }  # fmt: skip

    def suspended(self, server, name=ANNA):
        return not server.users[IDS[name]]["accountEnabled"]

    def test_the_token_is_asked_for_once_and_kept_until_a_minute_before_its_end(self, server):
        time = [NOW]
        app = self.make(server, clock=lambda: time[0])
        for after, issued in ((0, 1), (3_539_000, 1), (3_540_000, 2)):
            time[0] = NOW + after
            app.is_done(command())
            assert server.issued == issued
        asked = next(request for request in server.asked if server.is_token(request))
        assert asked.path == ("contoso.com", "oauth2", "v2.0", "token")
        assert (asked.body["grant_type"], asked.body["scope"]) == ("client_credentials", f"{server.url}/.default")

    def test_a_token_that_holds_the_secret_is_a_token(self, server, monkeypatch):
        monkeypatch.setenv("CASBD_TEST_SECRET", "token")
        self.make(server).execute(command())
        assert self.suspended(server)

    def test_a_client_that_is_not_let_in(self, server, app, monkeypatch):
        said = {"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret s3cret-of-the-operator provided."}
        monkeypatch.setattr(server, "token", lambda request: Reply(401, said))
        with pytest.raises(Rejected, match=r"answered 401: invalid_client: AADSTS7000215: Invalid client secret \*\*\* provided"):
            app.execute(command())

    def test_everybody_is_found_by_what_is_his_alone(self, server, app):
        app.execute(command(target=IDS[ANNA]))
        app.execute(command(target="guest@fabrikam.com"))
        app.execute(command(target=ANNA.upper()))
        assert [name for name in IDS if self.suspended(server, name)] == [ANNA, GUEST]
        with pytest.raises(Rejected, match=r"ambiguous: twin@contoso.com is the name of several accounts of app: .*4, .*5"):
            app.execute(command(target="twin@contoso.com"))
        with pytest.raises(Rejected, match="not found"):
            app.execute(command(target="99999999-0000-0000-0000-000000000000"))

    def test_it_looks_under_which_names_somebody_may_be_protected(self, server, app):
        server.users[IDS[ANNA]]["mail"] = "anna.berg@contoso.com"
        assert app.look(command(target="anna.berg@contoso.com")).names == [IDS[ANNA], ANNA, "anna.berg@contoso.com"]

    def test_sessions_are_ended_once_for_a_command(self, server, app):
        assert app.is_done(command("require_sign_in_again")) is False
        done = app.execute(command("require_sign_in_again"))
        assert done.request == f"POST {server.url}/v1.0/users/{IDS[ANNA]}/revokeSignInSessions"
        assert app.is_done(command("require_sign_in_again")) is True
        app.execute(command("require_sign_in_again"))
        assert len(server.acted) == 1

    def test_sessions_of_a_guest_are_not_ended_here(self, server, app):
        with pytest.raises(Rejected, match="guest"):
            app.execute(command("require_sign_in_again", "guest@fabrikam.com"))
        assert not server.acted

    def test_who_is_synchronized_may_be_enabled_by_the_directory(self, server, app):
        server.users[IDS[ANNA]]["onPremisesSyncEnabled"] = True
        assert "Active Directory" in app.execute(command()).answer

    def test_compromised_and_dismissed_again(self, server, app):
        confirm, dismiss = command("confirm_user_compromised"), command("dismiss_user_risk")
        assert (app.is_done(confirm), app.is_done(dismiss)) == (False, True)
        app.execute(confirm)
        assert server.risks == {IDS[ANNA]: "confirmedCompromised"}
        assert (app.is_done(confirm), app.is_done(dismiss)) == (True, False)
        with pytest.raises(Retry) as caught:
            app.execute(dismiss)
        assert caught.value.after == 1.0
        self.make(server, clock=lambda: NOW + 1000).execute(dismiss)
        assert server.risks == {IDS[ANNA]: "dismissed"}

    def test_roles_are_taken_away_and_given_back(self, server, app):
        server.give(IDS[ANNA], "62e90394")
        server.give(IDS[ANNA], "fe930be7", "/administrativeUnits/7")
        server.give(IDS[ANNA], "729827e3")
        server.give(IDS["bo@contoso.com"], "729827e3")
        before, ids = server.held(), [*server.roles][:3]
        done = app.execute(command("revoke_admin_privileges"))
        assert done.answer == "taken away: Global Administrator, User Administrator, Helpdesk Administrator"
        assert [request.split("/")[-1] for request in done.request.split("; ")] == ids
        assert (server.held(), len(server.held("bo@contoso.com"))) == ([], 1)
        assert app.is_done(command("revoke_admin_privileges")) is True
        back = command("restore_admin_privileges", restore=done.restore)
        server.faults = [Fault("POST"), Fault("POST", done=True)]
        for _ in range(2):
            with pytest.raises(Retry):
                app.execute(back)
        app.execute(back)
        assert server.held() == before
        assert app.is_done(back) is True

    def test_the_way_back_knows_all_that_several_tries_took(self, server, app):
        for role in ROLES:
            server.give(IDS[ANNA], role)
        first = noted(app, command("revoke_admin_privileges"))
        server.faults = [Fault("DELETE", done=True), Fault("DELETE", Reply(503))]
        for _ in range(2):
            with pytest.raises(Retry):
                app.execute(first)
        done = app.execute(first)
        assert done.restore == first.restore
        assert {role["role"] for role in done.restore["roles"]} == {*ROLES}
        assert len(server.acted) == 3

    def test_the_way_back_knows_what_was_given_between_two_tries(self, server, app):
        server.give(IDS[ANNA], "62e90394")
        first = noted(app, command("revoke_admin_privileges"))
        server.give(IDS[ANNA], "fe930be7")
        assert [role["role"] for role in app.execute(first).restore["roles"]] == ["62e90394", "fe930be7"]

    def test_nothing_is_noted_where_the_way_back_needs_nothing(self, server, app):
        assert app.look(command()).restore is None

    def test_what_was_taken_before_a_refusal_is_told(self, server, app):
        for role in ("62e90394", "fe930be7"):
            server.give(IDS[ANNA], role)
        denied = Reply(403, {"error": {"code": "Denied", "message": "no"}})
        server.faults = [Fault("DELETE", Reply(204), done=True), Fault("DELETE", denied)]
        with pytest.raises(
            Rejected, match=r"User Administrator: 127.0.0.1 answered 403: Denied: no; taken away before: Global Administrator"
        ):
            app.execute(command("revoke_admin_privileges"))

    def test_nothing_is_given_back_that_was_not_taken(self, app):
        with pytest.raises(Rejected, match="not known"):
            app.execute(command("restore_admin_privileges"))

    def test_a_next_page_at_somebody_elses_gets_no_token(self, server, app):
        page = {"value": [], "@odata.nextLink": f"{server.url}.attacker.example/v1.0/x"}
        server.faults = [Fault("GET", Reply(200, {"value": [server.users[IDS[ANNA]]]})), Fault("GET", Reply(200, page))]
        with pytest.raises(Rejected, match="somebody else"):
            app.execute(command("revoke_admin_privileges"))

    def test_a_list_without_end_is_given_up(self, server, app, monkeypatch):
        monkeypatch.setattr(api, "_MOST_PAGES", 5)
        again = {"value": [], "@odata.nextLink": f"{server.url}/v1.0/x"}
        user = Fault("GET", Reply(200, {"value": [server.users[IDS[ANNA]]]}))
        server.faults = [user, *[Fault("GET", Reply(200, again))] * 9]
        with pytest.raises(Rejected, match="more than 5 pages"):
            app.execute(command("revoke_admin_privileges"))


@pytest.fixture(scope="module")
def pem():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "casbd")])
    day = datetime(2026, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    certificate = builder.serial_number(1).not_valid_before(day).not_valid_after(day.replace(year=2030)).sign(key, hashes.SHA256())
    text = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return certificate, text + certificate.public_bytes(serialization.Encoding.PEM)


class TestEntraByItsCertificate(Vendor):
    name = "entra"
    Server = Entra

    @pytest.fixture(autouse=True)
    def _secrets(self, pem, monkeypatch):
        monkeypatch.setenv("CASBD_TEST_SECRET", pem[1].decode())

    def options(self, server):
        return {
            "tenant": "contoso.com", "client_id": "id", "certificate": {"env": "CASBD_TEST_SECRET"},
            "base_url": server.url, "login_url": server.url,
        }  # fmt: skip

    def test_the_request_for_a_token_is_signed(self, server, app, pem):
        app.execute(command())
        assert not server.users[IDS[ANNA]]["accountEnabled"]
        asked = next(request for request in server.asked if server.is_token(request))
        assertion, url = asked.body["client_assertion"], f"{server.url}/contoso.com/oauth2/v2.0/token"
        claims = jwt.decode(assertion, pem[0].public_key(), ["PS256"], audience=url, options={"verify_exp": False})
        assert (claims["iss"], claims["sub"]) == ("id", "id")
        digest = base64.urlsafe_b64decode(jwt.get_unverified_header(assertion)["x5t#S256"] + "=")
        assert digest == pem[0].fingerprint(hashes.SHA256())
        assert "client_secret" not in asked.body

    def test_what_has_no_certificate_is_told_at_the_start(self, server, pem, monkeypatch):
        whole = pem[1].decode()
        key, begin, certificate = whole.partition("-----BEGIN CERT")
        for text, missing in ((key, "no certificate"), (begin + certificate, "no private RSA key")):
            monkeypatch.setenv("CASBD_TEST_SECRET", text)
            with pytest.raises(Mistakes, match=missing):
                self.make(server)

    @pytest.mark.parametrize("more", [{"certificate": None}, {"client_secret": {"env": "X"}}])
    def test_a_secret_and_a_certificate_are_one_too_many(self, server, more):
        with pytest.raises(ValidationError, match="needs either `client_secret` or `certificate`"):
            self.make(server, **more)
