import re
from datetime import UTC, datetime

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from msgspec.structs import replace
from pydantic import ValidationError
from vendor import ANNA, NOW, PEOPLE, Fault, Reply, Server, VendorTests, command

from casbd.errors import Rejected, Retry
from casbd.plugins import UNCHANGED, registry

PAGE = 2
USER = r"SELECT Id FROM User WHERE (\w+) = ('(?:[^'\\]|\\.)*')( AND IsActive = true)?"
LOGIN = re.compile(rf"SELECT Id, UserId, IsFrozen FROM UserLogin WHERE UserId IN \({USER}\)")
NAMES = re.compile(r"SELECT Username, Email FROM User WHERE Id = '(005\w+)'")
SESSION = re.compile(r"SELECT Id, CreatedDate FROM AuthSession WHERE UsersId = '(005\w+)'")


def written(moment):
    return datetime.fromtimestamp(moment / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


class Salesforce(Server):
    """Answers in pages of two, the way Salesforce does in those of two thousand. What is no query that it knows is malformed."""

    def __init__(self) -> None:
        self.users = {f"005000000000{number:03}AAA": self.user(name) for number, name in enumerate(PEOPLE)}
        self.sessions: dict[str, dict] = {}
        super().__init__()

    @staticmethod
    def user(name, email=None, active=True):
        return {"Username": name, "Email": email or f"{name}.mail", "IsActive": active, "IsFrozen": False}

    def begin(self, moment, name=ANNA):
        ident = f"0Ak{len(self.sessions):012}"
        self.sessions[ident] = {"Id": ident, "CreatedDate": written(moment), "UsersId": self.of(name)}
        return ident

    def of(self, name):
        return next(ident for ident, user in self.users.items() if user["Username"] == name)

    def answer(self, request):
        match request.method, request.path[3:]:
            case "GET", ("query",):
                return self.page(self.found(request.query["q"]), 0)
            case "GET", ("query", cursor):
                text, _, at = bytes.fromhex(cursor).decode().rpartition("-")
                return self.page(self.found(text), int(at))
            case "PATCH", ("sobjects", "UserLogin", ident):
                self.users[ident.replace("0Yw", "005")] |= request.body
                return Reply(204)
            case "DELETE", ("sobjects", "AuthSession", ident):
                return Reply(204) if self.sessions.pop(ident, None) else Reply(404, [{"errorCode": "NOT_FOUND", "message": "gone"}])
        return Reply(400, [{"errorCode": "BAD", "message": str(request.path)}])

    def found(self, query):
        self.query = query
        if match := SESSION.fullmatch(query):
            return [{key: one[key] for key in ("Id", "CreatedDate")} for one in self.sessions.values() if one["UsersId"] == match[1]]
        if match := NAMES.fullmatch(query):
            return [{key: self.users[match[1]][key] for key in ("Username", "Email")}]
        if not (match := LOGIN.fullmatch(query)):
            return None
        field, quoted, active = match.groups()
        value = re.sub(r"\\(.)", r"\1", quoted[1:-1]).lower()
        return [
            {"Id": ident.replace("005", "0Yw", 1), "UserId": ident, "IsFrozen": user["IsFrozen"]}
            for ident, user in self.users.items()
            if ({"Id": ident} | user)[field].lower() == value and (user["IsActive"] or not active)
        ]

    def page(self, rows, at):
        if rows is None:
            return Reply(400, [{"message": "unexpected token", "errorCode": "MALFORMED_QUERY"}])
        page = {"totalSize": len(rows), "done": at + PAGE >= len(rows), "records": rows[at : at + PAGE]}
        if not page["done"]:
            page["nextRecordsUrl"] = f"/services/data/v62.0/query/{f'{self.query}-{at + PAGE}'.encode().hex()}"
        return Reply(200, page)


@pytest.fixture(scope="module")
def private_key(tmp_path_factory):
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    path = tmp_path_factory.mktemp("key") / "key.pem"
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    path.write_bytes(key.private_bytes(*form))
    return path, key.public_key()


class TestSalesforce(VendorTests):
    name = "salesforce"
    Server = Salesforce
    changing = "PATCH"

    def options(self, server):
        return {"base_url": server.url, "client_id": "id", "client_secret": {"env": "CASBD_TEST_SECRET"}}

    def suspended(self, server, name=ANNA):
        return server.users[server.of(name)]["IsFrozen"]

    def test_who_is_frozen_keeps_no_session(self, server, app):
        """Freezing alone would leave whoever is in where he is."""
        for _ in range(5):
            server.begin(NOW - 3_600_000)
        others = server.begin(NOW - 3_600_000, "bo@contoso.com")
        done = app.execute(command())
        assert self.suspended(server)
        assert [*server.sessions] == [others]
        assert done.request.endswith(" and 3 more")
        assert [request.method for request in server.acted] == ["PATCH", *["DELETE"] * 5]
        assert app.execute(command()).answer == "it was so already"

    def test_whom_somebody_else_has_frozen_the_way_back_leaves_so(self, server, app):
        server.users[server.of(ANNA)]["IsFrozen"] = True
        server.begin(NOW - 3_600_000)
        suspend = command("suspend_user")
        suspend = replace(suspend, restore=app.look(suspend).restore)
        assert app.execute(suspend).answer == "204"
        assert app.execute(command("unsuspend_user", restore=suspend.restore, reverts=suspend.command_id)).answer == UNCHANGED
        assert self.suspended(server)

    def test_what_is_left_after_a_failure_is_done(self, server, app):
        for _ in range(3):
            server.begin(NOW - 3_600_000)
        server.faults = [Fault("DELETE", done=True), Fault("DELETE", Reply(503))]
        for _ in range(2):
            with pytest.raises(Retry):
                app.execute(command())
            assert app.is_done(command()) is False
        app.execute(command())
        assert app.is_done(command()) is True
        assert not server.sessions
        assert [request.method for request in server.acted] == ["PATCH", *["DELETE"] * 3]

    def test_a_session_that_ends_meanwhile_is_ended(self, server, app):
        server.begin(NOW - 3_600_000)
        server.faults = [Fault("DELETE", Reply(404, [{"errorCode": "NOT_FOUND", "message": "gone"}]))]
        assert app.execute(command("require_sign_in_again")).answer == "404"

    def test_signing_in_again(self, server, app):
        again = command("require_sign_in_again")
        assert app.is_done(again) is True
        server.begin(NOW - 3_600_000)
        assert app.is_done(again) is False
        app.execute(again)
        assert not server.sessions
        assert not self.suspended(server)
        server.begin(NOW)
        assert app.is_done(again) is True

    def test_everybody_is_found_by_what_is_his_alone(self, server, app):
        server.users |= {
            "005000000000100AAA": Salesforce.user("twin1@x.y", "twin@contoso.com"),
            "005000000000101AAA": Salesforce.user("twin2@x.y", "twin@contoso.com"),
            "005000000000102AAA": Salesforce.user("old@x.y", "carl@contoso.com", active=False),
            "005000000000103AAA": Salesforce.user("carl@x.y", "carl@contoso.com"),
            "005000000000104AAA": Salesforce.user("other@x.y", ANNA),
        }
        for target in (ANNA.upper(), "carl@contoso.com", server.of("bo@contoso.com")):
            app.execute(command(target=target))
        assert [user["Username"] for user in server.users.values() if user["IsFrozen"]] == [ANNA, "bo@contoso.com", "carl@x.y"]
        with pytest.raises(
            Rejected, match=r"ambiguous: twin@contoso\.com is the name of several accounts of app: 0Yw.*100AAA, 0Yw.*101AAA"
        ):
            app.execute(command(target="twin@contoso.com"))

    @pytest.mark.parametrize(
        "target",
        ["x' OR Name != '", "x\\", "x\\' OR IsActive = true OR Name = '", "%", "x') OR UserId != ('", "x\nLIMIT 1", "005' OR '1'='1"],
    )
    def test_a_name_stays_a_name(self, server, app, target):
        with pytest.raises(Rejected, match="not found"):
            app.execute(command(target=target))
        assert not server.acted

    def test_the_day_is_used_up(self, server, app):
        said = [{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}]
        server.faults = [Fault("GET", Reply(403, said))]
        with pytest.raises(Rejected, match=r"answered 403: REQUEST_LIMIT_EXCEEDED: TotalRequests Limit exceeded\."):
            app.execute(command())

    def test_by_a_key(self, server, private_key):
        path, public = private_key
        key = {"client_secret": None, "private_key": {"file": str(path)}, "username": "casbd@contoso.com"}
        self.make(server, **key).execute(command())
        assert self.suspended(server)
        [asked] = [request for request in server.asked if server.is_token(request)]
        assert asked.body["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
        known = {"algorithms": ["RS256"], "audience": "https://login.salesforce.com", "options": {"verify_exp": False, "verify_iat": False}}
        claims = jwt.decode(asked.body["assertion"], public, **known)
        assert (claims["iss"], claims["sub"], claims["exp"]) == ("id", "casbd@contoso.com", NOW // 1000 + 300)

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"client_secret": None}, "either client_secret, or private_key"),
            ({"private_key": {"env": "X"}, "username": "a"}, "either client_secret, or private_key"),
            ({"client_secret": None, "private_key": {"env": "X"}}, "private_key and username go together"),
            ({"username": "a"}, "private_key and username go together"),
            ({"base_url": "http://contoso.my.salesforce.com"}, "https"),
            ({"version": "62"}, "pattern"),
        ],
    )
    def test_mistakes_are_told(self, server, options, message):
        with pytest.raises(ValidationError, match=message):
            registry.load("connectors", "salesforce").Options.model_validate(self.options(server) | options)
