"""Whether governance is stopped, by whom and why."""

from casbd.store.state import governance_stop
from casbd.store.state.governance_stop import Stopped


def test_governance_is_stopped_until_it_is_started(connection):
    assert governance_stop.stopped(connection) is None
    for by in (Stopped(5, "eva", "why"), Stopped(6, "ann")):
        governance_stop.stop(connection, by)
        assert governance_stop.stopped(connection) == by
    governance_stop.start(connection)
    assert governance_stop.stopped(connection) is None
