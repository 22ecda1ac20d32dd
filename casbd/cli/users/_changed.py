"""What is done to what is remembered of a user."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable, Collection
from pathlib import Path

import click

from casbd.activity_log.people import Place, is_at, people
from casbd.cli import EXIT_NO
from casbd.cli._changes import store_to_change
from casbd.cli._common import cell
from casbd.cli._screen import real, screen
from casbd.clock import now
from casbd.model.identity import named, text_of
from casbd.store.state import audit


def of_user(
    configuration: Path,
    user: str,
    place: Place,
    action: str,
    change: Callable[[sqlite3.Connection, Collection[str]], int],
    said: str,
) -> None:
    """Do it for a user, and note it in the audit trail. said: with how many alerts that changed, and an s where these are several.

    Where several are called so, none is meant: exit code 2 with what there is to choose from.
    """
    shown = screen(configuration)
    with store_to_change(configuration) as store:
        called = people(store, real(store, shown, user))
        meant = [one for one in called if one.is_anywhere or is_at(place, one.app, one.app_instance)]
        if not meant:
            click.echo(f"casbd: there is no user {cell(user)}", err=True)
            sys.exit(EXIT_NO)
        if len(meant) > 1:
            several = ", ".join(sorted(named(shown.user(one.names[0]), one.app, one.app_instance) for one in meant))
            raise click.UsageError(f"several are called so, say which with --app and --instance: {cell(several)}")
        (whom,) = meant
        with store.transaction() as connection:
            number = change(connection, [text_of(whom.who)])
            where = {} if whom.is_anywhere else {"app": whom.app, "app_instance": whom.app_instance}
            audit.add(connection, now(), action, whom.names[0], {"alerts": number} | where)
    click.echo(f"{cell(user)}: {said.format(number, 's' * (number != 1))}", err=True)
