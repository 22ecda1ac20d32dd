"""All of casbd's exceptions, in one tree.

CasbdError
├── Mistakes        files that a person wrote are wrong: every mistake of every file, with its place
├── BadRecord       one record of an export cannot be read: it becomes a reject, and the next one is read
├── DeliveryError
│   ├── Retry       a passing failure: the dispatcher tries again later
│   └── Rejected    the receiver will never take this one: it is set aside, counted and shown
├── StateInUse      another casbd runs on the same state directory
└── StoreError      the state directory cannot be used (a newer version's, damaged, not writable)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

MOST_OF_A_MESSAGE = 600
"""Characters; the longest that casbd writes itself, such as a list of what is allowed, has some 400."""


class CasbdError(Exception):
    """Whatever casbd raises on purpose."""


class Mistake(msgspec.Struct, frozen=True, order=True):
    """One mistake in a file that a person wrote.

    line, column: from 1; 0 where the mistake is about the file as a whole.
    hint: what is allowed, or the nearest right word; empty where there is nothing to add. Both are cut where they are very long.
    """

    file: str
    line: int
    column: int
    message: str
    hint: str = ""

    def __post_init__(self) -> None:
        """A value that is quoted may be a megabyte long, and the line a mile."""
        for name, text in (("message", self.message), ("hint", self.hint)):
            if len(text) > MOST_OF_A_MESSAGE:
                msgspec.structs.force_setattr(self, name, f"{text[: MOST_OF_A_MESSAGE - 1]}…")

    def __str__(self) -> str:
        hint = f" ({self.hint})" if self.hint else ""
        return f"{self.file}:{self.line}:{self.column}: {self.message}{hint}"


class Mistakes(CasbdError):
    """Rules, configuration or a list file are wrong; `mistakes` has every one, in the order of files and lines."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes: Sequence[Mistake] = sorted(mistakes)
        super().__init__("\n".join(map(str, self.mistakes)))


def sentence(error: CasbdError) -> str:
    """What an error says within a line about something else: of mistakes without the place in a file where they have none."""
    if not isinstance(error, Mistakes):
        return str(error)
    return "; ".join(str(one) if one.line else f"{one.file}: {one.message}" for one in error.mistakes)


class BadRecord(CasbdError):
    """A record that cannot be an activity; the message is the reject's reason."""


class DeliveryError(CasbdError):
    """Sending did not work. `sent`: how many of the items, from the first, did arrive before."""

    def __init__(self, reason: str, *, sent: int = 0) -> None:
        super().__init__(reason)
        self.sent = sent


class Retry(DeliveryError):
    """A passing failure. `after`: seconds the receiver asked us to wait, or None for the dispatcher's own backoff.

    unread: how many of the latest items of earlier calls may never be read, as the connection has ended.
    stands: nothing of what was sent is lost by it, and what is in doubt stays there: the receiver only takes no more just now.
    lasting: it does not pass by itself: somebody has to change something, a token or an index, say.
    """

    def __init__(
        self, reason: str, *, sent: int = 0, after: float | None = None, unread: int = 0, stands: bool = False, lasting: bool = False
    ) -> None:
        super().__init__(reason, sent=sent)
        self.after = after
        self.unread = unread
        self.stands = stands
        self.lasting = lasting


class Rejected(DeliveryError):
    """The item right after the `sent` ones will never be taken; those behind it may be."""


class StateInUse(CasbdError):
    """Another process holds the state directory."""


class StoreError(CasbdError):
    """The state directory cannot be used."""
