"""What a plugin of each kind must be. One plugin is one file in its kind's folder; `casbd/plugins/registry.py` finds it.

A plugin does one thing and raises. It has no loop that retries, no thread, no sleep and no clock: its runner has those.
Its options are its own pydantic model `Options` (unknown keys are mistakes), with a runnable `example` of them.
"""

from __future__ import annotations

import os
import re
from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, NamedTuple, Protocol, runtime_checkable

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo

from casbd.model.activity import Activity
from casbd.model.alert import Alert
from casbd.model.governance import GovernanceCommand


def _from_the_configuration(path: Path, info: ValidationInfo) -> Path:
    base: Path | None = (info.context or {}).get("base")
    return Path(os.path.normpath(base / path)) if base else path


ConfigPath = Annotated[Path, AfterValidator(_from_the_configuration)]
"""A path in the configuration: relative ones start at the configuration file's folder."""


ACTION_NAME = re.compile(r"[a-z][a-z0-9_]*")


def action_name(text: str) -> str:
    """A governance action's name as it is. ValueError where it can be none."""
    if not ACTION_NAME.fullmatch(text):
        raise ValueError(f"`{text}` is no action; one is written in small letters, such as suspend_user")
    return text


def _action_or_all(text: str) -> str:
    return text if text == "*" else action_name(text)


Actions = Annotated[tuple[Annotated[str, AfterValidator(_action_or_all)], ...], Field(min_length=1)]
"""The actions that a connector takes, an operator's own among them; `*` is all that casbd knows (`casbd/model/governance.py`)."""


