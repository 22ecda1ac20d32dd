"""How far `run --once` has come."""

import io
import sys
import threading

from casbd.cli._progress import progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_nothing_is_shown_but_on_a_terminal(monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with progress() as report:
        assert report is None


def test_no_thread_draws_before_something_is_read(monkeypatch):
    """Processes that scan are forked before: who draws just then would hold the lock of standard error in them for ever."""
    terminal, before = Terminal(), threading.active_count()
    monkeypatch.setattr(sys, "stderr", terminal)
    with progress() as report:
        assert threading.active_count() == before
        report(1_000_000, 2_000_000, 1234)
        assert threading.active_count() == before + 1
    assert "1,234 records" in terminal.getvalue()


def test_nothing_was_read(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with progress():
        pass
    assert terminal.getvalue() == ""
