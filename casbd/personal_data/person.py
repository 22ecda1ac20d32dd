"""A person, by all that the records call them: what is about them is found by it, and taken out."""

from __future__ import annotations

import re

from casbd.activity_log.people import Known
from casbd.activity_log.reading import ActivityLog
from casbd.activity_log.wanted import Wanted
from casbd.filters.tree import Condition
from casbd.model.identity import canonical, whose
from casbd.pseudonyms.escapes import DEEP, as_read, has_escapes
from casbd.pseudonyms.identities import BEGINS, spellings
from casbd.pseudonyms.replacing import in_record, in_text

Place = tuple[str | None, str | None]
"""An app, and an instance of it."""
_LEAST = 6
"""Characters of an id or a full name that stands for nobody else, or of a name that is looked for inside texts."""
_ENDS = r"(?![A-Za-z0-9_@+-]|\.[A-Za-z0-9]|%40)"
"""Not the beginning of a longer name, or of an address: `anna` in `anna@contoso.com`, `a@contoso.com` in `a@contoso.com.au`."""


class Person:
    """names: the user first, then the ids and full names that only this user's activities have.

    place: the app and the instance where the name is this person's, if others are called so elsewhere; all the other names and ids are
    this person's everywhere.
    A name is found whatever its case where it is all of a text, and as a word in longer ones: within URLs (`anna%40contoso.com`), JSON,
    the names of SharePoint's personal sites (`anna_contoso_com`) and of guests (`anna_contoso.com#EXT#@...`), and below a few layers of
    the escapes of URLs, JSON and HTML. A short name or a plain word (`admin`) is a person only where it is all of a text in which users
    are named. Nobody is found in what is base64, compressed, encrypted or cut in two.
    regex: of RE2, which finds all of that and more.
    """

    def __init__(self, names: tuple[str, ...], place: Place | None = None) -> None:
        self.user, self.names, self.place = next(iter(names), ""), names, place
        self._elsewhere = Person(tuple(name for name in names if canonical(name) != canonical(names[0]))) if place else self
        self._whole = {form for name in names for form in (name.casefold(), canonical(name)) if form}  # nobody is called nothing
        # Other than a pseudonym, what is forgotten cannot be looked up again: a plain word or the beginning of a longer name must stay.
        within = [name for name in names if "@" in name or (len(name) >= _LEAST and not name.isalpha())]
        self._names_anywhere = {name.casefold() for name in within}
        self._pattern = re.compile("|".join(part for name in within for part in _patterns(name)) or r"(?!)", re.IGNORECASE)
        self.regex = "(?s)" + "|".join([*(re.sub(r"[^A-Za-z0-9]+", ".{0,24}", name) for name in names), DEEP])

    def within(self, app: str | None, instance: str | None) -> Person:
        """How this person is found in what is of an app and an instance of it."""
        if self.place is None or whose(self.user, app, instance) == whose(self.user, *self.place):
            return self
        return self._elsewhere

    def is_user(self, user: str | None, app: str | None, instance: str | None) -> bool:
        """Whether it is this person whom an app and an instance call so."""
        return user is not None and canonical(user) == canonical(self.user) and self.within(app, instance) is self

    def is_named(self, text: str) -> bool:
        """Whether a text is one of the names, and nothing else."""
        return text.casefold() in self._whole

    def without(self, text: str, other: str) -> str:
        """A text with all names replaced by another one; the same object where there is none."""
        if text.casefold() in self._names_anywhere:
            return other
        new = in_text(text, lambda part: self._replaced(part, other))
        if has_escapes(new) and self._pattern.search(
            read := as_read(new)
        ):  # a name of several parts: better than its escapes is to be gone
            new = self._replaced(read, other)
        return text if new == text else new

    def _replaced(self, text: str, other: str) -> str:
        return self._pattern.sub(other, text) if self._pattern.search(text) else text

    def record_without(self, raw: str, other: str) -> str:
        """The same of an exported record: JSON stays JSON."""
        changed = in_record(raw, lambda text: self.without(text, other))
        return raw if changed == raw else changed


def _patterns(name: str) -> list[str]:
    if "@" not in name:
        return [f"(?<!@){BEGINS}{spelt}{_ENDS}" for spelt in spellings(name)]
    patterns = [f"{BEGINS}{spelt}{_ENDS}" for spelt in spellings(name)]
    return [*patterns, f"{BEGINS}{re.escape(name.replace('@', '_'))}#EXT#@[A-Za-z0-9.-]+"]


def person(log: ActivityLog, whom: Known, *, alone: bool = True) -> Person:
    """The person who is known by a name. alone: nobody else is called so."""
    names = [*whom.names]
    for field in ("user_id", "user_display_name"):
        for (name,) in log.counts(whom.wanted(), [field]):
            if name and len(name) >= _LEAST and canonical(name) not in map(canonical, whom.names) and _only(log, field, name, whom):
                names.append(name)
    return Person(tuple(names), None if alone or whom.is_anywhere else (whom.app, whom.app_instance))


def _only(log: ActivityLog, field: str, name: str, whom: Known) -> bool:
    users = log.counts(Wanted([Condition(field, "eq", (name,))], lambda: 0), ["user", "app", "app_instance"])
    return all(whom.is_named(*one) for one in users)
