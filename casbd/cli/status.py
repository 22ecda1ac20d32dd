"""`casbd status`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from casbd.cli._common import cell, json_option, open_store, table, write_lines
from casbd.cli._late import late_line
from casbd.cli._unread import lines
from casbd.config import place
from casbd.daemon.gathered_status import GatheredStatus, ReloadRefused, gather
from casbd.governance.standing import Standing
from casbd.wire import json_lines


@click.command("status")
@json_option
@click.pass_obj
def status(configuration: Path, as_json: bool) -> None:
    """Show inputs with their files and counts, what waits for each destination, errors, and the last reload."""
    # names alone: `check` reports what is wrong, and the daemon runs with the last good configuration
    with open_store(configuration) as store:
        gathered = gather(store, place.names(configuration, "inputs"), place.queues(configuration))
        standing = Standing.of(store)
    if as_json:
        write_lines([json_lines.line(msgspec.to_builtins(gathered))])
    else:
        _print(gathered, standing)


def _print_unread(gathered: GatheredStatus) -> None:
    """What was not read, and what to do about it; what the inputs' paths do not ask for in one line."""
    for line in lines([one for one in gathered.unread if one.kind != "left_out"], gathered.more_unread):
        click.echo(f"Not read: {line}")
    left_out = [one for one in gathered.unread if one.kind == "left_out"]
    if left_out:
        why = ", ".join(f"{one.path.rpartition('/')[2]} ({one.why})" for one in left_out[:3])
        more = f" and {len(left_out) - 3} more" if len(left_out) > 3 else ""
        click.echo(f"Left out, as no path asks for it: {cell(why)}{more}")


def _second(time: str | None) -> str:
    return time[:19].replace("T", " ") if time else ""


def _read_back(gathered: GatheredStatus) -> Iterator[str]:
    """What anomaly policies learn from the log, and what is judged from it."""
    if (one := gathered.learning) is not None:
        what = f"What came late, from {_second(one.judged_since)} on, is judged" if one.judged_since else "What was usual is learned"
        more = f", and for {one.more} more" if one.more else ""
        waiting = f"alerts of what comes meanwhile are raised when it is done for {one.waiting} of {one.more + 1}"
        yield f"{what} from the log for {one.policy_id}{more}; {waiting if one.waiting else 'all go on watching meanwhile'}"
    elif gathered.late is not None:
        yield late_line(gathered.late)


def _print(gathered: GatheredStatus, standing: Standing) -> None:
    if told := standing.line():
        click.secho(cell(told), fg="red", bold=True)
    table(
        "Inputs",
        ("input", "received", "records", "duplicates", "rejects", "last record", "last read", "files", "problem"),
        (
            (
                source.name,
                source.received,
                source.records,
                source.duplicates,
                source.rejects,
                _second(source.last_record),
                _second(source.last_read),
                len(source.files),
                source.problem,
            )
            for source in gathered.inputs
        ),
        less=("files", "last read", "last record"),
    )
    _print_unread(gathered)
    click.echo()
    table(
        "Destinations",
        ("destination", "waiting", "oldest waits since", "in doubt", "delivered", "refused", "down since", "last error"),
        (
            (
                output.name,
                output.pending,
                _second(output.oldest_pending),
                output.in_doubt,
                f"{output.sent} sent" if output.sent and not output.delivered else output.delivered,
                output.refused,
                _second(output.down_since),
                output.last_error,
            )
            for output in gathered.outputs
        ),
        less=("in doubt", "refused", "oldest waits since"),
    )
    for output in gathered.outputs:
        if output.pending and not output.configured:
            click.echo(f"{output.name} is not configured (any more): what waits for it goes when retention says so")
    if gathered.paused:
        click.echo(f"Reading pauses until these destinations take messages again: {gathered.paused}")
    for line in _read_back(gathered):
        click.echo(line)
    if gathered.reload:
        mistakes = gathered.reload.mistakes if isinstance(gathered.reload, ReloadRefused) else ()
        outcome = "done" if gathered.reload.ok else "refused; the last good configuration stays"
        click.echo(f"Last reload: {gathered.reload.at}, {outcome}")
        for mistake in mistakes:
            click.echo(f"  {cell(mistake)}")
    for one in gathered.set_aside:
        told = f"SET ASIDE since {_second(one.since)}: the policy {one.policy_id} took {one.took}"
        click.secho(cell(f"{told}; it is not asked until its filters change"), fg="red", bold=True)
    for warning in gathered.warnings:
        click.echo(f"Warning: {cell(warning)}")
