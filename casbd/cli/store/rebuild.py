"""`casbd store rebuild`."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import msgspec

from casbd.cli import EXIT_NO
from casbd.cli._changes import store_alone
from casbd.cli._common import cell
from casbd.clock import now
from casbd.store.state import audit

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("rebuild")
@click.option("--from", "first", metavar="FILE", multiple=True, type=_FILE, help="An export; more may follow (--from *.json.gz).")
@click.argument("more", metavar="[FILE]...", nargs=-1, type=_FILE)
@click.option(
    "--input", "name", metavar="NAME", help="The input that the files belong to; left out: each belongs to the one whose path it fits."
)
@click.option("--yes", is_flag=True, help="Take the new log also where it has fewer activities than the old one, or rejects.")
@click.pass_obj
def rebuild(configuration: Path, first: tuple[Path, ...], more: tuple[Path, ...], name: str | None, yes: bool) -> None:
    """Make the activity log anew from the exports, with today's formats, mappings and lists. All else stays, nothing is sent again.

    It takes the place of the old log when all files have been read; until then nothing changes. Alerts, the governance log and how far
    the inputs were read stay as they are. The daemon must be stopped meanwhile.
    """
    from casbd.daemon.engine import Engine
    from casbd.daemon.rebuild import rebuild as make_anew

    files = [*first, *more]
    if not files:
        raise click.UsageError("which files? --from FILE ...")
    engine = Engine(configuration)
    with store_alone(configuration) as store:
        outcome = make_anew(engine, store, files, now, given=name, less=yes, tell=lambda path: click.echo(f"read {cell(path)}", err=True))
        with store.transaction() as connection:
            audit.add(connection, now(), "store rebuild", f"{len(files)} files", msgspec.structs.asdict(outcome))
    counts = f"{outcome.activities} activities of {outcome.records} records; {outcome.duplicates} repeats, {outcome.rejects} rejects"
    click.echo(f"the log has {counts}", err=True)
    if outcome.rejects:
        sys.exit(EXIT_NO)
