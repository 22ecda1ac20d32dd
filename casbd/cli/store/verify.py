"""`casbd store verify`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from casbd.cli import EXIT_NO
from casbd.cli._changes import store_to_change
from casbd.cli._common import cell, json_option, open_store, write_lines
from casbd.store.log import blocks, segment_damage, segments
from casbd.wire import json_lines


@click.command("verify")
@json_option
@click.pass_obj
def verify(configuration: Path, as_json: bool) -> None:
    """Read the whole activity log and compare it with what was written: each file's SHA-256, each number of activities.

    Damaged segments are set aside, so that the rest stays readable; their files stay where they are. Exit code 1 if there are any,
    also of an earlier time.
    """
    with open_store(configuration) as store:
        damages = [*segment_damage.damaged(store), *segment_damage.verify(store)]
        damaged = [*blocks.damaged(store.connection)]
        listed = segments.listed(store)
        waiting = blocks.at_most(store.connection)
    new = [damage for damage in damages if any(damage.segment_id == one.segment_id for one in listed)]
    if new:
        with store_to_change(configuration) as store:
            for damage in new:
                segment_damage.set_aside(store, damage)
    problems = [{"path": str(damage.path), "problem": damage.why} for damage in damages]
    problems += [{"path": f"block {number}", "problem": why} for number, why in damaged]
    whole = [one for one in listed if all(one.segment_id != damage.segment_id for damage in new)]
    if as_json:
        write_lines(map(json_lines.line, problems))
    else:
        for one in problems:
            click.echo(f"{cell(one['path'])}: {cell(one['problem'])}")
        number = sum(one.activities for one in whole)
        click.echo(f"{len(whole)} segments with {number} activities are as they were written; {waiting} wait in blocks", err=True)
    if problems:
        sys.exit(EXIT_NO)
