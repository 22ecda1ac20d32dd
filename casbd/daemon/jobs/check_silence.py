"""An input that used to talk and says nothing is a disconnected export, or an attacker's doing."""

from __future__ import annotations

from casbd.alerting import raising
from casbd.daemon.running import Running
from casbd.store.state import input_progress

EVERY = 10


def run(running: Running) -> None:
    """Raise an alert for each that is silent for longer than its `silence` says; not while it is casbd that does not listen."""
    parts = running.parts
    counts = input_progress.counts(parts.store.connection)
    if running.back_pressure.full:
        return
    for entry in parts.settings.inputs:
        name, silence = entry.spec.name, entry.spec.silence
        last = counts[name].last_record if name in counts else None
        if name not in counts:  # new since a reload: silent since now
            with parts.store.transaction() as connection:
                input_progress.ensure(connection, name, parts.clock())
        if silence is None or last is None or (silent := running.silence.of(name, last, parts.clock(), parts.started)) <= silence:
            continue
        minutes = max(silent, parts.clock() - last) // 60_000
        alert = raising.system(
            "input_silent",
            f"Input {name} is silent",
            f"No record has come from input {name} for {minutes} minutes.",
            subject=name,
            moment=last,
            now=parts.clock(),
        )
        parts.raise_system(alert)
