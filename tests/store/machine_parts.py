"""What the store's state machine feeds, what fails, and where it delivers."""

from __future__ import annotations

import functools
import random
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from builders import MINUTE, Core, record
from hypothesis import strategies as st

from casbd.errors import Rejected, Retry
from casbd.model.alert import Alert

FAILED = {"action_type": {"eq": "UserLoginFailed"}}
DOWNLOADED = {"action_type": {"eq": "FileDownloaded"}}
RULES: list[dict[str, dict[str, Any]]] = [
    {
        "single": {"filters": FAILED | {"user": {"eq": "b@contoso.com"}}, "alert": {"daily_limit": 3}},
        "by-user": {
            "filters": FAILED,
            "match": {"repeated": 3, "within": "10m"},
            "governance": [{"action": "suspend_user", "connector": "entra"}],
        },
        "by-address": {"filters": FAILED, "match": {"repeated": 2, "within": "4m", "by": ["ip_address", "action_type"]}},
        "different-files": {"filters": DOWNLOADED, "match": {"repeated": 3, "within": "15m", "unique": "object_id"}},
        "simulated": {"mode": "simulate", "filters": FAILED, "match": {"repeated": 2, "within": "10m"}},
    },
    {  # a reload: one changes its meaning, one only its name, one goes, one comes
        "single": {"filters": FAILED | {"user": {"eq": "a@contoso.com"}}},
        "by-user": {"name": "other", "filters": FAILED, "match": {"repeated": 3, "within": "10m"}},
        "by-address": {"filters": FAILED, "match": {"repeated": 3, "within": "4m", "by": ["ip_address", "action_type"]}},
        "downloads": {"filters": DOWNLOADED, "match": {"repeated": 2, "within": "2m", "single_app": True}},
    },
]
POOL = 80


@functools.cache
def known_record(number: int) -> bytes:
    """The record with this number: always the same bytes, as an export repeats them. Some cannot be read."""
    chance = random.Random(number)
    if chance.random() < 0.1:
        return chance.choice([b"{", b"[]", b"\xff", record(Id=f"id-{number}", CreationTime="never")])
    operation = chance.choice(["UserLoginFailed", "UserLoginFailed", "FileDownloaded", "UserLoggedIn"])
    return record(
        Id=f"id-{number}",
        at=chance.randrange(240) * MINUTE // 2,
        Operation=operation,
        Workload="SharePoint" if operation == "FileDownloaded" else "AzureActiveDirectory",
        ObjectId=f"/file/{number % 5}" if operation == "FileDownloaded" else None,
        UserId=chance.choice(["a@contoso.com", "B@contoso.com", "b@Contoso.com"]),
        ClientIP=chance.choice(["203.0.113.7", "203.0.113.8:443", "Not Available"]),
    )


class Tripwire:
    """A connection that fails when it is asked for the n-th time; `at_commit`: when the transaction is to be made durable."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.left: int | None = None
        self.at_commit = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self.connection, name)

    def execute(self, statement: str, *values: Any) -> sqlite3.Cursor:
        if statement == "COMMIT" and self.at_commit:
            self.at_commit = False
            raise sqlite3.OperationalError("disk I/O error")
        self._step()
        return self.connection.execute(statement, *values)

    def executemany(self, statement: str, values: Any) -> sqlite3.Cursor:
        self._step()
        return self.connection.executemany(statement, values)

    def _step(self) -> None:
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                self.left = None
                raise sqlite3.OperationalError("disk full")


@contextmanager
def failing(core: Core, after: int) -> Iterator[None]:
    """A core whose store fails to make a transaction durable: the next one but so many."""

    class Later(Tripwire):
        left_whole = after

        def execute(self, statement: str, *values: Any) -> sqlite3.Cursor:
            if statement == "COMMIT":
                self.at_commit = self.left_whole == 0
                self.left_whole -= 1
            return super().execute(statement, *values)

    connection = core.store.connection
    core.store.connection = Later(connection)  # type: ignore[assignment]
    try:
        yield
    finally:
        core.store.connection = connection


class Destination:
    """Fails as it is told, and remembers what it has taken."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.plan: tuple[str, int] = ("take", 0)

    def send(self, items: Any) -> None:
        outcome, number = self.plan
        sent = len(items) if outcome == "take" else min(number, len(items) - 1)
        self.taken += [item.alert_id if isinstance(item, Alert) else item.activity_id for item in items[:sent]]
        if outcome == "retry":
            raise Retry("busy", sent=sent)
        if outcome == "reject":
            self.taken.append("refused")
            raise Rejected("no", sent=sent)

    def close(self) -> None:
        pass


chunks = st.lists(
    st.tuples(
        st.sampled_from(["one", "two"]),
        st.sampled_from([None, "tenant"]),
        st.lists(st.integers(0, POOL - 1), max_size=12),
        st.integers(0, 1),
    ),
    min_size=1,
    max_size=3,
)
