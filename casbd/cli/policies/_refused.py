"""That a rule file cannot be written."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NoReturn

import click

from casbd.cli import EXIT_NO
from casbd.cli._common import cell
from casbd.errors import CasbdError


def refused(path: Path, error: CasbdError | OSError) -> NoReturn:
    """The end of the program: a file cannot be written, or not by us."""
    reason = f"{path}: {error.strerror}" if isinstance(error, OSError) else str(error)
    click.echo(f"casbd: {cell(reason)}", err=True)
    sys.exit(EXIT_NO)
