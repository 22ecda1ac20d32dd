"""`casbd privacy resolve`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from casbd.cli import EXIT_NO
from casbd.cli._changes import store_to_change
from casbd.cli._common import cell
from casbd.cli._screen import screen
from casbd.clock import now
from casbd.personal_data.resolving import resolve
from casbd.store.state import audit


@click.command("resolve")
@click.argument("pseudonyms", metavar="PSEUDONYM...", nargs=-1, required=True)
@click.pass_obj
def resolve_pseudonyms(configuration: Path, pseudonyms: tuple[str, ...]) -> None:
    """Print whose pseudonyms these are, a line each; of one that nobody has, nothing, and exit code 1.

    It takes the key that `privacy` in the configuration names. The audit trail notes each that was resolved.
    """
    shown = screen(configuration)
    wanted = [*dict.fromkeys(pseudonyms)]
    with store_to_change(configuration) as store:
        identities = resolve(store, shown, [one for one in wanted if shown.is_pseudonym(one)], everywhere=True)
        with store.transaction() as connection:
            for one in identities:
                audit.add(connection, now(), "privacy resolve", one, {})
    for one in wanted:
        click.echo(cell(identities[one])) if one in identities else click.echo(f"casbd: nobody has the pseudonym {cell(one)}", err=True)
    if len(identities) < len(wanted):
        sys.exit(EXIT_NO)
