"""A person, by all that the records call them: what is about them is found by it, and taken out."""

from __future__ import annotations

import re
from collections.abc import Callable

from casbd.activity_log.reading import ActivityLog
from casbd.activity_log.wanted import Wanted
from casbd.clock import Clock
from casbd.policies.tree import Condition
from casbd.wire.identities import BEGINS, ENDS, spellings

_LEAST = 6
"""Characters of an id or a full name that stands for nobody else."""


class Person:
    """names: the user first, then the ids and full names that only this user's activities have.

    A name is found whatever its case, as a whole word, within URLs (`anna%40contoso.com`), JSON (`anna\\u0040contoso.com`) and the names
    of SharePoint's personal sites (`anna_contoso_com`). spelt: a regular expression of RE2 and of Python, which finds more.
    """

    def __init__(self, names: tuple[str, ...]) -> None:
        self.user, self.names = names[0], names
        self.spelt = "|".join(spelling for name in sorted(names, key=len, reverse=True) for spelling in spellings(name))
        self._found = re.compile(rf"{BEGINS}(?:{self.spelt}){ENDS}", re.IGNORECASE)

    def in_text(self, text: str) -> bool:
        """Whether the person is named."""
        return self._found.search(text) is not None

    def called(self, other: str) -> Callable[[str], str]:
        """Replaces all names by another one; gives the same object where there is none."""

        def replace(text: str) -> str:
            return self._found.sub(other, text) if self._found.search(text) else text

        return replace


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
