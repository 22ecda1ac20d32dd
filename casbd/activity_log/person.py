"""A person, by all that the records call them: what is about them is found by it, and taken out."""

from __future__ import annotations

import re

from casbd.activity_log.reading import ActivityLog
from casbd.activity_log.wanted import Wanted
from casbd.clock import Clock
from casbd.model.identity import canonical
from casbd.policies.tree import Condition
from casbd.wire.identities import BEGINS, in_json, spellings

_LEAST = 6
"""Characters of an id or a full name that stands for nobody else, or of a name that is looked for inside texts."""
_ENDS = r"(?![A-Za-z0-9_@+-]|\.[A-Za-z0-9]|%40)"
"""Not the beginning of a longer name, or of an address: `anna` in `anna@contoso.com`, `a@contoso.com` in `a@contoso.com.au`."""


class Person:
    """names: the user first, then the ids and full names that only this user's activities have.

    A name is found whatever its case where it is all of a text, and as a word in longer ones: within URLs (`anna%40contoso.com`), JSON,
    the names of SharePoint's personal sites (`anna_contoso_com`) and of guests (`anna_contoso.com#EXT#@...`). A short name or a plain
    word (`admin`) is a person only where it is all of a text in which users are named.
    regex: of RE2, which finds all of that and more.
    """

    def __init__(self, names: tuple[str, ...]) -> None:
        self.user, self.names = names[0], names
        self._whole = {form for name in names for form in (name.casefold(), canonical(name))}
        within = [name for name in names if "@" in name or (len(name) >= _LEAST and not name.isalpha())]
        self._telling = {name.casefold() for name in within}
        self._found = re.compile("|".join(part for name in within for part in _patterns(name)) or r"(?!)", re.IGNORECASE)
        self.regex = "(?s)" + "|".join(re.sub(r"[^A-Za-z0-9]+", ".{0,24}", name) for name in names)

    def is_named(self, text: str) -> bool:
        """Whether a text is one of the names, and nothing else."""
        return text.casefold() in self._whole

    def without(self, text: str, other: str) -> str:
        """A text with all names replaced by another one; the same object where there is none."""
        if text.casefold() in self._telling:
            return other
        return self._found.sub(other, text) if self._found.search(text) else text

    def record_without(self, raw: str, other: str) -> str:
        """The same of an exported record: JSON stays JSON."""
        changed = in_json(raw, lambda text: self.without(text, other)) if raw[:1] in ("{", "[") else None
        changed = self.without(raw, other) if changed is None else changed
        return raw if changed == raw else changed


def _patterns(name: str) -> list[str]:
    if "@" not in name:
        return [f"(?<!@){BEGINS}{spelt}{_ENDS}" for spelt in spellings(name)]
    found = [f"{BEGINS}{spelt}{_ENDS}" for spelt in spellings(name)]
    return [*found, f"{BEGINS}{re.escape(name.replace('@', '_'))}#EXT#@[A-Za-z0-9.-]+"]


def person(log: ActivityLog, user: str, clock: Clock) -> Person:
    """The person of a user's name."""
    own = Wanted([Condition("user", "eq", (user,))], clock)
    names = [user]
    for field in ("user_id", "user_display_name"):
        for (name,) in log.counts(own, [field]):
            if name and len(name) >= _LEAST and name.casefold() != user.casefold() and _alone(log, field, name, user, clock):
                names.append(name)
    return Person(tuple(names))


def _alone(log: ActivityLog, field: str, name: str, user: str, clock: Clock) -> bool:
    users = log.counts(Wanted([Condition(field, "eq", (name,))], clock), ["user"])
    return {(one or "").casefold() for (one,) in users} == {user.casefold()}
