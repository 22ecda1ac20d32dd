"""Telling what became of governance commands, and that the breaker is open.

An outcome is noted in the transaction that it is in, by the daemon, a connector's thread or a command at a terminal; which outputs want it
only the daemon knows. What was noted stays until it is in their queues.
"""

from __future__ import annotations

from casbd.daemon.parts import Parts
from casbd.governance import alerts
from casbd.store.state import governance_breaker, governance_log, outbox

AT_ONCE = 1000


def tell(parts: Parts) -> bool:
    """Queue what is to be told, in order; whether there was anything.

    The alerts go first: they are raised once each, so that a crash in between neither loses nor doubles one.
    """
    connection, now = parts.store.connection, parts.clock()
    breaker = governance_breaker.opened(connection)
    if breaker is not None:
        parts.raise_system(alerts.breaker_opened(breaker, now))
    outcomes = governance_log.untold(connection, AT_ONCE)
    if not outcomes:
        return False
    for command in outcomes.values():
        if command.status == "failed":
            parts.raise_system(alerts.failed(command, now))
    outputs = parts.settings.sending("governance")
    with parts.store.transaction() as writing:
        for command in outcomes.values():
            for output in outputs:
                outbox.add_outcome(writing, output, command, now)
        governance_log.told(writing, max(outcomes))
    if outputs:
        parts.dispatcher.wake()
    return True
