"""`casbd outputs refused`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from casbd.cli import EXIT_NO
from casbd.cli._changes import store_to_change
from casbd.cli._common import cell, json_option, moment, open_store, table, write_lines
from casbd.cli._screen import screen
from casbd.cli.outputs._named import known
from casbd.clock import now
from casbd.config import place
from casbd.model.activity import Activity
from casbd.model.alert import SYSTEM, Alert
from casbd.pseudonyms import Pseudonyms
from casbd.records.timestamps import iso
from casbd.store.database import Store
from casbd.store.state import audit, refused
from casbd.store.state.refused import Refused
from casbd.wire import json_lines
from casbd.wire.plain_text import cut

_MOST_OF_A_RECORD = 200
"""Characters, by which it is known again."""


@click.command("refused")
@click.argument("name")
@click.argument("numbers", metavar="[NUMBER]...", type=int, nargs=-1)
@click.option("--retry", is_flag=True, help="Send them again, behind all that waits.")
@click.option("--drop", is_flag=True, help="Keep them no longer.")
@click.option("--yes", is_flag=True, help="With --drop: do not ask.")
@json_option
@click.pass_obj
def list_refused(configuration: Path, /, name: str, numbers: tuple[int, ...], retry: bool, drop: bool, yes: bool, as_json: bool) -> None:
    """List the messages that the receiver behind the output NAME refused, with its reason; or send them again, or drop them.

    Left out, NUMBER is all of them. They are kept as long as rejects are (`retention: {rejects: 30d}`).
    """
    if retry and drop:
        raise click.UsageError("either --retry or --drop")
    shown = screen(configuration)
    with open_store(configuration) as store:
        known(name, place.names(configuration, "outputs"))
        some = refused.listed(store.connection, name, numbers)
    if gone := [*set(numbers) - {one.number for one in some}]:
        click.echo(f"casbd: {name} has refused no message {', '.join(map(str, sorted(gone)))}", err=True)
        sys.exit(EXIT_NO)
    if drop and some and not yes:
        click.confirm(f"Drop {len(some):,} message{'s' * (len(some) > 1)} for good?", abort=True, err=True)
    if retry or drop:
        with store_to_change(configuration) as changed:
            some = _done(changed, name, [one.number for one in some], again=retry)
    if as_json:
        write_lines(json_lines.line(_fields(one, shown)) for one in some)
    elif retry or drop:
        click.echo(f"{len(some):,} message{'s' * (len(some) != 1)} {'sent again within seconds' if retry else 'dropped'}", err=True)
    else:
        rows = ((one.number, moment(one.at), *map(_fields(one, shown).get, ("type", "id", "title", "reason"))) for one in some)
        table("", ("number", "refused", "type", "id", "title", "reason"), rows, less=("title",))


def _done(store: Store, name: str, numbers: list[int], *, again: bool) -> list[Refused]:
    """Send again, or drop, what is still there; which that was."""
    with store.transaction() as connection:
        some = refused.listed(connection, name, numbers) if numbers else []
        if again:
            if lost := [one for one in some if not one.can_be_sent]:
                click.echo(_why_they_stay(name, lost), err=True)
            some = [one for one in some if one.can_be_sent]
            refused.send_again(connection, name, some, now())
        else:
            refused.drop(connection, some)
        if some:
            audit.add(connection, now(), "outputs refused", name, {"sent again" if again else "dropped": len(some)})
    return some


def _why_they_stay(name: str, lost: Sequence[Refused]) -> str:
    """What to do instead: the activities themselves are in the activity log."""
    return (
        f"casbd: {len(lost):,} stay: an older casbd kept of refused activities the records alone. The activities are in the activity log:"
        f" `casbd outputs replay {name} --from T --to T` sends all that happened between these times once more, and they happened before"
        f" {iso(max(one.at for one in lost))}. `casbd outputs refused {name} --drop` then removes the records"
    )


def _fields(one: Refused, shown: Pseudonyms) -> dict[str, Any]:
    kind, number, title = _about(one)
    about = {"type": kind, "id": shown.text(number), "title": shown.text(title)}
    return {"refused_id": one.number, **about, "reason": shown.text(cell(one.reason)), "refused": iso(one.at)}


def _about(one: Refused) -> tuple[str, str, str]:
    """What a message is, the id in it, and what it is about."""
    if not one.can_be_sent:
        return "activity", "", cut(cell(one.body.decode(errors="replace")), _MOST_OF_A_RECORD)
    item = one.item()
    if isinstance(item, Alert):
        return "system" if item.category == SYSTEM else "alert", item.alert_id, item.title
    if isinstance(item, Activity):
        return "activity", item.activity_id, item.activity_type
    return "governance", item.command_id, f"{item.action} {item.target}"
