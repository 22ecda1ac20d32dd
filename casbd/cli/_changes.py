"""What commands that change something share: the store to write to, and the audit trail."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from casbd.cli import EXIT_RETRY
from casbd.cli._common import cell
from casbd.clock import now
from casbd.config.place import state_dir
from casbd.errors import CasbdError, StateInUse
from casbd.store.database import FILE, Store
from casbd.store.state import audit


def store_to_change(configuration: Path) -> Store:
    """The configured state directory, to write to in short transactions, while the daemon runs or not.

    StoreError where there is none yet, or an older casbd's: making one and bringing it up to date is the daemon's.
    """
    directory = state_dir(configuration)
    Store(directory, readonly=True).close()  # opened to write, a missing one would be made, and an older one migrated beside a daemon
    return Store(directory, locked=False)


def store_alone(configuration: Path) -> Store:
    """The same as the only one who writes to it; exit code 75 where the daemon runs."""
    directory = state_dir(configuration)
    Store(directory, readonly=True).close()
    try:
        return Store(directory)
    except StateInUse as error:
        click.echo(f"casbd: {error}; stop it first (systemctl stop casbd), it goes on where it was", err=True)
        sys.exit(EXIT_RETRY)


def noted(configuration: Path, action: str, target: str, detail: Mapping[str, Any]) -> None:
    """Add to the audit trail what was done to a file. The file is changed already: where the entry cannot be made, that is said.

    Before casbd's first start there is no trail, and no entry.
    """
    try:
        if (state_dir(configuration) / FILE).exists():
            with store_to_change(configuration) as store, store.transaction() as connection:
                audit.add(connection, now(), action, target, detail)
    except (CasbdError, OSError, sqlite3.Error) as error:
        click.echo(f"casbd: the audit trail has no entry of this: {cell(error)}", err=True)


class OneLine(click.ParamType[str]):
    """A text that is kept and shown to others: one line, trimmed, without control characters."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:  # noqa: ARG002  click's signature
        """The text."""
        return cell(value)
