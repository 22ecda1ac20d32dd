"""Who the user is to the organization: domain, groups, one of its own or an outsider."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict

from casbd.documents import Document
from casbd.documents.name_patterns import DOMAIN, NamePatterns, domain_pattern
from casbd.model.identity import canonical
from casbd.plugins import ConfigPath, Options, registry

GUEST_MARK = "#ext#"
"""In the user principal name of a guest: `anna_fabrikam.com#EXT#@contoso.onmicrosoft.com`."""


class GroupFile(BaseModel):
    """The user-group file: `{groups: {Finance: [a@contoso.com, ...]}}`."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    groups: dict[str, list[str]]


class UsersOptions(Options):
    """Who belongs to the organization, and to which of its groups."""

    domains: tuple[Annotated[str, AfterValidator(domain_pattern)], ...] = ()
    """Users of other domains are external. `*.contoso.com` stands for all below contoso.com, not for itself."""
    user_groups: ConfigPath | None = None
    """A YAML file: {groups: {Finance: [a@contoso.com, ...]}}."""


@registry.enricher
class Users:
    """Looks users up."""

    Options: ClassVar[type[Options]] = UsersOptions
    example: ClassVar[dict[str, Any]] = {"domains": ["contoso.com", "*.contoso.com"], "user_groups": "user_groups.yaml"}
    by_default: ClassVar[bool] = True
    section: ClassVar[str] = "organization"
    order: ClassVar[int] = 40
    reads: ClassVar[tuple[str, ...]] = ("user", "user_domain", "user_type")
    provides: ClassVar[tuple[str, ...]] = ("user_domain", "user_groups", "is_external_user")

    def __init__(self, options: UsersOptions) -> None:
        self._own = NamePatterns(options.domains)
        self._path = options.user_groups
        self._members = _read_groups(options.user_groups) if options.user_groups else {}
        self._groups = _groups_by_member(self._members)

    def look_up(self, user: str, domain: str | None, kind: str | None) -> dict[str, Any]:
        """Domain, groups and `is_external_user` of `user`.

        External are guests, and whoever has a domain that is none of the organization's. The services themselves (user
        type System) are not. Unknown stays: a name without a domain, and all where no domains are configured.
        """
        name = user.lower()
        domain = domain or _domain_of(name)
        fields: dict[str, Any] = {"user_domain": domain}
        if groups := self.groups_of(user):
            fields["user_groups"] = groups
        if kind == "Guest" or (GUEST_MARK in name and kind != "System"):
            fields["is_external_user"] = True
        elif kind == "System":
            fields["is_external_user"] = False
        elif domain is not None and self._own:
            fields["is_external_user"] = self._own.matching(domain) is None
        return fields

    def groups(self) -> Collection[str]:
        """All groups of the file."""
        return self._members.keys()

    def groups_of(self, user: str) -> Collection[str]:
        """The groups that a user is in."""
        return self._groups.get(canonical(user), ()) if self._groups else ()

    def members_of(self, group: str) -> Collection[str]:
        """The users in a group."""
        return self._members.get(group, ())

    def words(self) -> Mapping[str, Collection[str]]:
        """The groups that there are, where there are any."""
        return {"user_groups": {group for groups in self._groups.values() for group in groups}} if self._groups else {}

    def lacks(self) -> Mapping[str, str]:
        """Who belongs to what is for the operator to say; guests alone are known to be external."""
        groups = {} if self._groups else {"user_groups": "user groups (organization.user_groups)"}
        return groups | ({} if self._own else {"is_external_user": "the organization's domains"})

    def files(self) -> Sequence[Path]:
        """The group file, if there is one."""
        return [self._path] if self._path else []


def _domain_of(name: str) -> str | None:
    """The domain of an address; None for what only looks like one, such as `app@sharepoint`."""
    _, at, domain = name.rpartition("@")
    return domain if at and DOMAIN.fullmatch(domain) else None


def _read_groups(path: Path) -> dict[str, list[str]]:
    """The members of each group. Raises Mistakes."""
    return Document.of(path, GroupFile).check(GroupFile).groups


def _groups_by_member(members: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """The groups of each member, by the member's name in its canonical form."""
    groups: defaultdict[str, set[str]] = defaultdict(set)
    for group, names in members.items():
        for name in names:
            groups[canonical(name)].add(group)
    return {name: tuple(sorted(own)) for name, own in groups.items()}
