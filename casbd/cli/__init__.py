"""The command line. Every file of this folder is one command, and every folder a group of them; loaded only when it is called.

Exit codes: 0 done; 1 the answer is no; 2 wrong use; 75 a passing failure worth retrying; 78 broken configuration.
Data goes to standard output, everything else to standard error.
"""

from __future__ import annotations

import gc
import os
import sqlite3
import sys
from contextlib import suppress
from io import StringIO
from pathlib import Path

import click

from casbd import __version__
from casbd.cli._commands import Commands
from casbd.errors import CasbdError, Mistakes, StoreError
from casbd.wire.plain_text import single_line

EXIT_NO = 1
EXIT_RETRY = 75
EXIT_CONFIGURATION = 78


@click.command(cls=Commands, package=__name__, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "-c",
    "--config",
    type=click.Path(path_type=Path),
    envvar="CASBD_CONFIG",
    default="/etc/casbd/casbd.yaml",
    show_default=True,
    show_envvar=True,
    help="The configuration file.",
)
@click.version_option(__version__, prog_name="casbd")
@click.pass_context
def casbd(context: click.Context, config: Path) -> None:
    """Watch your cloud apps, on your own machine.

    casbd follows exported audit logs, keeps a searchable activity log, applies your policies, raises alerts as CEF, and
    asks connectors to act on accounts.
    """
    context.obj = config


def main() -> None:
    """The entry point: what casbd raises on purpose, and what the system refuses, becomes a sentence and an exit code."""
    gc.set_threshold(100_000, 50, 50)  # what a command loads it needs to its end
    _fill_what_is_closed()
    code: int | str | None
    try:
        code = _exit_code()
    except SystemExit as error:
        code = error.code
    except OSError as error:
        code = _refused(error)
    try:
        if sys.stdout is not None:
            sys.stdout.flush()  # here, where a full disk gets a sentence and a code: Python itself would end with a traceback and 120
    except OSError as error:
        code = code or _refused(error)
        # What could not be written is still in the buffer: Python would flush it at its end, fail, and end with 120.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)


def _fill_what_is_closed() -> None:
    """Give back the three descriptors where a shell has closed one (`>&-`): a file of ours would get its number, and what is printed.

    A closed standard output stays one that refuses what is written: data that go nowhere are an error.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDONLY if number == 1 else os.O_RDWR)  # gets the lowest free number
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115  to the end of the program


def _refused(error: OSError) -> int:
    """The exit code after saying what the system refused, if that can be said anywhere. That nobody reads on is no failure."""
    if isinstance(error, BrokenPipeError):
        return 0
    with suppress(OSError):
        click.echo(f"casbd: {single_line(str(error))}", err=True)
    return EXIT_RETRY


def _show(error: click.ClickException) -> None:
    """As click does, but what somebody typed, or a script took from a record, cannot command the terminal."""
    text = StringIO()
    error.show(text)
    for line in text.getvalue().splitlines():
        click.echo(single_line(line), err=True)


def _exit_code() -> int:
    """Run the command; the exit code, after saying why it is not 0."""
    try:
        casbd.main(standalone_mode=False)
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.Abort:
        return 130
    except click.ClickException as error:
        _show(error)
        return error.exit_code
    except Mistakes as error:
        for mistake in error.mistakes:
            click.echo(single_line(str(mistake)), err=True)
        return EXIT_CONFIGURATION
    except StoreError as error:
        click.echo(f"casbd: {error}", err=True)
        return EXIT_NO
    except (CasbdError, sqlite3.Error) as error:  # SQLite's: locked, damaged, or the disk is full
        click.echo(f"casbd: {error}", err=True)
        return EXIT_RETRY
    return 0
