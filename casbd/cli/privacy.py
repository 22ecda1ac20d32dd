"""`casbd privacy`."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from casbd.activity_log.people import Asked
from casbd.cli import EXIT_NO
from casbd.cli._changes import store_alone, store_to_change
from casbd.cli._common import cell
from casbd.cli._namesakes import namesake_options
from casbd.cli._screen import screen
from casbd.clock import now
from casbd.model.identity import canonical
from casbd.personal_data import privacy
from casbd.personal_data.resolving import resolve
from casbd.store.database import Store
from casbd.store.state import audit


@click.group("privacy")
def command() -> None:
    """Tell a person what is known about them, and forget it.

    A person is found by the user's name, and by the ids and full names that only this user's activities have: in their own activities,
    in those of others, in alerts, commands, counted activities, rejects and messages that wait; also where names are escaped, as in
    URLs, JSON or HTML. Not where they are inside base64, compressed, encrypted or pictures, or cut in two. Where several have a
    name, which is no address, --app and --instance say who is meant; what does not say of which app it is (rejects, the audit
    trail) counts as theirs.
    """


@command.command("export")
@click.argument("user")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@namesake_options
@click.pass_obj
def export(configuration: Path, user: str, file: Path, place: Asked) -> None:
    """Write all that is known about USER into FILE, a ZIP archive of NDJSON files with an index.json.

    Exit code 1 if nothing is known. The audit trail notes it.
    """
    with store_to_change(configuration) as store, _one_person(user):  # who may not write the audit trail gets no archive
        counts = privacy.export(store, user, file, now, place)
        if counts:
            _note_export(store, user, file, {"records": counts} | _asked(place))
    if not counts:
        file.unlink()
        click.echo(f"casbd: nothing is known about {cell(user)}", err=True)
        sys.exit(EXIT_NO)
    for table, number in counts.items():
        click.echo(f"{number} of {table}", err=True)


@command.command("resolve")
@click.argument("pseudonyms", metavar="PSEUDONYM...", nargs=-1, required=True)
@click.pass_obj
def resolve_pseudonyms(configuration: Path, pseudonyms: tuple[str, ...]) -> None:
    """Print whose pseudonyms these are, a line each; of one that nobody has, nothing, and exit code 1.

    It takes the key that `privacy` in the configuration names. The audit trail notes each that was resolved.
    """
    shown = screen(configuration)
    wanted = [*dict.fromkeys(pseudonyms)]
    with store_to_change(configuration) as store:
        found = resolve(store, shown, [one for one in wanted if shown.is_pseudonym(one)], everywhere=True)
        with store.transaction() as connection:
            for one in found:
                audit.add(connection, now(), "privacy resolve", one, {})
    for one in wanted:
        click.echo(cell(found[one])) if one in found else click.echo(f"casbd: nobody has the pseudonym {cell(one)}", err=True)
    if len(found) < len(wanted):
        sys.exit(EXIT_NO)


@command.command("delete")
@click.argument("user")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--pseudonymize", is_flag=True, help="Keep the activities, alerts and commands, under a pseudonym that nobody can resolve.")
@namesake_options
@click.pass_obj
def delete(configuration: Path, user: str, yes: bool, pseudonymize: bool, place: Asked) -> None:
    """Remove USER's activities, alerts and commands, and the name from everything else; nothing is left in the state directory.

    The daemon must be stopped meanwhile; it goes on where it was, and does not read again what it has read. Killed half-way, the same
    command does the rest. The exports themselves, and what was sent to a SIEM, are not ours to change.
    """
    with store_alone(configuration) as store, _one_person(user):
        if not yes:
            what = "be kept under a pseudonym" if pseudonymize else "be removed"
            whom = privacy.told(store, user, place)
            click.confirm(f"All that is known about {cell(whom)} will {what}. This cannot be undone. Go on?", abort=True, err=True)
        done = privacy.forget(store, user, place=place, keep=pseudonymize, tell=lambda text: click.echo(text, err=True))
        if not (done.removed or done.renamed or done.rows):
            click.echo(f"casbd: nothing is known about {cell(user)}", err=True)
            sys.exit(EXIT_NO)
        with store.transaction() as connection:
            detail = {"removed": done.removed, "renamed": done.renamed, "rows": done.rows}
            audit.add(connection, now(), "privacy delete", done.pseudonym, detail)
    click.echo(f"{done.removed} activities removed, the name replaced by {done.pseudonym} in {done.renamed} others", err=True)
    for table, number in done.rows.items():
        click.echo(f"{number} rows of {table}", err=True)


def _asked(place: Asked) -> dict[str, str]:
    return {name: value for name, value in zip(("app", "instance"), place, strict=True) if value is not None}


def _note_export(store: Store, user: str, file: Path, detail: Mapping[str, Any]) -> None:
    try:
        with store.transaction() as connection:
            audit.add(connection, now(), "privacy export", user, detail)
    except sqlite3.Error:
        file.unlink()
        raise


@contextmanager
def _one_person(user: str) -> Iterator[None]:
    """Wrong use where several people have the name, and nobody said which, or where it is no name."""
    if not canonical(user):
        raise click.BadParameter("an empty name is nobody's", param_hint="USER")
    try:
        yield
    except privacy.SeveralPeople as error:
        told = f"several are called {cell(user)}: {cell(str(error))}; --app and --instance say which"
        raise click.BadParameter(told, param_hint="USER") from None
