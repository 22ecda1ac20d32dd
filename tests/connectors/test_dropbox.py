import pytest
from vendor import ANNA, NOW, PEOPLE, SECRET, Fault, Reply, Server, VendorTests, command

from casbd.errors import Rejected, Retry

ASKING = ("get_info", "list_member_devices", "list_member_linked_apps")
BEFORE, SINCE = "2026-01-31T11:00:00Z", "2026-01-31T12:30:00Z"
assert NOW // 1000 == 1_769_860_800, "between these"


class Dropbox(Server):
    """An error of an endpoint's own is a 409 with a tag (https://developers.dropbox.com/error-handling-guide)."""

    def __init__(self) -> None:
        self.members = {
            f"dbmid:{number}": {"team_member_id": f"dbmid:{number}", "email": name, "status": {".tag": "active"}, "email_verified": True}
            for number, name in enumerate(PEOPLE)
        }
        self.held: dict[str, dict[str, dict]] = {kind: {} for kind in ("web_session", "desktop_client", "mobile_client", "app")}
        super().__init__()

    def kind(self, request):
        return "GET" if request.path[-1] in ASKING else request.method

    def of(self, name):
        return next(ident for ident, member in self.members.items() if member["email"] == name)

    def hold(self, kind, ident, since=BEFORE, name=ANNA):
        names = ("app_id", "linked") if kind == "app" else ("session_id", "created")
        self.held[kind][ident] = {"team_member_id": self.of(name)} | dict(zip(names, (ident, since), strict=True))

    def listed(self, kind, member):
        return [one for one in self.held[kind].values() if one["team_member_id"] == member]

    def answer(self, request):
        assert request.method == "POST"
        body = request.body
        match request.path[2:]:
            case "members", "get_info":
                return Reply(200, [self.found(one["email"]) for one in body["members"]])
            case "members", "suspend":
                assert body["wipe_data"] is False
                return self.turned(body["user"]["team_member_id"], "active", "suspended", "suspend_inactive_user")
            case "members", "unsuspend":
                return self.turned(body["user"]["team_member_id"], "suspended", "active", "unsuspend_non_suspended_member")
            case "devices", "list_member_devices":
                names = {"active_web_sessions": "web_session", "desktop_client_sessions": "desktop_client"}
                found = {name: self.listed(kind, body["team_member_id"]) for name, kind in names.items()}
                phones = self.listed("mobile_client", body["team_member_id"])
                return Reply(200, found | ({"mobile_client_sessions": phones} if phones else {}))
            case "devices", "revoke_device_session_batch":
                ended = [self.ended(one[".tag"], one["session_id"], "device_session_not_found") for one in body["revoke_devices"]]
                return Reply(200, {"revoke_devices_status": ended})
            case "linked_apps", "list_member_linked_apps":
                return Reply(200, {"linked_api_apps": self.listed("app", body["team_member_id"])})
            case "linked_apps", "revoke_linked_app_batch":
                ended = [self.ended("app", one["app_id"], "app_not_found") for one in body["revoke_linked_app"]]
                return Reply(200, {"revoke_linked_app_status": ended})
        return Reply(400, b"Error in call to API function")

    def found(self, email):
        known = next((member for member in self.members.values() if member["email"].lower() == email.lower()), None)
        if known is None:
            return {".tag": "id_not_found", "id_not_found": email}
        return {".tag": "member_info", "profile": known, "role": {".tag": "member_only"}}

    def turned(self, member, before, after, otherwise):
        status = self.members[member]["status"]
        if status[".tag"] != before:
            return self.no(otherwise)
        status[".tag"] = after
        return Reply(200, b"null")

    def ended(self, kind, ident, otherwise):
        if self.held[kind].pop(ident, None):
            return {"success": True}
        return {"success": False, "error_type": {".tag": otherwise}}

    def no(self, tag):
        return Reply(409, {"error_summary": f"{tag}/..", "error": {".tag": tag}})


