import pytest
from vendor import ANNA, PEOPLE, SECRET, Reply, Server, VendorTests, command

from casbd.errors import Rejected
from tests.connectors.scim import ScimUsers

LOGINS = {"anna_contoso": "U0000000", "bo_contoso": "U0000002"}


class GithubEnterprise(Server):
    def __init__(self) -> None:
        self.scim = ScimUsers(PEOPLE)
        self.providers = ("samlIdentityProvider", "oidcProvider")
        super().__init__()
        self.tokens.add(SECRET)

    def answer(self, request):
        if request.path == ("graphql",):
            self.asked_login = request.body["variables"]
            assert "externalIdentities" in request.body["query"]
            nodes = [{"guid": guid, "user": {"login": login}} for login, guid in LOGINS.items()]  # whatever login it was asked for
            owner = {self.providers[0]: {"externalIdentities": {"nodes": nodes}}, self.providers[1]: None}
            return Reply(200, {"data": {"enterprise": {"ownerInfo": owner}}})
        assert request.path[:5] == ("scim", "v2", "enterprises", "contoso", "Users")
        return self.scim.answer(request, request.path[5:])


class TestGithubEmu(VendorTests):
    name = "github_emu"
    Server = GithubEnterprise
    renews = False
    changing = "PATCH"

    def options(self, server):
        return {"enterprise": "contoso", "token": {"env": "CASBD_TEST_SECRET"}, "base_url": server.url}

    def suspended(self, server, name=ANNA):
        return not server.scim.active(name)

    @pytest.mark.parametrize("saml", [True, False])
    def test_a_login_is_found_by_its_identity(self, server, app, saml):
        server.providers = server.providers if saml else server.providers[::-1]
        app.execute(command(target="Bo_contoso"))
        assert server.asked_login == {"enterprise": "contoso", "login": "Bo_contoso"}
        assert [user["active"] for user in server.scim.users.values()] == [True, True, False]
        with pytest.raises(Rejected, match="not found"):
            app.execute(command(target="eve_contoso"))

    @pytest.mark.parametrize("said", [{"data": None, "errors": [{"message": "no"}]}, {"data": {"enterprise": None}}])
    def test_an_enterprise_that_is_not_seen_has_nobody(self, server, app, said):
        server.answer = lambda request: Reply(200, said)
        with pytest.raises(Rejected, match="not found"):
            app.execute(command(target="bo_contoso"))
