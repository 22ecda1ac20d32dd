"""Retention: what is too old goes, a part at a time."""

from __future__ import annotations

import logging
from functools import partial

from casbd.daemon.retention import remove_some
from casbd.daemon.running import Running
from casbd.store.state import input_progress

log = logging.getLogger(__name__)

EVERY = 3600


def run(running: Running) -> None:
    """Remove a part; it comes again at once where there is more."""
    parts = running.parts
    windows = {policy.window_key: policy.windowed.within for policy in parts.engine.policies if policy.windowed}
    was_ahead = parts.retention_clock.warnings()
    until = parts.retention_clock(parts.clock())
    for warning in [] if was_ahead else parts.retention_clock.warnings():
        log.warning(warning)
    more = remove_some(parts.store, parts.settings.retention, until, parts.queues(), windows, running.learning.learned)
    with parts.store.transaction() as connection:
        input_progress.forget_positions(connection, parts.inputs.forgotten())
    if more:
        running.due.soon("remove_old", partial(run, running))