class TestDropbox(VendorTests):
    name = "dropbox"
    Server = Dropbox
    changing = "POST"

    def options(self, server):
        secret = {"env": "CASBD_TEST_SECRET"}
        return {"app_key": "key", "app_secret": secret, "refresh_token": secret, "base_url": server.url}

    def suspended(self, server, name=ANNA):
        return server.members[server.of(name)]["status"][".tag"] == "suspended"

    def test_the_token_comes_of_the_refresh_token(self, server, app):
        app.execute(command())
        [asked] = [request for request in server.asked if server.is_token(request)]
        assert asked.path == ("oauth2", "token")
        assert asked.body == {"grant_type": "refresh_token", "refresh_token": SECRET, "client_id": "key", "client_secret": SECRET}

    def test_a_refresh_token_that_was_taken_back_is_not_quoted(self, server, monkeypatch):
        monkeypatch.setenv("CASBD_TEST_REFRESH", "sl.refresh-9f8e7d")
        said = {"error": "invalid_grant", "error_description": "refresh token sl.refresh-9f8e7d is invalid or revoked"}
        monkeypatch.setattr(server, "token", lambda request: Reply(400, said))
        with pytest.raises(Rejected, match=r"answered 400: invalid_grant: refresh token \*\*\* is invalid or revoked"):
            self.make(server, refresh_token={"env": "CASBD_TEST_REFRESH"}).execute(command())
        assert not server.acted

    @pytest.mark.parametrize("tag", ["suspend_last_admin", "team_license_limit", "user_not_in_team"])
    def test_an_error_of_the_endpoints_own_is_final(self, server, app, tag):
        server.faults = [Fault("POST", server.no(tag))]
        with pytest.raises(Rejected, match=f"answered 409: {tag}/"):
            app.execute(command())

    def test_who_was_suspended_meanwhile_is_suspended(self, server, app):
        server.faults = [Fault("POST", server.no("suspend_inactive_user"))]
        find = app.find

        def meanwhile(wanted):
            account = find(wanted)
            server.members[account.id]["status"] = {".tag": "suspended"}
            return account

        app.find = meanwhile
        assert app.execute(command()).answer == "it was so already"

    @pytest.mark.parametrize("status", ["invited", "removed"])
    def test_who_has_not_joined_cannot_be_suspended(self, server, app, status):
        server.members[server.of(ANNA)]["status"] = {".tag": status, "is_recoverable": True}
        with pytest.raises(Rejected, match="suspend_inactive_user"):
            app.execute(command())
        assert app.is_done(command()) is False

    def test_all_sessions_are_ended_and_nothing_else(self, server, app):
        for kind in server.held:
            server.hold(kind, f"{kind}-1")
        server.hold("web_session", "web-2")
        server.hold("web_session", "others", name="bo@contoso.com")
        again = command("require_sign_in_again")
        assert app.is_done(again) is False
        done = app.execute(again)
        assert done.answer == "200; 4 ended"
        assert {kind: [*held] for kind, held in server.held.items()} == {
            "web_session": ["others"], "desktop_client": [], "mobile_client": [], "app": ["app-1"]
        }  # fmt: skip
        assert app.is_done(again) is True
        assert app.execute(again).answer == "it was so already"
        assert len(server.acted) == 1

    def test_apps_are_unlinked(self, server, app):
        server.hold("app", "one")
        server.hold("app", "two")
        server.hold("web_session", "web")
        revoke = command("revoke_tokens")
        server.faults = [Fault("POST", done=True)]
        with pytest.raises(Retry):
            app.execute(revoke)
        assert app.is_done(revoke) is True
        assert (server.held["app"], [*server.held["web_session"]]) == ({}, ["web"])

    @pytest.mark.parametrize(("since", "done"), [(BEFORE, False), (SINCE, True), (None, False)])
    def test_who_has_signed_in_since_has_signed_in_again(self, server, app, since, done):
        server.hold("web_session", "web", since)
        assert app.is_done(command("require_sign_in_again")) is done

    def test_a_session_that_ended_meanwhile_has_ended(self, server, app):
        server.hold("web_session", "web")
        gone = {"success": False, "error_type": {".tag": "device_session_not_found"}}
        server.faults = [Fault("POST", Reply(200, {"revoke_devices_status": [gone]}))]
        assert app.execute(command("require_sign_in_again")).answer == "200; 1 ended"

    def test_what_could_not_be_ended_is_told(self, server, app):
        for number in range(3):
            server.hold("web_session", f"web-{number}")
        some = [{"success": True}, {"success": False, "error_type": {".tag": "member_not_found"}}, {"success": False}]
        server.faults = [Fault("POST", Reply(200, {"revoke_devices_status": some}))]
        with pytest.raises(Rejected, match="ended 1 of 3: member_not_found"):
            app.execute(command("require_sign_in_again"))
