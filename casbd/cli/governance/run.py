"""`casbd governance run`."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping
from pathlib import Path

import click

from casbd.cli import EXIT_NO
from casbd.cli._changes import OneLine, store_to_change
from casbd.cli._common import cell, json_option
from casbd.cli._screen import real, screen
from casbd.cli.governance._commands import request_of, tell
from casbd.cli.governance._settings import rails
from casbd.clock import now
from casbd.config import reading
from casbd.config.connector_actions import connector_actions
from casbd.documents import nearest
from casbd.governance.asking import ask
from casbd.governance.rails import Rails
from casbd.model.identity import named
from casbd.store.state import audit
from casbd.store.state.operator import person

_TOLD = {
    "queued": "leaves within seconds",
    "pending_approval": "waits for `casbd governance approve`",
    "dry_run": "would be sent (governance.mode is dry_run)",
}


@click.command("run")
@click.argument("action")
@click.argument("user")
@click.option("--connector", required=True, help="Which connector is to do it.")
@click.option("--app", help="Where the user is somebody, if the name is no address.")
@click.option("--instance", help="The tenant or account of the app.")
@click.option("--reason", type=OneLine(), default="", help="Why, for the others.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@click.pass_obj
def run(
    configuration: Path,
    /,
    action: str,
    user: str,
    connector: str,
    app: str | None,
    instance: str | None,
    reason: str,
    yes: bool,
    as_json: bool,
) -> None:
    """Ask for an action yourself: `casbd governance run suspend_user anna@contoso.com --connector entra --reason INC-17`.

    The rails are those of policies: protected users, the mode, ceilings, cool-down, whose accounts the connector takes. Exit code 1 where
    they block it.
    """
    settings = reading.load(configuration)
    _check(connector_actions(settings) or {}, action, connector)
    today, shown = rails(settings), screen(configuration)
    with store_to_change(configuration) as store:
        target = real(store, shown, user)
        _confirm(today, f"{action} of {named(user, app, instance)} at {connector}", yes=yes)
        with store.transaction() as connection:
            asked = ask(connection, action, target, connector, person(), today, now(), app=app, app_instance=instance, reason=reason)
            audit.add(connection, now(), "governance run", asked.command_id, {"status": asked.status, "reason": reason})
    seen = shown.command(asked)
    if asked.status == "blocked":
        tell(configuration, [asked], f"is blocked: {cell(seen.reason)}", (), as_json=as_json)
        sys.exit(EXIT_NO)
    request = "" if asked.status == "queued" else f": {cell(request_of(seen))}"
    tell(configuration, [asked], f"{_TOLD[asked.status]}{request}", (), as_json=as_json)


def _check(actions: Mapping[str, Collection[str]], action: str, connector: str) -> None:
    """Wrong use where no such thing can be asked of anybody."""
    if connector not in actions:
        raise click.UsageError(f"there is no connector `{connector}` ({nearest(connector, actions) or 'the configuration has none'})")
    if action not in actions[connector]:
        raise click.UsageError(f"the connector `{connector}` does not have `{action}` ({nearest(action, actions[connector])})")


def _confirm(today: Rails, what: str, *, yes: bool) -> None:
    """At a terminal a person is asked; elsewhere --yes is the answer."""
    if yes or today.care.mode == "dry_run":
        return
    if not sys.stdin.isatty():
        raise click.UsageError("nobody can be asked here: --yes says that it is meant")
    click.confirm(f"{cell(what)}?", abort=True, err=True)
