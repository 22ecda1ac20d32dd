"""What is still to be delivered: one row per destination, in order, until the destination certainly has it.

A row that a destination got, and may not have read, stays: it is in doubt. If the connection ends, it is sent again from here.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from operator import attrgetter
from typing import Any, Literal

import msgspec

from casbd.model.activity import Activity
from casbd.model.alert import Alert
from casbd.model.governance import GovernanceCommand

_encode = msgspec.msgpack.Encoder().encode
_encode_json = msgspec.json.Encoder().encode
_alert = msgspec.msgpack.Decoder(Alert).decode
_command = msgspec.msgpack.Decoder(GovernanceCommand).decode

Kind = Literal["alert", "activities", "activity", "command", "outcome"]

MOST_AT_ONCE = 4 * 1024 * 1024
"""Bytes. Where the next rows are larger together, few are read at once."""
_NEXT = "FROM outbox WHERE destination = ?1 AND seq > ?2 ORDER BY seq LIMIT"
_HEAD = f"""
SELECT json_group_array(json_array(seq, kind, block_id, sent, undecided, length(body))), CAST(group_concat(body, '') AS BLOB) FROM (
    SELECT seq, kind, block_id, sent, undecided, body {_NEXT} (
        SELECT iif(total(iif(block_id IS NULL, size, 0)) < {MOST_AT_ONCE}, ?3, min(?3, 8)) FROM (SELECT block_id, size {_NEXT} ?3)
    )
)
"""  # noqa: S608  our own words
"""All rows as one: at each that is fetched other threads go on, and this one waits for its turn. `group_concat` takes bytes as they are."""
_described = msgspec.json.Decoder(list[tuple[int, Kind, int | None, int, int, int]]).decode


class Row(msgspec.Struct, frozen=True):
    """One thing for one destination. block_id and sent: for `activities`, which block, and how many of it are there. undecided: the
    output's filters were not asked whether it is sent that."""

    seq: int
    kind: Kind
    block_id: int | None
    sent: int
    body: bytes
    undecided: bool = False

    def item(self) -> Alert | Activity | GovernanceCommand:
        """What a message is made of: an alert, an activity that goes once more, or a command with its outcome."""
        if self.kind == "activity":
            return _activity(self.body)
        return self.alert() if self.kind == "alert" else self.command()

    def alert(self) -> Alert:
        """The alert as it was when there was something to say of it."""
        return _alert(self.body)

    def command(self) -> GovernanceCommand:
        """The governance command."""
        return _command(self.body)


class Part(msgspec.Struct, frozen=True, gc=False):
    """Messages of one row that went together. done: of a row of activities, how many there are up to here; whole: nothing is left of it.
    places: of each of several messages, how many there were before it."""

    seq: int
    items: int
    done: int
    whole: bool
    places: Sequence[int] = ()


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """How a destination is doing: numbers of messages; `size` is in bytes. Times are milliseconds since 1970.

    pending, size, oldest: what waits to be sent, and since when. in_doubt: sent, but perhaps not read. delivered: certainly or most
    probably read. sent: gone where nobody says what arrives.
    """

    name: str
    pending: int = 0
    size: int = 0
    oldest: int | None = None
    in_doubt: int = 0
    delivered: int = 0
    sent: int = 0
    refused: int = 0
    failures: int = 0
    last_error: str | None = None
    last_error_at: int | None = None
    last_delivery: int | None = None
    down_since: int | None = None


def add(
    connection: sqlite3.Connection,
    destination: str,
    item: Alert | GovernanceCommand,
    now: int | None = None,
    *,
    undecided: bool = False,
) -> None:
    """Queue an alert or a command for one destination. now: ms; left out, when the item was created. undecided: see Row."""
    body = _encode(item)
    kind = "alert" if isinstance(item, Alert) else "command"
    row = (destination, kind, len(body), body, item.created if now is None else now, undecided)
    connection.execute("INSERT INTO outbox (destination, kind, size, body, stored, undecided) VALUES (?, ?, ?, ?, ?, ?)", row)


def add_outcome(connection: sqlite3.Connection, destination: str, command: GovernanceCommand, now: int) -> None:
    """Queue what became of a command, for an output. now: ms."""
    body = _encode(command)
    row = (destination, len(body), body, now)
    connection.execute("INSERT INTO outbox (destination, kind, size, body, stored) VALUES (?, 'outcome', ?, ?, ?)", row)


def add_activity(connection: sqlite3.Connection, destination: str, activity: Activity, now: int, *, undecided: bool = False) -> None:
    """Queue an activity once more, for an output. now: ms. undecided: see Row."""
    body = activity_body(activity)
    row = (destination, len(body), body, now, undecided)
    query = "INSERT INTO outbox (destination, kind, size, body, stored, undecided) VALUES (?, 'activity', ?, ?, ?, ?)"
    connection.execute(query, row)


