"""Records that could not be read: as many are kept as the disk bears, the newest."""

from builders import reject

from casbd.store.state import rejects


def test_they_come_back_in_order_with_when_they_were_stored(connection):
    made = [reject(offset=offset, raw=bytes([offset])) for offset in (5, 3)]
    rejects.add(connection, made, 100)
    rejects.add(connection, [], 150)
    assert [*rejects.every(connection)] == [(1, made[0], 100), (2, made[1], 100)]


def test_beyond_so_many_the_oldest_go(connection, monkeypatch):
    monkeypatch.setattr(rejects, "MOST", 3)
    for now in range(5):
        rejects.add(connection, [reject(offset=now)], now)
    assert [number for number, _, _ in rejects.every(connection)] == [3, 4, 5]


def test_those_that_were_stored_before_a_time_are_removed_some_at_once(connection):
    rejects.add(connection, [reject() for _ in range(5)], 100)
    rejects.add(connection, [reject()], 101)
    assert [rejects.prune(connection, 100), *(rejects.prune(connection, 101, 3) for _ in range(3))] == [0, 3, 2, 0]
    assert [stored for _, _, stored in rejects.every(connection)] == [101]
