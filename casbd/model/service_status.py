"""What the running daemon says of itself, for the other commands."""

from __future__ import annotations

import msgspec

from casbd.model.costly import SetAside
from casbd.model.unread import Unread


class Reloaded(msgspec.Struct, frozen=True, kw_only=True):
    """The last reload. at: when (ms); None: there was none yet.

    mistakes: why it was refused. added, changed, removed: the policies' ids, where it was not.
    """

    at: int | None = None
    ok: bool = True
    mistakes: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


class ReadBack(msgspec.Struct, frozen=True, kw_only=True):
    """For which policy the log is read back (`pipeline/learning.py`), one of those that observe the same. more: how many are to follow.

    judged_since: from when on (event time, ms) it is judged, as something came too late for that; None: it is only learned from.
    waiting: of how many nothing is observed until that is done.
    """

    policy_id: str
    judged_since: int | None
    more: int
    waiting: int = 0


class ServiceStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Everything but `pid`, `version` and `started` (ms) is empty where there is nothing to say; these are None if it has never run.

    problems: the first of what is not read, by input. unread: what is not read, and more_unread: how many more there are.
    paused: the destinations for which reading waits. recipients: the queues of people who are told of alerts. learning: None: nothing is
    read back.
    """

    pid: int | None = None
    version: str | None = None
    started: int | None = None
    problems: dict[str, str] = {}
    set_aside: tuple[SetAside, ...] = ()
    unread: tuple[Unread, ...] = ()
    more_unread: int = 0
    paused: str = ""
    reload: Reloaded = Reloaded()
    warnings: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()
    learning: ReadBack | None = None
