"""Whether those that the configuration protects are somebody: what can never match anybody is told, not believed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from casbd.config.governance import Governance
from casbd.documents import Document, nearest
from casbd.errors import Mistake
from casbd.name_patterns import NamePatterns
from casbd.plugins import Grouping
from casbd.policies import Policy


def unknown_protected(path: Path, care: Governance, knowing: Sequence[Grouping]) -> Iterator[Mistake]:
    """Of the configuration file at `path`: protected groups that nobody has, and domains where a user should stand.

    knowing: who knows the groups; none: their file is wrong itself, which is told elsewhere.
    """
    if not care.protected_users and not care.protected_groups:
        return
    document = Document(path)
    for index, entry in enumerate(care.protected_users):
        if entry.casefold() in _domains(document.data):
            where = ("governance", "protected_users", index)
            yield document.mistake(where, f"`{entry}` is a domain, not a user", f"for everybody there write *@{entry}", at_key=False)
    groups = [group for one in knowing for group in one.groups()]
    for index, entry in enumerate(care.protected_groups) if knowing else ():
        if not any(map(NamePatterns([entry]).found, groups)):
            where = ("governance", "protected_groups", index)
            hint = nearest(entry, groups) or "`organization.user_groups` names the file that groups stand in, and has none"
            yield document.mistake(where, f"there is no group `{entry}`", hint, at_key=False)


def _domains(configuration: Any) -> set[str]:
    """The organization's domains, as the file has them."""
    organization = configuration.get("organization")
    domains = organization.get("domains") if isinstance(organization, dict) else None
    return {str(domain).casefold() for domain in domains if "*" not in str(domain)} if isinstance(domains, list) else set()


def nobody_protected(care: Governance, policies: Iterable[Policy]) -> list[str]:
    """A warning where accounts may be acted on and none is kept safe: whoever can undo a mistake would be locked out, too."""
    acting = sorted(policy.id for policy in policies if policy.enabled and policy.mode != "simulate" and policy.governance)
    if care.mode != "enforce" or care.protected_users or care.protected_groups or not acting:
        return []
    return ["governance: the mode is enforce and nobody is protected; put emergency accounts into governance.protected_users"]
