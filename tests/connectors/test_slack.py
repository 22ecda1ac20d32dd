import pytest
from vendor import ANNA, PEOPLE, SECRET, Fault, Reply, Server, VendorTests, command

from casbd.errors import Rejected, Retry
from tests.connectors.scim import ScimUsers


class Slack(Server):
    def __init__(self) -> None:
        self.scim = ScimUsers(PEOPLE)
        self.sessions = {"U0000000": 3}
        self.said = {"ok": True}
        super().__init__()
        self.tokens.add(SECRET)

    def answer(self, request):
        if request.path[:3] == ("scim", "v2", "Users"):
            return self.scim.answer(request, request.path[3:])
        assert (request.method, request.path) == ("POST", ("web", "api", "admin.users.session.reset"))
        if self.said["ok"]:
            self.sessions[request.body["user_id"]] = 0
        return Reply(200, self.said)


class TestSlack(VendorTests):
    name = "slack"
    Server = Slack
    renews = False
    changing = "PATCH"

    def options(self, server):
        return {"token": {"env": "CASBD_TEST_SECRET"}, "base_url": server.url, "web_url": f"{server.url}/web"}

    def suspended(self, server, name=ANNA):
        return not server.scim.active(name)

    def test_signs_out(self, server, app):
        done = app.execute(command("require_sign_in_again"))
        assert done.request == f'POST {server.url}/web/api/admin.users.session.reset {{"user_id": "U0000000"}}'
        assert server.sessions == {"U0000000": 0}

    @pytest.mark.parametrize(
        ("said", "kind"),
        [("ratelimited", Retry), ("internal_error", Retry), ("user_not_found", Rejected), ("token_revoked", Rejected), ("", Rejected)],
    )
    def test_an_ok_that_says_no(self, server, app, said, kind):
        server.said = {"ok": False, "error": said}
        with pytest.raises(kind, match=f"Slack answered {said}"):
            app.execute(command("require_sign_in_again"))

    def test_everybody_is_found_by_what_is_his_alone(self, server, app):
        server.scim.users["U0000001"]["userName"] = "bo.b"
        server.scim.users["U0000002"]["emails"] = [{"value": ANNA.upper()}]
        app.execute(command(target="bo.b"))
        app.execute(command(target="U0000002"))
        assert [user["active"] for user in server.scim.users.values()] == [True, False, False]
        with pytest.raises(Rejected, match=r"ambiguous: anna@contoso.com .*: U0000000, U0000002"):
            app.execute(command())
        with pytest.raises(Rejected, match="not found"):
            app.execute(command(target="U0000009"))

    def test_a_server_that_does_not_know_the_filter_gives_nobody(self, server, app):
        server.faults = [Fault("GET", Reply(200, {"Resources": [server.scim.users["U0000001"]]}))]
        with pytest.raises(Rejected, match="not found"):
            app.execute(command())

    @pytest.mark.parametrize("said", [{}, {"Resources": None}])
    def test_an_empty_page_is_nobody(self, server, app, said):
        server.faults = [Fault("GET", Reply(200, said))]
        with pytest.raises(Rejected, match="not found"):
            app.execute(command())