def add_block(connection: sqlite3.Connection, destination: str, block_id: int, size: int) -> None:
    """Queue the activities of a block; they are not copied."""
    connection.execute(
        "INSERT INTO outbox (destination, kind, block_id, size, body) VALUES (?, 'activities', ?, ?, x'')", (destination, block_id, size)
    )


def activity_body(activity: Activity) -> bytes:
    """An activity as a row has it: by the names of its fields, so that what names a person is found in it."""
    return _encode({name: getattr(activity, name) for name in Activity.__struct_fields__})


def _activity(body: bytes) -> Activity:
    fields = msgspec.msgpack.decode(body)  # without the newest fields where an older casbd wrote it
    return msgspec.convert([fields[name] for name in Activity.__struct_fields__ if name in fields], Activity)


def head(connection: sqlite3.Connection, destination: str, limit: int, after: int = 0) -> list[Row]:
    """The next rows of a destination, in order, behind the row `after`; at most so many, and fewer where they are large."""
    described, bodies = connection.execute(_HEAD, (destination, after, limit)).fetchone()
    rows, end = [], 0
    for seq, kind, block_id, sent, undecided, length in _described(described):
        rows.append(Row(seq, kind, block_id, sent, bodies[end : end + length], bool(undecided)))
        end += length
    rows.sort(key=attrgetter("seq"))  # SQLite does not promise in which order it aggregates
    return rows


def handed_over(connection: sqlite3.Connection, destination: str, reached: int, now: int) -> None:
    """The destination got something just now, all rows up to `reached` over the present connection."""
    connection.execute(
        "INSERT INTO destinations (name, last_delivery, reached) VALUES (?, ?, ?)"
        " ON CONFLICT (name) DO UPDATE SET last_delivery = excluded.last_delivery, reached = excluded.reached",
        (destination, now, reached),
    )


def settle(connection: sqlite3.Connection, destination: str, parts: Sequence[Part], *, acknowledged: bool = True) -> None:
    """Take out what is out of doubt, and count it. acknowledged: whether the destination said that it has it."""
    # In one transaction with the row's end: a row of activities that is sent in parts begins again behind the last part that is certain.
    connection.executemany("UPDATE outbox SET sent = ? WHERE seq = ?", [(part.done, part.seq) for part in parts if not part.whole])
    whole = _encode_json([part.seq for part in parts if part.whole]).decode()
    connection.execute("DELETE FROM outbox WHERE seq IN (SELECT value FROM json_each(?))", (whole,))
    items = sum(part.items for part in parts)
    if items:  # an error of one message is of interest until the next one is there, that of a destination until it recovers
        connection.execute(
            "INSERT INTO destinations (name, delivered, sent) VALUES (?, ?, ?)"
            " ON CONFLICT (name) DO UPDATE SET delivered = delivered + excluded.delivered, sent = sent + excluded.sent,"
            " last_error = CASE WHEN down_since IS NULL THEN NULL ELSE last_error END",
            (destination, items if acknowledged else 0, 0 if acknowledged else items),
        )


def failed(
    connection: sqlite3.Connection, destination: str, reason: str, now: int, since: int | None = None, *, stands: bool = False
) -> None:
    """A passing failure. since: when the outage began, if not now. stands: else all that is in doubt is to be sent again."""
    connection.execute(
        "INSERT INTO destinations (name, failures, last_error, last_error_at, down_since) VALUES (?1, 1, ?2, ?3, coalesce(?4, ?3))"
        " ON CONFLICT (name) DO UPDATE SET failures = failures + 1, last_error = excluded.last_error,"
        " last_error_at = excluded.last_error_at, down_since = coalesce(down_since, excluded.down_since),"
        " reached = CASE WHEN ?5 THEN reached ELSE 0 END",
        (destination, reason, now, since, stands),
    )


def recovered(connection: sqlite3.Connection, destination: str) -> None:
    """The destination takes messages again."""
    connection.execute("UPDATE destinations SET down_since = NULL, last_error = NULL WHERE name = ?", (destination,))


def begin_anew(connection: sqlite3.Connection, destination: str | None = None) -> None:
    """A destination (None: each of them) has no connection: nothing of what it got over an earlier one counts as sent."""
    connection.execute("UPDATE destinations SET reached = 0 WHERE reached <> 0 AND name = coalesce(?, name)", (destination,))


def down_since(connection: sqlite3.Connection) -> dict[str, int]:
    """The destinations that take nothing, and since when."""
    return dict(connection.execute("SELECT name, down_since FROM destinations WHERE down_since IS NOT NULL ORDER BY name"))


