"""`casbd store`."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import msgspec

from casbd.cli import EXIT_NO
from casbd.cli._changes import store_alone, store_to_change
from casbd.cli._common import cell, json_option, open_store, write_lines
from casbd.clock import now
from casbd.store.log import blocks, segment_damage, segments
from casbd.store.state import audit, retention
from casbd.wire import json_lines

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.group("store")
def command() -> None:
    """Look after the activity log's files.

    Older activities are Parquet files in `segments/date=2026-01-31/` of the state directory: columns under the fields' names, times
    in milliseconds, `raw` with the exported record. DuckDB, Spark and pandas read them as they are; take them for read-only.
    """


@command.command("verify")
@json_option
@click.pass_obj
def verify(configuration: Path, as_json: bool) -> None:
    """Read the whole activity log and compare it with what was written: each file's SHA-256, each number of activities.

    Damaged segments are set aside, so that the rest stays readable; their files stay where they are. Exit code 1 if there are any,
    also of an earlier time.
    """
    with open_store(configuration) as store:
        found = [*segment_damage.damaged(store), *segment_damage.verify(store)]
        damaged = [*blocks.damaged(store.connection)]
        known = segments.listed(store)
        waiting = blocks.at_most(store.connection)
    new = [damage for damage in found if any(damage.segment_id == one.segment_id for one in known)]
    if new:
        with store_to_change(configuration) as store:
            for damage in new:
                segment_damage.set_aside(store, damage)
    told = [{"path": str(damage.path), "problem": damage.why} for damage in found]
    told += [{"path": f"block {number}", "problem": why} for number, why in damaged]
    whole = [one for one in known if all(one.segment_id != damage.segment_id for damage in new)]
    if as_json:
        write_lines(map(json_lines.line, told))
    else:
        for one in told:
            click.echo(f"{cell(one['path'])}: {cell(one['problem'])}")
        number = sum(one.activities for one in whole)
        click.echo(f"{len(whole)} segments with {number} activities are as they were written; {waiting} wait in blocks", err=True)
    if told:
        sys.exit(EXIT_NO)


@command.command("trust-clock")
@click.pass_obj
def trust_clock(configuration: Path) -> None:
    """Let retention go by the clock, where `casbd status` says that it is too far ahead to be believed.

    What is too old by this clock is removed within the hour, and for good: look at `date` before.
    """
    with store_to_change(configuration) as store, store.transaction() as connection:
        at = now()
        retention.reach(connection, at)
        audit.add(connection, at, "store trust-clock", str(store.directory), {})
    click.echo("what is too old by this host's clock is removed within the hour", err=True)


@command.command("rebuild")
@click.option("--from", "first", metavar="FILE", multiple=True, type=_FILE, help="An export; more may follow (--from *.json.gz).")
@click.argument("more", metavar="[FILE]...", nargs=-1, type=_FILE)
@click.option(
    "--input", "name", metavar="NAME", help="The input that the files belong to; left out: each belongs to the one whose path it fits."
)
@click.option("--yes", is_flag=True, help="Take the new log also where it has fewer activities than the old one, or rejects.")
@click.pass_obj
def rebuild(configuration: Path, first: tuple[Path, ...], more: tuple[Path, ...], name: str | None, yes: bool) -> None:
    """Make the activity log anew from the exports, with today's formats, mappings and lists.

    It takes the place of the old log when all files have been read; until then nothing changes. Alerts, the governance log and how far
    the inputs were read stay as they are, nothing is raised or sent again. The daemon must be stopped meanwhile.
    """
    from casbd.daemon.engine import Engine
    from casbd.daemon.rebuild import rebuild as make_anew

    files = [*first, *more]
    if not files:
        raise click.UsageError("which files? --from FILE ...")
    engine = Engine(configuration)
    with store_alone(configuration) as store:
        found = make_anew(engine, store, files, now, given=name, less=yes, tell=lambda path: click.echo(f"read {cell(path)}", err=True))
        with store.transaction() as connection:
            audit.add(connection, now(), "store rebuild", f"{len(files)} files", msgspec.structs.asdict(found))
    told = f"{found.activities} activities of {found.records} records; {found.duplicates} repeats, {found.rejects} rejects"
    click.echo(f"the log has {told}", err=True)
    if found.rejects:
        sys.exit(EXIT_NO)
