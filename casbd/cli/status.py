"""`casbd status`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import msgspec

from casbd.cli._common import cell, json_option, table, write_lines
from casbd.cli._unread import lines
from casbd.config import reading
from casbd.daemon.gathered_status import gather
from casbd.governance.standing import Standing
from casbd.model.unread import Unread
from casbd.store.database import Store
from casbd.store.state.outbox import connector_destination
from casbd.wire import json_lines


@click.command("status")
@json_option
@click.pass_obj
def status(configuration: Path, as_json: bool) -> None:
    """Show inputs with their files and counts, what waits for each destination, errors, and the last reload."""
    settings, _ = reading.read(configuration)  # a broken one is told by `check`; the daemon still runs with the last good one
    queues = [output.name for output in settings.outputs] + [connector_destination(entry.name) for entry in settings.connectors]
    with Store(settings.state_dir, readonly=True) as store:
        found = gather(store, [entry.spec.name for entry in settings.inputs], queues)
        standing = Standing.of(store)
    if as_json:
        write_lines([json_lines.line(found)])
    else:
        _print(found, standing)


def _print_unread(found: dict[str, Any]) -> None:
    """What was not read, and what to do about it; what the inputs' paths do not ask for in one line."""
    known = [msgspec.convert(one, Unread) for one in found["unread"]]
    for line in lines([one for one in known if one.kind != "left_out"], found["more_unread"]):
        click.echo(f"Not read: {line}")
    left_out = [one for one in known if one.kind == "left_out"]
    if left_out:
        why = ", ".join(f"{one.path.rpartition('/')[2]} ({one.why})" for one in left_out[:3])
        more = f" and {len(left_out) - 3} more" if len(left_out) > 3 else ""
        click.echo(f"Left out, as no path asks for it: {cell(why)}{more}")


def _second(time: str | None) -> str:
    return time[:19].replace("T", " ") if time else ""


def _print(found: dict[str, Any], standing: Standing) -> None:
    if told := standing.line():
        click.secho(cell(told), fg="red", bold=True)
    table(
        "Inputs",
        ("input", "received", "records", "duplicates", "rejects", "last record", "last read", "files", "problem"),
        (
            (
                i["name"],
                i["received"],
                i["records"],
                i["duplicates"],
                i["rejects"],
                _second(i["last_record"]),
                _second(i["last_read"]),
                len(i["files"]),
                i["problem"],
            )
            for i in found["inputs"]
        ),
        less=("files", "last read", "last record"),
    )
    _print_unread(found)
    click.echo()
    table(
        "Destinations",
        ("destination", "waiting", "oldest waits since", "in doubt", "delivered", "refused", "down since", "last error"),
        (
            (
                o["name"],
                o["pending"],
                _second(o["oldest_pending"]),
                o["in_doubt"],
                f"{o['sent']} sent" if o["sent"] and not o["delivered"] else o["delivered"],
                o["refused"],
                _second(o["down_since"]),
                o["last_error"],
            )
            for o in found["outputs"]
        ),
        less=("in doubt", "refused", "oldest waits since"),
    )
    for output in found["outputs"]:
        if output["pending"] and not output["configured"]:
            click.echo(f"{output['name']} is not configured (any more): what waits for it goes when retention says so")
    if found["paused"]:
        click.echo(f"Reading pauses until these destinations take messages again: {found['paused']}")
    if found["reload"]:
        outcome = "done" if found["reload"]["ok"] else "refused; the last good configuration stays"
        click.echo(f"Last reload: {found['reload']['at']}, {outcome}")
        for mistake in found["reload"].get("mistakes", ()):
            click.echo(f"  {cell(mistake)}")
    for one in found["set_aside"]:
        told = f"SET ASIDE since {_second(one['since'])}: the policy {one['policy_id']} took {one['took']}"
        click.secho(cell(f"{told}; it is not asked until its filters change"), fg="red", bold=True)
    for warning in found["warnings"]:
        click.echo(f"Warning: {cell(warning)}")
