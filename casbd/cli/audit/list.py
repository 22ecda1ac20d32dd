"""`casbd audit list`."""

from __future__ import annotations

import json
from pathlib import Path

import click
import msgspec
from msgspec.structs import asdict, replace

from casbd.cli._common import Time, check_span, json_option, moment, open_store, table, write_lines
from casbd.cli._known import require
from casbd.cli._screen import screen
from casbd.records.timestamps import iso
from casbd.store.state import audit
from casbd.wire import json_lines

COLUMNS = ("at", "who", "action", "target", "detail")


@click.command("list")
@click.option("--from", "since", type=Time(), help="Not before this time.")
@click.option("--to", "until", type=Time(end=True), help="Not after this time; a day alone is included.")
@click.option("--action", help='The whole, such as "alerts close", or its first word: alerts.')
@click.option("--who", help="A login name, also of who was another user then; casbd for what the daemon noted.")
@json_option
@click.pass_obj
def list_entries(configuration: Path, /, since: int | None, until: int | None, action: str | None, who: str | None, as_json: bool) -> None:
    """List the audit trail, newest last. Nothing is ever removed from it.

    `eva as root`: the kernel says that eva has logged in, and was root then (by sudo, say).
    What an editor changed is noted by the daemon, when it takes it up.
    """
    check_span(since, until)
    pseudonyms = screen(configuration)

    def shown(entry: audit.Entry) -> audit.Entry:
        target = pseudonyms.user(entry.target) if entry.action in audit.ON_PEOPLE else pseudonyms.text(entry.target)
        detail = msgspec.json.decode(pseudonyms.record(msgspec.json.encode(entry.detail).decode()))
        return replace(entry, target=target, detail=detail)

    with open_store(configuration) as store:
        if action is not None and next(audit.listed(store.connection, action=action), None) is None:
            _require_action(action)
        noted = map(shown, audit.listed(store.connection, since, until, action=action, who=who))
        if as_json:
            write_lines(json_lines.line(asdict(entry) | {"at": iso(entry.at)}) for entry in noted)
        else:
            rows = ((moment(e.at), e.who, e.action, e.target, json.dumps(e.detail, ensure_ascii=False) if e.detail else "") for e in noted)
            table("", COLUMNS, rows)


def _require_action(action: str) -> None:
    """Go on if the daemon or a command may note it some day, or if it is the first word of such."""
    root = click.get_current_context().find_root()
    assert isinstance(root.command, click.Group)
    names = {*audit.OF_THE_DAEMON}
    for name in root.command.list_commands(root):
        group = root.command.get_command(root, name)
        names |= {name, *(f"{name} {one}" for one in (group.list_commands(root) if isinstance(group, click.Group) else ()))}
    require("--action", "action", action, names, "of a command or of the daemon")