def refuse(connection: sqlite3.Connection, destination: str, row: Row, body: bytes, reason: str, now: int) -> None:
    """Set aside what the destination will never take: a whole row, or one activity of a block's row, which stays."""
    kind = "activity" if row.kind == "activities" else row.kind
    if row.kind != "activities":
        connection.execute("DELETE FROM outbox WHERE seq = ?", (row.seq,))
    connection.execute(
        "INSERT INTO refused (destination, kind, body, reason, stored) VALUES (?, ?, ?, ?, ?)", (destination, kind, body, reason, now)
    )
    connection.execute(
        "INSERT INTO destinations (name, refused, last_error, last_error_at) VALUES (?, 1, ?, ?)"
        " ON CONFLICT (name) DO UPDATE SET refused = refused + 1, last_error = excluded.last_error, last_error_at = excluded.last_error_at",
        (destination, reason, now),
    )


def withdraw(connection: sqlite3.Connection, command_ids: Collection[str]) -> None:
    """Take governance commands out of all queues."""
    query = "SELECT seq, body FROM outbox WHERE kind = 'command'"
    gone = [(seq,) for seq, body in connection.execute(query).fetchall() if _command(body).command_id in command_ids]
    connection.executemany("DELETE FROM outbox WHERE seq = ?", gone)


def prune_refused(connection: sqlite3.Connection, before: int, at_most: int = -1) -> int:
    """Remove what was refused before then, at most so many (-1: all); how many."""
    query = "DELETE FROM refused WHERE seq IN (SELECT seq FROM refused WHERE stored < ? LIMIT ?)"
    return connection.execute(query, (before, at_most)).rowcount


def prune_unclaimed(connection: sqlite3.Connection, configured: Collection[str], activities_before: int, alerts_before: int) -> int:
    """Take out what waits for destinations that are no longer configured, once it is too old to be kept at all; how many.

    Until then it is delivered if the destination comes back.
    """
    removed = 0
    for destination in pending(connection).keys() - set(configured):
        removed += connection.execute(
            "DELETE FROM outbox WHERE destination = ?1 AND block_id IN (SELECT block_id FROM blocks WHERE last < ?2 AND stored < ?2)",
            (destination, activities_before),
        ).rowcount
        old = []
        query = "SELECT seq, kind, body, stored FROM outbox WHERE destination = ? AND kind <> 'activities' ORDER BY seq"
        for row in connection.execute(query, (destination,)):
            if _moment(*row[1:]) >= alerts_before:
                break
            old.append((row[0],))
        connection.executemany("DELETE FROM outbox WHERE seq = ?", old)
        removed += len(old)
    return removed


def _moment(kind: Kind, body: bytes, stored: int) -> int:
    if kind == "activity":
        return stored
    return _alert(body).created if kind == "alert" else _command(body).created


_WITH_REACHED = " FROM outbox LEFT JOIN destinations ON name = destination "
_WAITS = "outbox.seq > coalesce(reached, 0)"


def pending(connection: sqlite3.Connection) -> dict[str, tuple[int, int]]:
    """Rows and bytes that wait to be sent, by destination; what is in doubt does not."""
    query = f"SELECT destination, count(*), sum(size) {_WITH_REACHED} WHERE {_WAITS} GROUP BY destination"
    return {name: (rows, size) for name, rows, size in connection.execute(query)}


_KNOWN = ("name", "delivered", "sent", "refused", "failures", "last_error", "last_error_at", "last_delivery", "down_since")


def deliveries(connection: sqlite3.Connection) -> dict[str, Delivery]:
    """How every destination is doing that ever had something to deliver."""
    rows = connection.execute(f"SELECT {', '.join(_KNOWN)} FROM destinations")  # noqa: S608  our own words
    entries: dict[str, dict[str, Any]] = {row[0]: dict(zip(_KNOWN, row, strict=True)) for row in rows}
    counted = (
        f"SELECT destination, {_WAITS} AS waits, sum(coalesce(blocks.activities - outbox.sent, 1)) AS number, sum(size) AS size,"
        f" min(outbox.seq) AS foremost{_WITH_REACHED} LEFT JOIN blocks USING (block_id) GROUP BY 1, 2"
    )
    # one statement: between two of them a worker may take out the row that the first one saw
    messages = f"SELECT destination, waits, number, size, {_STORED} FROM ({counted})"  # noqa: S608  our own words
    for name, waits, number, size, oldest in connection.execute(messages):
        entry = entries.setdefault(name, {"name": name})
        entry |= {"pending": number, "size": size, "oldest": oldest} if waits else {"in_doubt": number}
    return {name: Delivery(**entry) for name, entry in entries.items()}


_STORED = "(SELECT coalesce(outbox.stored, blocks.stored) FROM outbox LEFT JOIN blocks USING (block_id) WHERE seq = foremost)"


def connector_destination(name: str) -> str:
    """The name of a connector's queue."""
    return f"connector:{name}"
