"""Policies that once cost too much are not asked, as long as they say what they said then."""

from __future__ import annotations

from casbd.daemon.parts import Parts
from casbd.store.state import set_aside


def do_without(parts: Parts) -> None:
    """Have the scanning leave them out; forget those that say something else by now."""
    meanings = parts.engine.meanings()
    with parts.store.transaction() as connection:
        set_aside.forget_changed(connection, meanings)
    parts.scanning.do_without(set_aside.of(parts.store.connection, meanings))
