"""Who is protected: a list of names and patterns, which finds somebody under any name that they may have."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator

from casbd.config.governance import Governance
from casbd.documents.name_patterns import NamePatterns
from casbd.model.identity import alike, canonical, names_of, spelling

_TENANT = ".onmicrosoft.com"

GroupsOf = Callable[[str], Collection[str]]
"""The groups of a user."""


class Protection:
    """`governance.protected_users` and `protected_groups`. Where in doubt somebody is protected."""

    def __init__(self, care: Governance, groups_of: GroupsOf | None = None) -> None:
        if care.protected_groups and groups_of is None:
            raise ValueError("groups are protected, and nobody knows who is in them")
        self._written = {name: entry for entry in reversed(care.protected_users) for name in _meant(entry)}
        self._users = NamePatterns(self._written)
        self._groups = NamePatterns(care.protected_groups)
        self._groups_of = groups_of

    def why_not(self, user: str, user_id: str | None = None) -> str:
        """Why nothing may be done to a user, known by a name and perhaps the app's own id; empty where it may."""
        for name in (*names_of(user), *(names_of(user_id) if user_id else ())):
            if name and (pattern := self._users.matching(name)):
                listed = self._written[pattern]
                return f"{user} is one of governance.protected_users" + (f" ({listed})" if listed.casefold() != user.casefold() else "")
            if name and (group := self._protected_group(name)):
                return f"{user} is in the group {group} of governance.protected_groups"
        return ""

    def _protected_group(self, name: str) -> str | None:
        groups = self._groups_of(name) if self._groups and self._groups_of else ()
        return next((group for group in groups if self._groups.matching(group)), None)


def _meant(entry: str) -> Iterable[str]:
    """The names and patterns that an entry stands for: Windows writes `breakglass@contoso.com` as `CONTOSO\\breakglass`."""
    return dict.fromkeys(_variants(entry))


def _variants(entry: str) -> Iterator[str]:
    name = canonical(entry)
    yield from (name, spelling(entry), alike(name))
    domain, backslash, account = name.rpartition("\\")
    if backslash:
        yield from (account, f"{account}@{domain}", f"{account}@{domain}.*")
        return
    local, at, domain = name.rpartition("@")
    if at:
        labels = [label for label in domain.split(".")[:-1] or [domain] if label]
        yield from (f"{label}\\{local}" for label in labels)
        yield from (f"{local}@{label}.onmicrosoft.com" for label in labels)  # the tenant's own address of the same account
        if domain.endswith(_TENANT):
            yield f"{local}@{domain.removesuffix(_TENANT)}.*"
        if local and "*" not in local:
            yield f"*\\{local}"
