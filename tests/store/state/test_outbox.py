"""What waits for each destination, what is in doubt, and how a destination is said to be doing."""

import pytest
from msgspec.structs import replace

from casbd.model.alert import Alert
from casbd.model.governance import GovernanceCommand
from casbd.store.log import blocks
from casbd.store.log.packing import Packer
from casbd.store.state import outbox
from casbd.store.state.outbox import Delivery, Part


def alert(name, created=0):
    return Alert(alert_id=name, policy_id="p", policy_name="P", policy_type="activity", severity="low", created=created)


def command(name, created=0):
    return GovernanceCommand(command_id=name, action="suspend_user", connector="entra", target="a", status="queued", created=created)


def block(connection, number=3, last=0, stored=0):
    part = blocks.Part(b"body", 4, range(1, number + 1), last, last, bytes(number))
    ((block_id, size),) = blocks.add(connection, Packer(), [part], stored)
    return block_id, size


def seqs(connection, name="siem", limit=100, after=0):
    return [row.seq for row in outbox.head(connection, name, limit, after)]


def of(connection, name="siem"):
    return outbox.deliveries(connection)[name]


def test_rows_of_a_destination_come_in_order_and_some_at_a_time(connection):
    for name, item in [("siem", alert("a")), ("other", alert("b")), ("siem", command("c"))]:
        outbox.add(connection, name, item)
    outbox.add_block(connection, "siem", 7, 1000)
    first, second, third = outbox.head(connection, "siem", 10)
    assert (first.kind, first.alert(), first.block_id, first.sent) == ("alert", alert("a"), None, 0)
    assert (second.kind, second.command()) == ("command", command("c"))
    assert (third.kind, third.block_id, third.sent, third.body) == ("activities", 7, 0, b"")
    assert (seqs(connection, limit=2), seqs(connection, after=1), seqs(connection, after=4)) == ([1, 3], [3, 4], [])
    assert {name: rows for name, (rows, _) in outbox.pending(connection).items()} == {"siem": 3, "other": 1}
    assert outbox.pending(connection)["siem"][1] == len(first.body) + len(second.body) + 1000


def test_a_body_is_any_bytes(connection):
    bodies = [b"", b"\0\0", b"\xff\x00\xfe", b"[1]", bytes(range(256)) * 300, "ä\0€".encode(), b"\xed\xa0\x80"]
    sql = "INSERT INTO outbox (destination, kind, size, body, stored) VALUES ('siem', 'alert', ?, ?, 0)"
    connection.executemany(sql, [(len(body), body) for body in bodies])
    assert [row.body for row in outbox.head(connection, "siem", 100)] == bodies


def test_rows_are_in_order_whatever_the_order_is_in_which_they_are_aggregated():
    class Disordered:
        def execute(self, *_):
            return self

        def fetchone(self):
            return '[[3,"alert",null,0,1,2],[1,"command",null,0,0,0],[2,"activities",7,5,0,1]]', b"abc"

    rows = outbox.head(Disordered(), "siem", 3)
    assert [(row.seq, row.block_id, row.sent, row.body) for row in rows] == [(1, None, 0, b""), (2, 7, 5, b"c"), (3, None, 0, b"ab")]


