"""What commands that write a file of one's own share: its end by signals, and what is told where it cannot be written."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from casbd.cli import EXIT_RETRY
from casbd.cli._common import cell


class _Full(click.ClickException):
    """Writing failed: worth trying again where there is more room."""

    exit_code = EXIT_RETRY


@contextmanager
def writing(file: Path) -> Iterator[None]:
    """Around the writing of a file: nothing half written is left, whatever ends it."""
    try:
        with _ended_by_signals():
            yield
    except FileExistsError as error:
        hint = "; --force writes over it" if error.filename == str(file) else ""
        raise click.BadParameter(f"{cell(error.filename)} {error.strerror}{hint}", param_hint="FILE") from None
    except OSError as error:
        if error.filename is None:
            raise _Full(f"{cell(file)}: {error.strerror}; nothing is left of it") from None
        raise click.BadParameter(f"{cell(error.filename)}: {error.strerror}", param_hint="FILE") from None


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """The end of a service or of a terminal is an interrupt like Ctrl-C."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    for number, handler in before.items():
        if handler == signal.SIG_DFL:  # not where nohup has it ignored
            signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
