import pytest
from vendor import ANNA, PEOPLE, SECRET, Fault, Reply, Server, VendorTests, command, noted

from casbd.errors import Rejected, Retry


class Github(Server):
    """An organization; whoever is invited here accepts at once, but for the state, which stays `pending`."""

    def __init__(self) -> None:
        self.numbers = {name: 1000 + number for number, name in enumerate((*PEOPLE, "outsider"))}
        self.members = {name: {"state": "active", "role": "member"} for name in PEOPLE}
        self.blocked: set[str] = set()
        self.credentials: list[dict] = []
        super().__init__()
        self.tokens.add(SECRET)

    def answer(self, request):
        assert request.headers["X-GitHub-Api-Version"]
        match request.method, request.path:
            case "GET", ("users", name):
                name = name.lower()
                return Reply(200, {"login": name, "id": self.numbers[name]}) if name in self.numbers else self.missing()
            case "GET", ("orgs", "contoso", "memberships", name):
                return Reply(200, self.members[name]) if name in self.members else self.missing()
            case "DELETE", ("orgs", "contoso", "memberships", name):
                return Reply(204) if self.members.pop(name, None) else self.missing()
            case "PUT", ("orgs", "contoso", "memberships", name):
                self.members[name] = {"state": "pending", "role": request.body["role"]}
                return Reply(200, self.members[name])
            case "GET", ("orgs", "contoso", "blocks", name):
                return Reply(204) if name in self.blocked else self.missing()
            case "PUT", ("orgs", "contoso", "blocks", name):
                if name in self.members or name in self.blocked:
                    return Reply(422, {"message": "Blocked user is a member, or already blocked"})
                self.blocked.add(name)
                return Reply(204)
            case "DELETE", ("orgs", "contoso", "blocks", name):
                self.blocked.discard(name)
                return Reply(204)
            case method, ("orgs", "contoso", "credential-authorizations", *rest):
                return self.of_credentials(method, rest, request)
        return Reply(405)

    def of_credentials(self, method, rest, request):
        if method == "DELETE":
            kept = [one for one in self.credentials if str(one["credential_id"]) != rest[0]]
            found, self.credentials = len(kept) < len(self.credentials), kept
            return Reply(204) if found else self.missing()
        at = int(request.query.get("page", 0))
        mine = [one for one in self.credentials if one["login"] == request.query["login"]]
        link = f'<{self.url}/{"/".join(request.path)}?login={request.query["login"]}&page={at + 1}>; rel="next", <{self.url}/x>; rel="last"'
        return Reply(200, mine[at : at + 1], {"Link": link} if at + 1 < len(mine) else {"Link": f'<{self.url}/y>; rel="first"'})

    def missing(self):
        return Reply(404, {"message": "Not Found", "documentation_url": "https://docs.github.com/rest"})


class TestGithub(VendorTests):
    name = "github"
    Server = Github
    renews = False
    changing = "DELETE"

    def options(self, server):
        return {"organization": "contoso", "token": {"env": "CASBD_TEST_SECRET"}, "base_url": server.url}

    def suspended(self, server, name=ANNA):
        return name not in server.members

    def test_the_way_back_is_an_invitation_to_the_role_of_before(self, server, app):
        server.members[ANNA]["role"] = "admin"
        first = noted(app, command())
        done = app.execute(first)
        assert "only an invitation" in done.answer
        assert done.restore == first.restore == {"role": "admin"}
        back = app.execute(command("unsuspend_user", restore=first.restore))
        assert server.members[ANNA] == {"state": "pending", "role": "admin"}
        assert "once the invitation is accepted" in back.answer

    def test_blocked_is_removed_as_well(self, server):
        app = self.make(server, suspend="block")
        server.faults = [Fault("PUT")]
        first = noted(app, command())
        with pytest.raises(Retry):
            app.execute(first)
        assert app.is_done(first) is False
        done = app.execute(first)
        assert (done.restore, "and blocked" in done.answer) == ({"role": "member"}, True)
        assert (ANNA in server.members, server.blocked) == (False, {ANNA})
        assert app.is_done(command()) is True
        app.execute(command("unsuspend_user", restore=done.restore))
        assert (server.members[ANNA]["state"], server.blocked) == ("pending", set())
        assert app.is_done(command("unsuspend_user", restore=done.restore)) is True

    def test_who_was_no_member_is_not_invited(self, server):
        app = self.make(server, suspend="block")
        done = app.execute(command(target="outsider"))
        assert (server.blocked, done.restore) == ({"outsider"}, None)
        app.execute(command("unsuspend_user", target="outsider"))
        assert (server.blocked, "outsider" in server.members) == (set(), False)

    def test_a_login_that_is_somebody_elses_by_now_is_nobody(self, server, app):
        with pytest.raises(Rejected, match="another account by now"):
            app.execute(command(user_id="999", app="GitHub"))
        assert not server.acted
        app.execute(command(user_id="999", app="AWS"))
        app.execute(command(target=PEOPLE[1], user_id="1001", app="GitHub"))
        assert [*server.members] == [PEOPLE[2]]

    def test_single_sign_on_is_ended_for_keys_and_tokens(self, server, app):
        names = [ANNA, ANNA, "bo@contoso.com", ANNA]
        server.credentials = [{"credential_id": number, "login": name} for number, name in enumerate(names)]
        server.faults = [Fault("DELETE", done=True)]
        with pytest.raises(Retry):
            app.execute(command("require_sign_in_again"))
        assert app.is_done(command("require_sign_in_again")) is False
        assert app.execute(command("require_sign_in_again")).answer.startswith("2 keys and tokens")
        assert [one["credential_id"] for one in server.credentials] == [2]
        assert app.is_done(command("require_sign_in_again")) is True

    @pytest.mark.parametrize(
        ("headers", "after"),
        [({"Retry-After": "60"}, 60.0), ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1769860860"}, 59.877)],
    )
    def test_its_limits_answer_403_too(self, server, app, headers, after):
        server.faults = [Fault("DELETE", Reply(403, {"message": "You have exceeded a secondary rate limit"}, headers))]
        with pytest.raises(Retry, match="secondary") as caught:
            app.execute(command())
        assert caught.value.after == pytest.approx(after)
