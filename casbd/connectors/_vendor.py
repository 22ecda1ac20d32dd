"""What connectors of vendors' APIs share: find the account, look at it, and only then act on it.

Each action is a `Step`, one row of a table, which is also what `casbd governance list` shows of it in dry run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Generic, NamedTuple, Protocol, TypeVar

from casbd.errors import Rejected
from casbd.model.governance import GovernanceCommand
from casbd.plugins import UNCHANGED, Done, Looked
from casbd.web.api import Api, segment
from casbd.wire.plain_text import cut, single_line


class Account(Protocol):
    """An account as the vendor describes it. id: the vendor's own, which nobody else ever has."""

    @property
    def id(self) -> str:
        """It stands for `{id}` in steps."""


A = TypeVar("A", bound=Account)

_MOST_LISTED = 3


class Step(NamedTuple):
    """A request. `{id}` in the path and the body stands for the account's id."""

    method: str
    path: str
    body: Any = None

    def of(self, account_id: str) -> Step:
        """The request for an account; in the path whatever is in the id is one part of it."""
        return Step(self.method, self.path.replace("{id}", segment(account_id)), _filled(self.body, account_id))

    def within(self, place: str) -> Step:
        """The request in the organization, or whatever else stands for `{place}` in its path."""
        return self._replace(path=self.path.replace("{place}", place))

    def about(self, name: str) -> Step:
        """The same for people, of an account whose id nobody has asked for."""
        words = f"{{id of {name}}}"
        return Step(self.method, self.path.replace("{id}", words), _filled(self.body, words))


class Vendor(Generic[A]):
    """A connector whose actions are requests to one API. A subclass has `steps`, `find` and `stands`.

    steps: by action. ways_back: by action, the one that takes it back.
    """

    steps: ClassVar[Mapping[str, Step]]
    ways_back: ClassVar[Mapping[str, str]] = {}
    api: Api

    def find(self, command: GovernanceCommand) -> A:
        """The account of a command's target, and how it stands. Rejected where there is none or several."""
        raise NotImplementedError

    def stands(self, command: GovernanceCommand, account: A) -> bool | None:
        """Whether the account is as the command asks; None where the vendor does not tell."""
        raise NotImplementedError

    def step(self, action: str) -> Step:
        """The request of an action. Rejected where there is none."""
        if action not in self.steps:
            raise Rejected(f"{action} is none of {', '.join(self.steps)}")
        return self.steps[action]

    def api_of(self, step: Step) -> Api:  # noqa: ARG002
        """Which API takes a request, where a vendor has several."""
        return self.api

    def execute(self, command: GovernanceCommand) -> Done:
        """Do it, unless it is done. What the vendor refuses as it was done meanwhile is done, too."""
        account = self._found(command)
        if self.stands(command, account):
            return Done(answer=UNCHANGED)
        try:
            return self.act(command, account)
        except Rejected:
            if self.stands(command, self.find(command)):
                return Done(answer=UNCHANGED)
            raise

    def act(self, command: GovernanceCommand, account: A) -> Done:
        """Send the request of the action."""
        return self.send(self.step(command.action).of(account.id))

    def send(self, step: Step, note: str = "") -> Done:
        """Send one request. note: what people should know besides the answer."""
        api = self.api_of(step)
        answer = api.call(*step)
        return Done(api.describe(*step), f"{answer.status}{f'; {note}' if note else ''}")

    def look(self, command: GovernanceCommand) -> Looked:
        """The account's names, and what the way back needs of it. Retry and Rejected as `execute`."""
        account = self._found(command)
        return Looked([account.id, *self.names(account)], self.held(command, account))

    def names(self, account: A) -> Sequence[str]:  # noqa: ARG002
        """By what else than its id the vendor knows an account."""
        return ()

    def held(self, command: GovernanceCommand, account: A) -> Mapping[str, Any] | None:  # noqa: ARG002
        """What the action takes from the account, and the way back gives again."""
        return None

    def preview(self, command: GovernanceCommand) -> str:
        """The request of the action, with words in the place of the account's id. Rejected as `step`."""
        step = self.step(command.action).about(shown(command.target))
        return self.api_of(step).describe(*step)

    def is_done(self, command: GovernanceCommand) -> bool | None:
        """Look at the account. Retry and Rejected as `execute`."""
        return self.stands(command, self._found(command))

    def _found(self, command: GovernanceCommand) -> A:
        self.step(command.action)
        if not command.target.isprintable():
            raise not_found(command)
        return self.find(command)


def only(found: Sequence[A], command: GovernanceCommand) -> A:
    """The one account that was found. Rejected for none and for several: acting on the wrong one is worse than on nobody."""
    if not found:
        raise not_found(command)
    if len(found) > 1:
        names = ", ".join(shown(account.id) for account in found[:5])
        raise Rejected(f"ambiguous: {shown(command.target)} is the name of several accounts of {command.connector}: {names}")
    return found[0]


def not_found(command: GovernanceCommand) -> Rejected:
    """What to raise where a vendor knows nobody of that name."""
    return Rejected(f"not found: {command.connector} has no account {shown(command.target)}")


def listed(texts: Sequence[str], between: str = ", ") -> str:
    """The first of many, for people."""
    return between.join(texts[:_MOST_LISTED]) + (f" and {len(texts) - _MOST_LISTED} more" if texts[_MOST_LISTED:] else "")


def shown(name: str) -> str:
    """A name of a record, for an error or a log: one bounded line."""
    return cut(single_line(name), 100)


def _filled(value: Any, account_id: str) -> Any:
    match value:
        case str():
            return value.replace("{id}", account_id)
        case list():
            return [_filled(one, account_id) for one in value]
        case dict():
            return {key: _filled(one, account_id) for key, one in value.items()}
        case _:
            return value
