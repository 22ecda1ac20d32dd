"""A SCIM server's users, for tests of connectors."""

import json
import re

from vendor import Reply, Request


class ScimUsers:
    """users: by id."""

    def __init__(self, names) -> None:
        self.users = {
            f"U000000{number}": {"id": f"U000000{number}", "userName": name, "active": True, "emails": [{"value": name, "primary": True}]}
            for number, name in enumerate(names)
        }

    def active(self, name) -> bool:
        return next(user["active"] for user in self.users.values() if user["userName"] == name)

    def answer(self, request: Request, rest) -> Reply:
        match request.method, rest:
            case "GET", ():
                attribute, name = re.fullmatch(r"(\w+) eq (.*)", request.query["filter"]).groups()
                found = [user for user in self.users.values() if json.loads(name).lower() in self.values(user, attribute)]
                return Reply(200, {"totalResults": len(found), "Resources": found})
            case "GET", (ident,) if ident in self.users:
                return Reply(200, self.users[ident])
            case "PATCH", (ident,) if ident in self.users:
                [operation] = request.body["Operations"]
                assert (operation["op"], operation["path"]) == ("replace", "active")
                self.users[ident]["active"] = operation["value"]
                return Reply(200, self.users[ident])
        return Reply(404, {"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "detail": "no such user", "status": 404})

    def values(self, user, attribute):
        if attribute == "email":
            return [email["value"].lower() for email in user["emails"]]
        return [user[attribute].lower()]
