"""How the names of some people are found inside texts."""

from __future__ import annotations

import re
from typing import NamedTuple

from casbd.pseudonyms.identities import AT, BEGINS, EMAIL, ENDS, spellings, turned

_LEAST = 3
"""Characters of a name that is looked for inside texts; a shorter one is replaced where it is the whole text, and is no number."""


_ANYBODY = frozenset(
    {
        *("account", "admin", "administrator", "alert", "alerts", "audit", "backup", "contact", "finance", "guest", "help", "helpdesk"),
        *("info", "job", "jobs", "mail", "office", "root", "sales", "security", "service", "support", "system", "team", "test", "user"),
    }
)
"""What stands before the `@` and is a word of any message, where it names nobody."""


class Finder(NamedTuple):
    """A regular expression with a group for each name, and what stands in its place; None for any e-mail address."""

    pattern: re.Pattern[str]
    pseudonyms: tuple[str | None, ...]


class Names(NamedTuple):
    """How to find some identities. whole: by texts, casefolded, that are nothing else; finder: in those without an `@`."""

    whole: dict[str, str]
    finder: Finder
    finder_at: Finder


def names_of(people: tuple[tuple[str, str], ...], *, any_address: bool) -> Names:
    """How to find some people. people: pairs of a name and the pseudonym in its place. any_address: everybody's e-mail addresses, too."""
    whole: dict[str, str] = {}
    first: list[tuple[str, str | None]] = []
    rest: list[tuple[str, str | None]] = []  # after e-mail addresses, of which a name may be the beginning
    for name, pseudonym in sorted(people, key=lambda one: -len(one[0])):
        local, account = name.partition("@")[0], name.rpartition("\\")[2]  # of local@domain, DOMAIN\account
        for one in (name, local, account, re.sub("[@.]", "_", name)):
            if len(one) >= _LEAST or (one == name and not one.isdecimal()):
                whole.setdefault(one.casefold(), pseudonym)
        (first if "@" in name else rest).extend((pattern, pseudonym) for pattern in _patterns(name, local, account))
    anybody: list[tuple[str, str | None]] = [(EMAIL, None)] if any_address else []
    return Names(whole, _finder(first + rest), _finder(first + anybody + rest))


def _patterns(name: str, local: str, account: str) -> list[str]:
    """Regular expressions for a name inside texts."""
    names = [one for one in dict.fromkeys((name, account)) if len(one.strip()) >= _LEAST]
    patterns = [f"{BEGINS}{spelt}{ENDS}" for one in names for spelt in [*spellings(one), *turned(one)]]
    if local != name and len(local) >= _LEAST:
        patterns.append(rf"(?<=\\){re.escape(local)}{ENDS}(?!{AT})")
        if local.casefold() not in _ANYBODY:
            patterns += [f"{BEGINS}{spelt}{ENDS}(?!{AT})" for spelt in (re.escape(local), *turned(local))]
    return patterns


def _finder(parts: list[tuple[str, str | None]]) -> Finder:
    pattern = "|".join(f"({one})" for one, _ in parts)
    return Finder(re.compile(pattern, re.IGNORECASE), tuple(pseudonym for _, pseudonym in parts))
