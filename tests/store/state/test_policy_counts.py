"""How often policies matched and raised alerts."""

from casbd.store.state import policy_counts


def test_counts_of_policies_add_up_and_hours_are_replaced(connection):
    policy_counts.count(connection, {"a": 3, "b": 1}, {"a": 2}, {"a": {"x": {5: 1}}})
    policy_counts.count(connection, {"a": 4}, {"a": 1}, {"a": {"y": {6: 2}}})
    assert policy_counts.counts(connection) == {"a": (7, 3), "b": (1, 0)}
    assert policy_counts.hours(connection, dict[int, int]) == {"a": {"y": {6: 2}}, "b": {}}
