"""What must not grow: the write-ahead log under a slow reader, the cost of one alert in a storm, one transaction of retention."""

import threading
from itertools import chain

import pytest
from builders import HOUR, NOON, Core, record, settings

from casbd.activity_log import ActivityLog
from casbd.store.database import Store
from casbd.store.log import blocks
from casbd.store.state import outbox, raised_alerts, rejects


def test_several_threads_read_blocks_at_once(make_core):
    core: Core = make_core()
    for number in range(4):
        core.feed_records(*(record(at=n, ObjectId=f"{number}-{n}" * 200) for n in range(200)))
    expected = {number: len(core.block(number)) for number in range(1, 5)}
    wrong = []

    def read(number):
        with Store(core.store.directory, readonly=True) as store:
            for _ in range(50):
                found = blocks.read_block(store.connection, number)
                if len(found) != expected[number]:
                    wrong.append(number)

    threads = [threading.Thread(target=read, args=(number,), daemon=True) for number in expected]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    assert not wrong


@pytest.mark.parametrize("begin", [ActivityLog.newest_first, lambda log: chain.from_iterable(log.scan())])
def test_a_search_in_a_pager_does_not_hold_back_the_write_ahead_log(make_core, begin):
    core: Core = make_core()
    for _ in range(5):
        core.feed_records(record())
    with Store(core.store.directory, readonly=True) as store:
        found = begin(ActivityLog(store))
        next(found)
        core.feed_records(record())
        busy, *_ = core.store.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        assert not busy
        with core.store.transaction() as connection:
            connection.execute("DELETE FROM blocks WHERE block_id = 3")
        assert len([*found]) == 4, "the log of the moment when it began"


def test_an_alert_in_a_storm_costs_no_more_than_the_first_ones(make_core):
    """Of the policy's alerts, and of what was asked for, of that day nobody looks through all."""
    rule = {"filters": {}, "alert": {"daily_limit": 20}, "governance": [{"action": "suspend_user", "connector": "entra"}]}
    core: Core = make_core(
        rules={"failed": rule | {"filters": {"action_type": {"eq": "UserLoginFailed"}}}}, settings=settings(mode="enforce")
    )

    def steps():
        seen = []
        core.store.connection.set_progress_handler(lambda: seen.append(1), 1000)
        core.feed_records(*(record(UserId=f"{n}-{core.now}@contoso.com") for n in range(200)))
        core.store.connection.set_progress_handler(None, 0)
        core.now += 1000
        return len(seen)

    first = steps()
    for _ in range(8):
        last = steps()
    assert last < 2 * first


def test_retention_is_done_in_parts(make_core):
    core: Core = make_core(rules={"failed": {}}, settings=settings({}))
    for _ in range(5):
        core.feed_records(record(), b"{")
    later = NOON + HOUR
    with core.store.transaction() as connection:
        for prune, left in ((blocks.prune, [2, 2, 1, 0]), (raised_alerts.prune, [2, 2, 1, 0])):
            assert [prune(connection, later, 2) for _ in left] == left
        assert rejects.prune(connection, later) == 5


def test_what_waits_for_a_destination_that_is_gone_goes_when_it_is_too_old(make_core):
    core: Core = make_core(rules={"failed": {}}, settings=settings({"siem": ["alerts"], "gone": ["alerts", "activities"]}))
    core.feed_records(record())
    core.now = NOON + HOUR
    core.feed_records(record(at=HOUR))

    def prune(before):
        with core.store.transaction() as connection:
            removed = outbox.prune_unclaimed(connection, ["siem"], before, before)
            return removed, blocks.prune(connection, before)

    assert prune(NOON) == (0, 0)
    assert prune(NOON + 1) == (2, 1)
    assert [row.kind for row in core.waiting("gone")] == ["activities", "alert"]
    assert prune(NOON + HOUR + 1) == (2, 1)
    assert len(core.waiting("siem")) == 2


def test_a_file_full_of_nonsense_does_not_fill_the_disk(make_core, monkeypatch):
    monkeypatch.setattr(rejects, "MOST", 5)
    core: Core = make_core()
    for number in range(4):
        core.feed_records(*(f"{{ {number} {n}".encode() for n in range(3)))
    assert [reject.raw for _, reject, _ in rejects.every(core.store.connection)] == [b"{ 2 1", b"{ 2 2", b"{ 3 0", b"{ 3 1", b"{ 3 2"]
    assert core.counts()["m365"][4] == 12