class Options(BaseModel):
    """The base of all plugins' options: unknown keys are mistakes, and nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


Words = Mapping[str, Collection[str] | None]
"""What fields of activities may hold, as patterns of fnmatch; None: anything, as the record has it."""


class Format(Protocol):
    """One export format (`casbd/formats/`).

    words: what it writes into `app`, and into other fields of which the tables in `casbd/data` do not have all.
    """

    Options: ClassVar[type[Options]]
    example: ClassVar[dict[str, Any]]
    words: ClassVar[Words]

    def __init__(self, options: Any) -> None: ...

    @classmethod
    def claims(cls, sample: Sequence[bytes]) -> float:
        """How sure it is that these first records of a file are its own: 0 (no) to 1 (certainly)."""

    def parse(self, record: bytes) -> Sequence[Activity]:
        """The activities of one record (UTF-8 JSON text), without the enrichers' fields. BadRecord where there is none.

        Their `raw` is left empty, unless it is only a part of the record.
        """


class ByTime(NamedTuple):
    """A value that depends on when the activity was: the first of `values` before the first of `starts`, and so on.

    starts: milliseconds since 1970, UTC, ascending; one fewer than `values`.
    """

    starts: tuple[int, ...]
    values: tuple[Any, ...]

    def at(self, timestamp: int) -> Any:
        """The value at that time; at a start already the one that begins there."""
        return self.values[bisect_right(self.starts, timestamp)]


@runtime_checkable
class Telling(Protocol):
    """Options of a format, or an enricher, by which the operator says what may be in fields."""

    def words(self) -> Words:
        """By field; one that is not there may be as it is without."""


class Enricher(Protocol):
    """Adds to an activity what can be looked up (`casbd/enrichers/`).

    section: the part of the configuration its options live in. by_default: whether it runs where none of them is given.
    order: lower ones go first; a later one may override. reads: the fields that its answer depends on. provides: the fields that
    it fills in. Raises Mistakes from `__init__` where one of its files cannot be used.
    """

    Options: ClassVar[type[Options]]
    example: ClassVar[dict[str, Any]]
    section: ClassVar[str]
    by_default: ClassVar[bool]
    order: ClassVar[int]
    reads: ClassVar[tuple[str, ...]]
    provides: ClassVar[tuple[str, ...]]

    def __init__(self, options: Any) -> None: ...

    def look_up(self, *values: Any) -> Mapping[str, Any]:
        """The fields of `provides` of which something is known, by the values of `reads`, the first of which is not None.

        The same values give the same answer: it is remembered. What differs from time to time is a `ByTime`.
        """

    def files(self) -> Sequence[Path]:
        """The files whose change asks for a reload."""


class Reason(NamedTuple):
    """Why an address has a category and tags: a range or list by its name, and the network of it that holds the address (CIDR)."""

    name: str
    category: str | None
    tags: tuple[str, ...]
    subnet: str


@runtime_checkable
class Reasoning(Protocol):
    """An enricher that can say where its answer about an address comes from."""

    def reasons(self, ip: str) -> Sequence[Reason]:
        """What holds the address: what counts more first."""


@runtime_checkable
class Grouping(Protocol):
    """An enricher that knows who is in which group."""

    def groups(self) -> Collection[str]:
        """All groups, also those with nobody in them."""

    def groups_of(self, user: str) -> Collection[str]:
        """The groups of a user, whose name is compared without regard to case."""

    def members_of(self, group: str) -> Collection[str]:
        """The users in a group, as they are written there; nobody where there is no such group."""


@runtime_checkable
class Lacking(Protocol):
    """An enricher that fills in some fields only where it is configured to."""

    def lacks(self) -> Mapping[str, str]:
        """The fields of `provides` that it cannot know as it is configured, and what it takes for each."""


class Aging(NamedTuple):
    """Data that get old. made: when (milliseconds since 1970); good_for: milliseconds. renew: what a person does then."""

    name: str
    made: int
    good_for: int
    renew: str


@runtime_checkable
class Dated(Protocol):
    """An enricher that looks things up in what gets old."""

    def data(self) -> Sequence[Aging]:
        """Each file or list."""


Item = Alert | Activity | GovernanceCommand
"""What outputs are sent: of a command what became of it."""


class Output(Protocol):
    """One kind of destination for alerts, activities and outcomes of governance (`casbd/outputs/`)."""

    Options: ClassVar[type[Options]]
    example: ClassVar[dict[str, Any]]

    def __init__(self, options: Any) -> None: ...

    def send(self, items: Sequence[Item]) -> None:
        """Deliver all, in order. Returning means the receiver has them (but see `Uncertain`). Raises Retry or Rejected, with `sent`."""

    def close(self) -> None:
        """Let go of sockets and files."""


@runtime_checkable
class Uncertain(Protocol):
    """An output whose receiver does not say what its program has read.

    What it has sent stays in the outbox while it is in doubt. Where the connection ends, it raises Retry with `unread`, and is given
    all of them again.
    """

    @property
    def acknowledged(self) -> bool:
        """False where not even the arrival of what was sent is known."""

    def unread(self) -> int:
        """How many of the latest items may not have been read yet; asked about once a second. Retry where some may never be."""

    def conclude(self) -> None:
        """Say good-bye. Returning means that nothing is in doubt any more; Retry where the receiver does not confirm it."""


class Done(NamedTuple):
    """What a connector did. request, answer: in a few words and without secrets, such as `PATCH https://host/users/7` and `204`.

    restore: what the way back needs to know, as JSON; None where it needs nothing.
    """

    request: str = ""
    answer: str = ""
    restore: Mapping[str, Any] | None = None


UNCHANGED = "it was so already"
"""The answer of a connector that found the account as the command asks and changed nothing: there is nothing of it to take back."""


class Connector(Protocol):
    """One app that can carry out governance actions (`casbd/connectors/`).

    actions: those it knows. One that knows none by itself has "*" there, and an option `actions`, which says what it takes.
    """

    Options: ClassVar[type[Options]]
    example: ClassVar[dict[str, Any]]
    actions: ClassVar[tuple[str, ...]]

    def __init__(self, options: Any) -> None: ...

    def execute(self, command: GovernanceCommand) -> Done | None:
        """Do it, and return when it is done. May be called again for the same command_id after an unknown outcome.

        Retry where it may go later (with `after` seconds where the app says when), Rejected where it never will.
        """


@runtime_checkable
class Previewing(Protocol):
    """A connector that can say what it would send."""

    def preview(self, command: GovernanceCommand) -> str:
        """The request, without secrets; nothing is sent, so the user's own id in the app may be a placeholder."""


@runtime_checkable
class Stateful(Protocol):
    """A connector that can look whether a command is done already: it is asked so before one of unknown outcome is repeated."""

    def is_done(self, command: GovernanceCommand) -> bool | None:
        """Whether the account is in the state that the command asks for; None where the app does not tell. Retry, Rejected as `execute`."""


class Looked(NamedTuple):
    """An account as it is before. names: all by which the app knows it, its own id too. restore: as of `Done`."""

    names: Sequence[str] = ()
    restore: Mapping[str, Any] | None = None


@runtime_checkable
class Looking(Protocol):
    """A connector that looks at the account before each try: whom governance protects may have other names in the app."""

    def look(self, command: GovernanceCommand) -> Looked:
        """Change nothing. The first `restore` is stored: once it is done nobody could tell. Retry, Rejected as `execute`."""


@runtime_checkable
class Reversible(Protocol):
    """A connector some of whose actions have a way back. ways_back: by action, the one that takes it back."""

    ways_back: ClassVar[Mapping[str, str]]
