"""Whether those that the configuration protects are somebody: what can never match anybody is told, not believed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from casbd.config.governance import Governance
from casbd.documents import Document, nearest
from casbd.documents.name_patterns import NamePatterns
from casbd.errors import Mistake
from casbd.plugins import Grouping
from casbd.policies.policy import Policy


def unknown_protected(path: Path, knowing: Sequence[Grouping]) -> Iterator[Mistake]:
    """Of the configuration file at `path`: protected and administrators' groups that nobody has, and domains where a user should stand.

    Taken from the file itself, so that they are told together with what else is wrong in it.
    knowing: who knows the groups; none: their file is wrong itself, which is told elsewhere.
    """
    document = Document(path)
    domains = {domain.casefold() for _, domain in _texts(document.data, "organization", "domains")}
    for index, entry in _texts(document.data, "governance", "protected_users"):
        if entry.casefold() in domains and "*" not in entry:
            where = ("governance", "protected_users", index)
            yield document.mistake(where, f"`{entry}` is a domain, not a user", f"for everybody there write *@{entry}", at_key=False)
    groups = [group for one in knowing for group in one.groups()]
    for key in ("protected_groups", "administrators_groups") if knowing else ():
        for index, entry in _texts(document.data, "governance", key):
            if not any(map(NamePatterns([entry]).matching, groups)):
                hint = nearest(entry, groups) or "`organization.user_groups` names the file that groups stand in, and has none"
                yield document.mistake(("governance", key, index), f"there is no group `{entry}`", hint, at_key=False)


def _texts(configuration: Mapping[str, Any], section: str, key: str) -> list[tuple[int, str]]:
    """The texts of a list in a section, each with its place; what has another shape is told by the schema."""
    part = configuration.get(section)
    listed = part.get(key) if isinstance(part, dict) else None
    return [(index, one) for index, one in enumerate(listed) if isinstance(one, str) and one] if isinstance(listed, list) else []


def nobody_protected(document: Document, care: Governance, policies: Iterable[Policy]) -> Iterator[Mistake]:
    """A warning where accounts may be acted on and none is kept safe: whoever can undo a mistake would be locked out, too."""
    acting = any(policy.enabled and policy.mode != "simulate" and policy.governance for policy in policies)
    if acting and care.mode == "enforce" and not (care.protected_users or care.protected_groups):
        where = "put emergency accounts into governance.protected_users"
        yield document.mistake(("governance",), "the mode is enforce and nobody is protected", where)


def unknown_ceilings(path: Path, actions: Collection[str]) -> Iterator[Mistake]:
    """Of the configuration file at `path`: ceilings of actions that nobody can ask for. actions: all there are."""
    document = Document(path)
    section = document.data.get("governance")
    ceilings = section.get("max_per_hour_by_action") if isinstance(section, dict) else None
    for action in ceilings if isinstance(ceilings, dict) else ():
        if action not in actions:
            yield document.mistake(
                ("governance", "max_per_hour_by_action", action), f"no connector has the action `{action}`", nearest(str(action), actions)
            )
