"""`casbd privacy delete`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from casbd.activity_log.people import Place
from casbd.cli import EXIT_NO
from casbd.cli._changes import store_alone
from casbd.cli._common import cell
from casbd.cli._namesakes import namesake_options
from casbd.cli.privacy._person import one_person
from casbd.clock import now
from casbd.personal_data import privacy
from casbd.store.state import audit


@click.command("delete")
@click.argument("user")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--pseudonymize", is_flag=True, help="Keep the activities, alerts and commands, under a pseudonym that nobody can resolve.")
@namesake_options
@click.pass_obj
def delete(configuration: Path, user: str, yes: bool, pseudonymize: bool, place: Place) -> None:
    """Remove USER's activities, alerts and commands, and the name from everything else; nothing is left in the state directory.

    The daemon must be stopped meanwhile; it goes on where it was, and does not read again what it has read. Killed half-way, the same
    command does the rest. The exports themselves, and what was sent to a SIEM or written by an
    output into a file, are not ours to change.
    """
    with store_alone(configuration) as store, one_person(user):
        if not yes:
            what = "be kept under a pseudonym" if pseudonymize else "be removed"
            whom = privacy.described(store, user, place)
            click.confirm(f"All that is known about {cell(whom)} will {what}. This cannot be undone. Go on?", abort=True, err=True)
        done = privacy.forget(store, user, place=place, keep=pseudonymize, report=lambda text: click.echo(text, err=True))
        if not (done.removed or done.renamed or done.rows):
            click.echo(f"casbd: nothing is known about {cell(user)}", err=True)
            sys.exit(EXIT_NO)
        with store.transaction() as connection:
            detail = {"removed": done.removed, "renamed": done.renamed, "rows": done.rows}
            audit.add(connection, now(), "privacy delete", done.pseudonym, detail)
    click.echo(f"{done.removed} activities removed, the name replaced by {done.pseudonym} in {done.renamed} others", err=True)
    for table, number in done.rows.items():
        click.echo(f"{number} rows of {table}", err=True)
