"""What was stored without being sent, by policy, reason and subject."""

from casbd.store.state import held_back
from casbd.store.state.held_back import HeldBack


def test_held_back_by_policy_reason_and_subject(connection):
    kept = [HeldBack("p", "suppress", "a", 30, 1), HeldBack("p", "suppress", "b", 10, 2), HeldBack("p", "daily_limit", "", 20, 3)]
    for one in kept:
        held_back.put(connection, one)
    held_back.put(connection, kept[0]._replace(number=9))
    assert held_back.get(connection, "p", "suppress", "a") == kept[0]._replace(number=9)
    assert held_back.get(connection, "p", "daily_limit", "a") is None
    assert [one.subject for one in held_back.every(connection)] == ["b", "", "a"], "the oldest first"
    held_back.forget(connection, kept[0])
    assert [*held_back.every(connection)] == [kept[1], kept[2]]
