import pytest
from vendor import ANNA, PEOPLE, Fault, Reply, Server, VendorTests, command, noted

from casbd.errors import Rejected, Retry

PAGE = 2


class Box(Server):
    """Answers in pages of two, the way Box does in those of a thousand; `filter_term` is how a name or login begins."""

    def __init__(self) -> None:
        names = ("boss@contoso.com", f"{ANNA}.au", f"{ANNA}.nz", *PEOPLE)
        self.users = {
            str(number): {"id": str(number), "login": name, "name": name, "status": "active", "role": "user"}
            for number, name in enumerate(names, 11)
        }
        self.users["11"]["role"] = "admin"
        self.ended: list[dict] = []
        super().__init__()

    def answer(self, request):
        match request.method, request.path[1:]:
            case "GET", ("users",):
                begins, at = request.query["filter_term"].lower(), int(request.query.get("offset", 0))
                assert request.query["user_type"] == "managed"
                found = [user for user in self.users.values() if user["login"].lower().startswith(begins)]
                return Reply(200, {"entries": found[at : at + PAGE], "total_count": len(found), "offset": at, "limit": PAGE})
            case "GET", ("users", ident):
                missing = Reply(404, {"type": "error", "status": 404, "code": "not_found", "message": "Not Found"})
                return Reply(200, self.users[ident]) if ident in self.users else missing
            case "PUT", ("users", ident):
                self.users[ident] |= request.body
                return Reply(200, self.users[ident])
            case "POST", ("users", "terminate_sessions"):
                self.ended.append(request.body)
                return Reply(202, {"message": "Request is successful, please check the admin events for the status of the job"})
        return Reply(400, {"code": "bad_request", "message": str(request.path)})

    def of(self, login):
        return next(user for user in self.users.values() if user["login"] == login)


class TestBox(VendorTests):
    name = "box"
    Server = Box
    changing = "PUT"

    def options(self, server):
        return {"enterprise_id": "42", "client_id": "id", "client_secret": {"env": "CASBD_TEST_SECRET"}, "base_url": server.url}

    def suspended(self, server, name=ANNA):
        return server.of(name)["status"] == "inactive"

    def test_the_token_is_the_enterprises(self, server, app):
        app.execute(command())
        asked = next(request for request in server.asked if server.is_token(request))
        assert asked.body["grant_type"] == "client_credentials"
        assert (asked.body["box_subject_type"], asked.body["box_subject_id"]) == ("enterprise", "42")

    def test_who_comes_on_a_later_page_is_found(self, server, app):
        """The logins that begin with hers fill the first one."""
        app.execute(command())
        assert [user["login"] for user in server.users.values() if user["status"] == "inactive"] == [ANNA]
        assert [request.query.get("offset") for request in server.asked if request.method == "GET"] == [None, "2"]

    def test_by_boxes_own_number(self, server, app):
        app.execute(command(target=server.of(ANNA)["id"]))
        assert self.suspended(server)
        with pytest.raises(Rejected, match="not found"):
            app.execute(command(target="99"))

    def test_the_way_back_gives_no_more_than_was_there(self, server, app):
        server.of(ANNA)["status"] = "cannot_delete_edit"
        first = noted(app, command())
        assert first.restore == {"status": "cannot_delete_edit"}
        server.faults = [Fault("PUT", done=True)]
        with pytest.raises(Retry):
            app.execute(first)
        app.execute(command("unsuspend_user", restore=first.restore))
        assert server.of(ANNA)["status"] == "cannot_delete_edit"
        assert app.execute(first).restore == first.restore

    def test_who_is_not_inactive_is_left_as_he_is(self, server, app):
        server.of(ANNA)["status"] = "cannot_delete_edit_upload"
        assert app.is_done(command("unsuspend_user")) is True
        app.execute(command("unsuspend_user"))
        assert not server.acted

    def test_the_owner_is_not_asked_for(self, server, app):
        with pytest.raises(Rejected, match=r"boss@contoso\.com owns the enterprise"):
            app.execute(command(target="boss@contoso.com"))
        assert not server.acted

    def test_two_of_one_login(self, server, app):
        """Box promises that this cannot be; a guess would be worse than a promise kept."""
        server.of(f"{ANNA}.au")["login"] = ANNA.upper()
        with pytest.raises(Rejected, match=r"ambiguous: anna@contoso\.com is the name of several accounts of app: 12, 14"):
            app.execute(command())
        assert not server.acted

    def test_sessions_end_in_a_job(self, server, app):
        server.faults = [Fault("POST", Reply(429, None, {"Retry-After": "3"}))]
        with pytest.raises(Retry) as caught:
            app.execute(command("require_sign_in_again"))
        assert caught.value.after == 3.0
        done = app.execute(command("require_sign_in_again"))
        assert done.answer == "202; Box ends them in a job of its own"
        assert server.ended == [{"user_ids": [server.of(ANNA)["id"]], "user_logins": [ANNA]}]
        assert app.is_done(command("require_sign_in_again")) is None