def test_of_large_rows_few_come_at_once(connection):
    """They are in memory twice. A block's activities are not copied, whatever their size is."""
    for number in range(9):
        outbox.add_block(connection, "siem", number, outbox.MOST_AT_ONCE)
    assert len(seqs(connection)) == 9
    large = replace(alert("a"), description="x" * (outbox.MOST_AT_ONCE // 10))
    for _ in range(10):
        outbox.add(connection, "other", large)
    assert (len(seqs(connection, "other", 9)), len(seqs(connection, "other", 10)), len(seqs(connection, "other", 3))) == (9, 8, 3)


def test_what_is_out_of_doubt_is_taken_out_and_counted(connection):
    outbox.add_block(connection, "siem", *block(connection))
    outbox.add(connection, "siem", alert("a"))
    outbox.settle(connection, "siem", [Part(1, 2, 2, False)])
    assert outbox.head(connection, "siem", 1)[0].sent == 2
    assert (of(connection).pending, of(connection).delivered, of(connection).sent) == (2, 2, 0)
    outbox.settle(connection, "siem", [Part(1, 1, 3, True), Part(2, 1, 1, True)], acknowledged=False)
    assert seqs(connection) == []
    assert (of(connection).pending, of(connection).delivered, of(connection).sent) == (0, 2, 2)


def test_what_was_handed_over_is_in_doubt_until_the_connection_ends(connection):
    for name in "abc":
        outbox.add(connection, "siem", alert(name, created=50))
    outbox.handed_over(connection, "siem", 2, now=70)
    assert (of(connection).pending, of(connection).in_doubt, of(connection).oldest, of(connection).last_delivery) == (1, 2, 50, 70)
    assert outbox.pending(connection)["siem"][0] == 1
    outbox.begin_anew(connection, "other")
    assert of(connection).in_doubt == 2
    outbox.begin_anew(connection, "siem")
    assert (of(connection).pending, of(connection).in_doubt) == (3, 0)
    outbox.handed_over(connection, "siem", 3, now=80)
    outbox.begin_anew(connection)
    assert of(connection).in_doubt == 0


def test_an_outage_has_its_first_moment_and_its_last_error(connection):
    outbox.add(connection, "siem", alert("a", created=50))
    outbox.handed_over(connection, "siem", 1, now=60)
    outbox.failed(connection, "siem", "refused", 100)
    outbox.failed(connection, "siem", "timed out", 200)
    outbox.failed(connection, "other", "gone", 300, since=250)
    size = len(outbox.head(connection, "siem", 1)[0].body)
    assert of(connection) == Delivery(
        name="siem",
        pending=1,
        size=size,
        oldest=50,
        failures=2,
        last_error="timed out",
        last_error_at=200,
        last_delivery=60,
        down_since=100,
    )
    assert outbox.down_since(connection) == {"other": 250, "siem": 100}
    outbox.settle(connection, "siem", [Part(1, 1, 1, True)])
    assert of(connection).last_error == "timed out", "until it recovers"
    outbox.recovered(connection, "siem")
    assert (of(connection).down_since, of(connection).last_error, of(connection).last_error_at) == (None, None, 200)
    assert outbox.down_since(connection) == {"other": 250}


def test_what_is_refused_is_set_aside_and_its_error_is_of_interest_until_the_next_is_there(connection):
    outbox.add(connection, "siem", alert("a"))
    outbox.add_block(connection, "siem", *block(connection))
    first, second = outbox.head(connection, "siem", 2)
    for row, now in [(first, 100), (second, 200)]:
        outbox.refuse(connection, "siem", row, b"body", "too long", now)
    assert seqs(connection) == [second.seq], "of a block one activity was refused, not all"
    assert (of(connection).refused, of(connection).last_error, of(connection).last_error_at) == (2, "too long", 200)
    rows = connection.execute("SELECT destination, kind, body, reason, stored FROM refused").fetchall()
    assert rows == [("siem", "alert", b"body", "too long", 100), ("siem", "activity", b"body", "too long", 200)]
    outbox.settle(connection, "siem", [Part(second.seq, 0, 1, False)])
    assert of(connection).last_error == "too long"
    outbox.settle(connection, "siem", [Part(second.seq, 2, 3, True)])
    assert of(connection).last_error is None
    assert [outbox.prune_refused(connection, before) for before in (100, 101, 1000)] == [0, 1, 1]


def test_so_many_refused_ones_are_removed_at_once(connection):
    outbox.add_block(connection, "siem", *block(connection))
    (row,) = outbox.head(connection, "siem", 1)
    for _ in range(5):
        outbox.refuse(connection, "siem", row, b"", "", 0)
    assert [outbox.prune_refused(connection, 1, 2) for _ in range(4)] == [2, 2, 1, 0]


def test_a_command_is_withdrawn_from_wherever_it_waits(connection):
    for name, item in [("connector:x", command("1")), ("connector:y", command("1")), ("connector:x", command("2")), ("siem", alert("1"))]:
        outbox.add(connection, name, item)
    outbox.withdraw(connection, {"1"})
    assert [seqs(connection, name) for name in ("connector:x", "connector:y", "siem")] == [[3], [], [4]]


@pytest.mark.parametrize(
    ("activities_before", "alerts_before", "left"),
    [
        (0, 0, [1, 2, 3, 4]),
        (10, 0, [1, 2, 3, 4]),
        (11, 0, [2, 3, 4]),
        (21, 0, [3, 4]),
        (0, 5, [1, 2, 3, 4]),
        (0, 6, [1, 2, 4]),
        (21, 8, []),
    ],
)
def test_what_nobody_takes_any_more_goes_when_it_is_too_old(connection, activities_before, alerts_before, left):
    for last in (10, 20):
        outbox.add_block(connection, "gone", *block(connection, last=last, stored=5))
    outbox.add(connection, "gone", alert("a", created=5))
    outbox.add(connection, "gone", command("c", created=7))
    outbox.add(connection, "siem", alert("b", created=0))
    removed = outbox.prune_unclaimed(connection, ["siem"], activities_before, alerts_before)
    assert (seqs(connection, "gone"), removed, len(seqs(connection))) == (left, 4 - len(left), 1)


def test_what_is_given_for_an_older_row_is_when_its_block_was_stored(connection):
    outbox.add_block(connection, "siem", *block(connection, number=5, stored=77))
    assert (of(connection).pending, of(connection).oldest) == (5, 77)
    assert outbox.connector_destination("entra") == "connector:entra"
